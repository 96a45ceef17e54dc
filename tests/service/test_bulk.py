"""Many rows at once arrive as they would one by one, and fail as they would one by one."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from service.db import Database
from service.models import IdempotencyKey
from service.planning import bulk_insert
from service.planning.bulk_insert import FEW, insert_rows

TEXTS = ["Hoà", "a\tb", "dòng\nmới", "\\N", "x", "50% \\. _", "🥭"]


def kept(n: int) -> list[dict[str, Any]]:
    """Kept answers with texts, numbers, bytes, JSON and nothing."""
    return [
        {
            "principal": TEXTS[k % len(TEXTS)],
            "method": "POST",
            "path": "/lots",
            "key": f"k{k}",
            "body_sha256": "0" * 64,
            "status": None if k % 2 else 201,
            "headers": {"etag": TEXTS[k % len(TEXTS)]},
            "body": bytes(range(k % 256)),
        }
        for k in range(n)
    ]


def there(database: Database) -> list[dict[str, Any]]:
    with database.read() as session:
        rows = session.scalars(select(IdempotencyKey).order_by(IdempotencyKey.id)).all()
        assert all(row.created_at.tzinfo is not None for row in rows)
        return [{name: getattr(row, name) for name in kept(1)[0]} for row in rows]


@pytest.mark.parametrize("n", [0, 1, FEW, 3 * FEW])
def test_rows_arrive_whole_with_the_columns_defaults(database: Database, n: int) -> None:
    with database.write() as session:
        insert_rows(session, IdempotencyKey, kept(n))
    assert there(database) == kept(n)


def test_a_row_that_breaks_a_rule_is_refused_with_all_others_by_the_usual_error(database: Database) -> None:
    rows = kept(2 * FEW)
    with pytest.raises(IntegrityError, match=r"k7|UNIQUE"), database.write() as session:
        insert_rows(session, IdempotencyKey, [*rows, rows[7]])
    assert there(database) == []


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_a_connection_that_is_lost_is_let_go(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*given: object) -> Any:
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(bulk_insert, "_maker", lambda *given, **more: lost)
    with pytest.raises(OperationalError, match="closed the connection") as caught, database.write() as session:
        insert_rows(session, IdempotencyKey, kept(FEW))
    assert isinstance(caught.value, DBAPIError)
    monkeypatch.undo()
    with database.write() as session:
        insert_rows(session, IdempotencyKey, kept(FEW))
    assert len(there(database)) == FEW
