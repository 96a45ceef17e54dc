"""Distances, driving times, tariffs and carriers between sites."""
