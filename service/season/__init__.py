"""The sample season that ships with the project; what in it is public and what is made up stands in its README."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def sample_folder() -> Path:
    """Folder with the tables of the sample season, in the exchange format.

    The package is installed as plain files, never as a zip archive, so its resources are an ordinary folder.
    """
    return Path(str(files(__name__)))
