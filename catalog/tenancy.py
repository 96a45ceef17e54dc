"""Who sees which rows: the one place where the filter by association and organisation is made.

Every query that serves a person goes through `visible`. A model that has no rule here is refused, so that a new table is closed until
somebody decides who may see it. A row that may not be seen is not found; nothing tells it from one that doesn't exist.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from unicodedata import normalize

from sqlalchemy import ColumnElement, Integer, Select, or_, select, tuple_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

from catalog.base import Base
from catalog.errors import NotFound, Stale
from catalog.holiday_models import Holiday
from catalog.models import (
    AccessRule,
    Association,
    Certificate,
    Driver,
    Evidence,
    ImportBatch,
    Lot,
    Member,
    Organisation,
    PlantingArea,
    Product,
    Road,
    Site,
    SiteDate,
    Sponsorship,
    Suspension,
    Truck,
    Variety,
    VehicleClass,
)
from catalog.sheet_models import SheetDraft

Row = TypeVar("Row", bound=Base)
MAX_PAGE = 200


@dataclass(frozen=True)
class Scope:
    """Whose eyes a query has.

    Attributes
    ----------
    association_id : the tenant.
    organisation_id : the one organisation whose rows are seen; None for the association's own people, who see all of them.
    group_ids : the groups that this organisation sponsors and signs for, whose rows it sees too.
    """

    association_id: int
    organisation_id: int | None = None
    group_ids: tuple[int, ...] = ()

    def owns(self, owner: Any) -> ColumnElement[bool]:
        """Return the condition that a column names one of the scope's own organisations."""
        # One organisation is asked for by equality, so that an index on owner and date serves a list in its order.
        mine: ColumnElement[bool] = owner.in_([self.organisation_id, *self.group_ids]) if self.group_ids else owner == self.organisation_id
        return mine


def scope_of(session: Session, association_id: int, organisation_id: int | None) -> Scope:
    """Return the scope of an account: of an organisation with the groups that it sponsors, or of the whole association."""
    if organisation_id is None:
        return Scope(association_id)
    groups = select(Organisation.id).where(Organisation.sponsor_id == organisation_id, Organisation.association_id == association_id)
    return Scope(association_id, organisation_id, tuple(session.scalars(groups.order_by(Organisation.id))))


class _Unindexed(FunctionElement[int]):
    """A whole number of a row by which SQLite shall not look rows up.

    SQLite knows nothing of how many rows an organisation has, and would walk the association's whole index to find a few; adding nothing
    to a column rules that out. PostgreSQL counts its rows, and would take the sum of a column and nothing for a condition that hardly
    any row meets: there the column stands as it is.
    """

    inherit_cache = True
    type = Integer()


@compiles(_Unindexed)
def _plain(element: _Unindexed, compiler: Any, **kw: Any) -> str:
    return str(compiler.process(element.clauses, **kw))


@compiles(_Unindexed, "sqlite")
def _plus_nothing(element: _Unindexed, compiler: Any, **kw: Any) -> str:
    return f"{compiler.process(element.clauses, **kw)} + 0"


Rule = Callable[[Scope], Sequence[ColumnElement[bool]]]
_RULES: dict[type[Base], Rule] = {}


def rule(model: type[Base], conditions: Rule) -> None:
    """State who sees the rows of a model; each model has one rule."""
    assert model not in _RULES, f"{model.__name__} has two rules"
    _RULES[model] = conditions


def owned(model: Any, *owners: Any) -> None:
    """State that rows belong to an association, and to the organisations that some columns name."""

    def conditions(scope: Scope) -> list[ColumnElement[bool]]:
        if scope.organisation_id is None:
            return [model.association_id == scope.association_id]
        return [_Unindexed(model.association_id) == scope.association_id, or_(*(scope.owns(owner) for owner in owners))]

    rule(model, conditions)


def shared(model: Any) -> None:
    """State that everybody in the association sees the rows."""
    rule(model, lambda scope: [model.association_id == scope.association_id])


