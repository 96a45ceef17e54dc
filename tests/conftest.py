"""Fixtures and settings that several rooms' tests share."""

from hypothesis import settings

from catalog import build_communes

pytest_plugins = ["tests.databases"]

# The same examples on every machine and in every run, and no clock: a slow machine is not a broken program.
settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
settings.load_profile("fixed")

# A checkout that was never set up whole has no list of communes yet.
if not build_communes.BUILT.is_file():
    build_communes.build()
