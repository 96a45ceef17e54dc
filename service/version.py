"""The name and version under which the engine signs its plans."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def engine_name() -> str:
    """Return e.g. ``mca 0.1.0``; a checkout that was never installed signs as ``mca source``."""
    try:
        return f"mca {version('mca')}"
    except PackageNotFoundError:
        return "mca source"
