"""Bulk writing of demand lines with the products they accept and the certificates they require."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, delete, insert, select
from sqlalchemy.orm import Session

from buyers.models import DemandLine, LineProduct, LineRequirement
from catalog.importers import Intake, Row, batched, require, upsert


def import_lines(
    intake: Intake,
    rows: Sequence[Row],
    products: Mapping[str, Sequence[int]],
    requirements: Mapping[str, Sequence[tuple[str, int]]],
) -> dict[str, int]:
    """Add or update demand lines, and return the number of every line's code.

    Parameters
    ----------
    rows : columns of `DemandLine`, references as numbers.
    products : code → numbers of the accepted products, in the buyer's order.
    requirements : code → pairs of scheme and least level.
    """
    ids = upsert(intake, DemandLine, rows)
    mine = [ids[row["code"]] for row in rows]
    accepted = [(ids[code], place, product) for code, wanted in products.items() for place, product in enumerate(wanted)]
    required = [(ids[code], place, *need) for code, needs in requirements.items() for place, need in enumerate(needs)]
    _replace(intake.session, LineProduct, ("line_id", "position", "product_id"), mine, accepted)
    _replace(intake.session, LineRequirement, ("line_id", "position", "scheme", "min_level"), mine, required)
    return ids


def _replace(session: Session, model: Any, columns: Sequence[str], line_ids: Sequence[int], wanted: Sequence[tuple[Any, ...]]) -> None:
    """Make the entries of some lines what is wanted, touching only the lines whose entries differ."""
    stored = {row for part in batched(line_ids) for row in session.execute(_entries(model, columns, part))}
    differing = {row[0] for row in stored.symmetric_difference(wanted)}
    if not differing:
        return
    rows = [dict(zip(columns, row, strict=True)) for row in wanted if row[0] in differing]
    require(model, rows)
    for part in batched(sorted(differing)):
        session.execute(delete(model).where(model.line_id.in_(part)).execution_options(synchronize_session=False))
    if rows:
        session.execute(insert(model), rows)


def _entries(model: Any, columns: Sequence[str], line_ids: Sequence[int]) -> Select[Any]:
    return select(*(getattr(model, name) for name in columns)).where(model.line_id.in_(line_ids))
