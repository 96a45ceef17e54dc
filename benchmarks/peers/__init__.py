"""Other ways to solve the same problems, side by side with the engine."""