def within(model: Any, key: Any, parent: Any) -> None:
    """State that who sees the parent sees the row."""
    rule(model, lambda scope: [key.in_(select(parent.id).where(*conditions(parent, scope)))])


def conditions(model: type[Base], scope: Scope) -> Sequence[ColumnElement[bool]]:
    """Return what makes a row of a model visible to a scope.

    Raises
    ------
    LookupError
        If nobody has decided who sees the model.
    """
    if model not in _RULES:
        raise LookupError(f"nobody has decided who may see {model.__name__}")
    return _RULES[model](scope)


def visible(model: type[Row], scope: Scope) -> Select[Row]:
    """Select the rows of a model that a scope may see."""
    return select(model).where(*conditions(model, scope))


def find(session: Session, scope: Scope, model: type[Row], uid: str, *, lock: bool = False) -> Row:
    """Return the visible row of a uid, locked if it is about to be changed.

    Raises
    ------
    NotFound
        If there is none, or none that the scope may see.
    """
    query = visible(model, scope).where(model.uid == uid)  # type: ignore[attr-defined]
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    row = session.scalars(query).one_or_none()
    if row is None:
        raise NotFound(model.__tablename__.replace("_", " "), uid)
    return row


def find_code(session: Session, scope: Scope, model: type[Row], code: str) -> Row:
    """Return the visible row of a code; see `find`."""
    row = session.scalars(visible(model, scope).where(model.code == normalize("NFC", code))).first()  # type: ignore[attr-defined]
    if row is None:
        raise NotFound(model.__tablename__.replace("_", " "), code)
    return row


def check_version(row: Any, version: int | None) -> None:
    """Refuse to change a row that has changed since it was read.

    Raises
    ------
    Stale
        Naming the version that it is at, who changed it and when.
    """
    if version is not None and row.version != version:
        raise Stale(row.__tablename__.replace("_", " "), row.uid, row.version, row.updated_by, row.updated_at)


@dataclass(frozen=True)
class Page:
    """A part of a list; `next` is where the following part starts, None at the end."""

    items: list[Any]
    next: tuple[Any, ...] | None


def page(
    session: Session,
    query: Select[Any],
    order: Sequence[Any],
    after: tuple[Any, ...] | None = None,
    limit: int = 50,
    *,
    descending: bool = False,
) -> Page:
    """Return one part of a list, by position and not by number of rows skipped.

    Rows that are added or removed meanwhile neither repeat nor hide others.

    Parameters
    ----------
    query : selects entities of one model.
    order : columns without missing values to sort by, the last of them unique, such as ``(Lot.created_at, Lot.id)``.
    after : values of these columns in the last row of the previous part.
    limit : most rows, up to 200.
    """
    if after is not None:
        here, there = tuple_(*order), tuple_(*after, types=[column.type for column in order])
        query = query.where(here < there if descending else here > there)
    query = query.order_by(*(column.desc() if descending else column for column in order)).limit(min(limit, MAX_PAGE) + 1)
    rows = list(session.scalars(query))
    items = rows[: min(limit, MAX_PAGE)]
    last = tuple(getattr(items[-1], column.key) for column in order) if len(rows) > len(items) else None
    return Page(items, last)


rule(Association, lambda scope: [Association.id == scope.association_id])
owned(Organisation, Organisation.id)
within(Member, Member.organisation_id, Organisation)
owned(Site, Site.organisation_id)
within(SiteDate, SiteDate.site_id, Site)
shared(Holiday)
shared(Product)
within(Variety, Variety.product_id, Product)
shared(VehicleClass)
shared(AccessRule)
shared(Road)
owned(Evidence, Evidence.organisation_id)
owned(Certificate, Certificate.organisation_id)
within(Suspension, Suspension.certificate_id, Certificate)
owned(PlantingArea, PlantingArea.organisation_id)
owned(Lot, Lot.organisation_id)
owned(ImportBatch, ImportBatch.organisation_id)
owned(Sponsorship, Sponsorship.group_id, Sponsorship.sponsor_id)
owned(Driver, Driver.organisation_id)
owned(Truck, Truck.organisation_id)
owned(SheetDraft, SheetDraft.organisation_id)
