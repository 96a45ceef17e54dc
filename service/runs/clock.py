"""The database's own time as part of a statement, so that no host's clock decides about a lease."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from catalog.base import Instant


class _Now(FunctionElement[datetime]):
    """The moment at which the database executes the statement, some seconds later."""

    type = Instant()
    inherit_cache = True
    name = "mca_now"


def now_plus(seconds: float = 0.0) -> ColumnElement[datetime]:
    """Return the expression of the database's time, so many seconds from now."""
    return _Now(literal(float(seconds)))


@compiles(_Now, "postgresql")
def _postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"(clock_timestamp() + make_interval(secs => {compiler.process(element.clauses, **options)}))"


@compiles(_Now, "sqlite")
def _sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', format('%+.3f seconds', {compiler.process(element.clauses, **options)}))"
