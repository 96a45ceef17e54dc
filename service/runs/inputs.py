"""What a run is made from: read once, kept with the run, and the same for every attempt."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from matching.model.errors import BadInput
from service.db import Database
from service.planning.models import Run, RunInput
from service.planning.plans.exporting import pack, unpack
from service.planning.plans.forecasts import outlook_of, outlook_tables
from service.planning.plans.problem_builder import Horizon, Loaded, load
from service.runs.queue import Lease, owned

ZIP = "application/zip"
ROWS = ("site_ids", "class_ids", "lot_ids", "lot_versions", "line_ids", "line_versions")


def take(database: Database, lease: Lease) -> Loaded:
    """Return what the run is made from; the first attempt reads it and keeps it, a later one finds it kept.

    Raises
    ------
    Fenced
        If the run is no longer this attempt's.
    """
    with database.read() as session:
        run = session.get_one(Run, lease.run_id)
        loaded = load(session, run.association_id, Horizon(run.horizon_from, run.horizon_until))
        loaded = replace(loaded, outlook=outlook_of(session, loaded))
        kept = session.get(RunInput, run.id)
    before = None if kept is None else _as_kept(kept, loaded, run.input_digest)
    if before is not None:
        return before
    content = pack(loaded.problem, outlook_tables(loaded.problem, loaded.outlook))
    with database.write() as session:
        _keep(session, lease, loaded, content)
    return loaded


def _keep(session: Session, lease: Lease, loaded: Loaded, content: bytes) -> None:
    run = owned(session, lease)
    before = session.get(RunInput, run.id)
    if before is not None:
        session.delete(before)
        session.flush()
    session.add(RunInput(run_id=run.id, media_type=ZIP, rows=rows_of(loaded), content=content))
    run.input_digest = loaded.problem.digest()


def rows_of(loaded: Loaded) -> dict[str, Any]:
    """Return the numbers and versions of the rows behind a problem, as JSON keeps them."""
    return {name: getattr(loaded, name).tolist() for name in ROWS}


def restore(kept: RunInput, association_id: int) -> Loaded:
    """Return a kept input as it was loaded.

    Raises
    ------
    BadInput
        If promises had left something of it that the exchange format doesn't admit.
    """
    rows = {name: np.array(kept.rows[name], dtype=np.int64) for name in ROWS}
    season = unpack(kept.content)
    return Loaded(association_id, season.problem, **rows, outlook=season.outlook)


def _as_kept(kept: RunInput, loaded: Loaded, digest: str | None) -> Loaded | None:
    """Return the kept input; None where it can't be had again to the bit, and what is there now must do."""
    if loaded.problem.digest() == digest and rows_of(loaded) == kept.rows:
        return loaded
    try:
        before = restore(kept, loaded.association_id)
    except BadInput:
        return None
    return before if before.problem.digest() == digest else None


def emptied(loaded: Loaded) -> bool:
    """Tell whether there is nothing to plan."""
    return loaded.problem.n_lots == 0 or loaded.problem.n_lines == 0
