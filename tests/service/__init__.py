"""Tests of the application around the engine."""
