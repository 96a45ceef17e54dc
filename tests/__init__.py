"""Tests, one folder a room, named as sentences."""
