"""The pages of a buyer's procurement: its orders and lines, what arrives, how far its demand is met, its contracts."""
