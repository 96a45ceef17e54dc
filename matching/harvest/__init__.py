"""Harvests that nobody knows for sure: what is likely of each lot (`outlook`), and what that means for a plan (`chances`, `standby`)."""
