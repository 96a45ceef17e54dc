"""Fixtures and settings that several rooms' tests share."""

from hypothesis import settings

pytest_plugins = ["tests.databases"]

# The same examples on every machine and in every run, and no clock: a slow machine is not a broken program.
settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
settings.load_profile("fixed")
