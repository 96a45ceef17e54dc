"""Heuristic search: trips, hubs and long tours."""
