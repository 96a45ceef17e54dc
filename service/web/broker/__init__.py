"""The broker's workbench: runs that plan, and plans that are looked at from all sides and decided about."""
