"""A prepared upload into the database: all of its rows, or none, and every fault named.

A code that is new is added, a known one is changed as far as its owner may change it by hand; equal rows are left alone. What doesn't
fit the catalogue, belongs to somebody else or is closed is a fault of its cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.errors import AlreadyImported, NeedsConfirmation
from catalog.importers import FIRST_ROW, Intake, Row, faults_in
from catalog.models import ImportBatch, Organisation, Product, Side, Site
from catalog.tenancy import Scope, visible
from matching.io.issues import Issues
from matching.io.parse import Parsed
from service.planning.columns import day_of
from service.planning.plans.importing import title_of
from service.uploads.errors import UploadRefused
from service.uploads.reading import Prepared
from service.webhooks.events import emit

PREVIEWED = 5


@dataclass(frozen=True)
class Wanted:
    """What the uploader wants done.

    Attributes
    ----------
    dry_run : only say what would happen.
    force : take in what has been taken in before.
    confirmed : unusual quantities, past dates and a guessed encoding are meant.
    """

    dry_run: bool = False
    force: bool = False
    confirmed: bool = False


@dataclass(frozen=True)
class Taken:
    """What an upload did, or would do.

    Attributes
    ----------
    uid : of the import; None after a dry run.
    new, changed, same : numbers of rows.
    notes : how the file was read, and what seems odd about it.
    preview : the first rows as they were understood.
    """

    uid: str | None
    new: int
    changed: int
    same: int
    notes: list[str]
    preview: list[dict[str, Any]]


@dataclass
class Catalogue:
    """What rows may refer to, by code: numbers and owners of the organisations, sites and products that the uploader may use."""

    organisations: dict[str, int]
    sites: dict[str, Site]
    products: dict[str, int]

    @classmethod
    def of(cls, session: Session, scope: Scope, side: Side) -> Catalogue:
        """Read the catalogue as one scope sees it."""
        parties = visible(Organisation, scope).where(Organisation.side == side, Organisation.closed_on.is_(None))
        doors = visible(Site, scope).where(Site.closed_on.is_(None))
        return cls(
            {row.code: row.id for row in session.scalars(parties)},
            {row.code: row for row in session.scalars(doors)},
            {row.code: row.id for row in session.scalars(visible(Product, scope))},
        )


@dataclass
class Sorted:
    """Rows that are new, and those of known codes with what changes of each.

    `spreads` holds the tenth and the ninetieth percentile of lots by code, kg, where the upload states them.
    """

    new: list[Row] = field(default_factory=list)
    changed: list[tuple[Any, Row]] = field(default_factory=list)
    spreads: dict[str, tuple[int, int]] = field(default_factory=dict)
    same: int = 0
    doubts: list[tuple[str, str]] = field(default_factory=list)


Writer = Callable[[Intake, Sorted], None]
Sorter = Callable[[Session, Scope, Prepared, datetime], Sorted]


def take_in(
    session: Session, scope: Scope, prepared: Prepared, wanted: Wanted, by: str, at: datetime, sort: Sorter, write: Writer
) -> Taken:
    """Take an upload in, or say what would happen.

    Parameters
    ----------
    at : the database's time.
    sort : says which rows are new, and notes the faults of the others in ``prepared.issues``.
    write : writes what was sorted.

    Raises
    ------
    AlreadyImported
        If the same file has been taken in before, unless `force`.
    UploadRefused
        With every fault.
    NeedsConfirmation
        If something is odd and hasn't been confirmed; a dry run lists it among the notes instead.
    """
    if not wanted.force:
        _refuse_again(session, scope, prepared.sha256)
    found = sort(session, scope, prepared, at)
    _refuse_faulty(prepared)
    doubts = [*((name, f"guessed to be {value}; say it if that is right") for name, value in prepared.read.guessed.items()), *found.doubts]
    notes = [*prepared.read.notes, *(f"{name}: {doubt}" for name, doubt in doubts)]
    preview = [{name: _shown(value) for name, value in row.items()} for row in _records(prepared.read.parsed, PREVIEWED)]
    if doubts and not wanted.confirmed and not wanted.dry_run:
        raise NeedsConfirmation(*doubts[0])
    intake = Intake(session, scope.association_id, by, source=f"upload of {prepared.file_name}"[:500])
    if wanted.dry_run:
        # The real thing, taken back: what would be refused then is refused now.
        with session.begin_nested() as trial:
            write(intake, found)
            session.flush()
            trial.rollback()
        session.expire_all()
        return Taken(None, len(found.new), len(found.changed), found.same, notes, preview)
    write(intake, found)
    batch = _note(session, scope, prepared, by, at, len(found.new) + len(found.changed) + found.same)
    told = {"upload": batch.uid, "table": prepared.table, "new": len(found.new), "changed": len(found.changed)}
    emit(session, scope.association_id, "upload.imported", told, {} if scope.organisation_id is None else {scope.organisation_id: None})
    return Taken(batch.uid, len(found.new), len(found.changed), found.same, notes, preview)


def _refuse_again(session: Session, scope: Scope, sha256: str) -> None:
    """Refuse a file that the same organisation has uploaded before; another's uploads are nobody's business."""
    mine = ImportBatch.association_id == scope.association_id, ImportBatch.organisation_id == scope.organisation_id
    before = select(ImportBatch).where(*mine, ImportBatch.sha256 == sha256).order_by(ImportBatch.id).limit(1)
    found = session.scalars(before).one_or_none()
    if found is not None:
        raise AlreadyImported(found.uid, found.made_by, found.made_at)


def _refuse_faulty(prepared: Prepared) -> None:
    if len(prepared.issues):
        listed = prepared.issues.listed()
        raise UploadRefused(listed, prepared.issues.total, prepared.read.notes)


def _note(session: Session, scope: Scope, prepared: Prepared, by: str, at: datetime, n_rows: int) -> ImportBatch:
    batch = ImportBatch(
        association_id=scope.association_id,
        organisation_id=scope.organisation_id,
        sha256=prepared.sha256,
        file_name=prepared.file_name,
        n_rows=n_rows,
        made_by=by,
        made_at=at,
    )
    session.add(batch)
    session.flush()
    return batch


def _records(parsed: Parsed, most: int) -> list[dict[str, Any]]:
    return [{name: values[place] for name, values in parsed.texts.items()} for place in range(min(most, len(parsed)))]


def _shown(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool)) else str(value)


def refer(
    issues: Issues, parsed: Parsed, column: str, known: dict[str, Any], expected: str, values: Iterable[str] | None = None
) -> list[Any]:
    """Return what each row's cell names, None and a fault where it names nothing that the uploader may use."""
    found = []
    for place, code in enumerate(parsed[column].tolist() if values is None else values):
        hit = known.get(code)
        if hit is None and parsed.fits[column][place]:
            issues.add(parsed.schema.name, int(parsed.rows[place]), column, code, expected)
        found.append(hit)
    return found


def check_ranges(issues: Issues, model: Any, parsed: Parsed, rows: Sequence[Row]) -> None:
    """Note every value that the database's own checks would refuse; ``rows`` are all of the table's."""
    table = parsed.schema.name
    for one in faults_in(model, rows):
        issues.add(table, int(parsed.rows[one.row - FIRST_ROW]), title_of(table, one.field), one.value, one.expected)


def dates(parsed: Parsed, column: str) -> list[date]:
    """Return a column of dates."""
    return [day_of(number) for number in parsed[column].tolist()]
