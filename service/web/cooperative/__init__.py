"""The pages of a cooperative: its lots, what is proposed to it, what it delivered, its certificates."""
