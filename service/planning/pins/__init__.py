"""Pins and forbids: what brokers have decided about pairs of lot and line."""
