"""The bridge between the database and the engine: rows to `Problem`, `Result` to rows, promises and money.

Importing any part of this room states who sees its rows: without that, no row of it can be read.
"""

from __future__ import annotations

from service.planning import repository
from service.planning.terms import repository as terms_repository

__all__ = ["repository", "terms_repository"]
