"""Instances × phases: how good, how fast, how large."""
