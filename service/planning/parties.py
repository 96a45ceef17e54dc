"""Whom a promise concerns: the supplier that signs for its lot, and the buyer of its line."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from buyers.models import DemandLine
from catalog.models import Lot, Organisation, Site
from service.planning.models import Promise


def concerned(session: Session, promise_ids: Collection[int]) -> list[int]:
    """Return the numbers of the suppliers and buyers of some promises, each once, in ascending order."""
    query = select(Lot.supplier_id, DemandLine.organisation_id).select_from(Promise)
    query = query.join(Lot, Lot.id == Promise.lot_id).join(DemandLine, DemandLine.id == Promise.line_id)
    return sorted({number for row in session.execute(query.where(Promise.id.in_(promise_ids))) for number in row})


def name_after_farms(session: Session, association_id: int) -> None:
    """Call each organisation that has only its code for a name by the name of the site of that code, where there is one."""
    mine = Organisation.association_id == association_id
    query = select(Organisation, Site.name).join(Site, (Site.code == Organisation.code) & (Site.association_id == association_id))
    for row, name in session.execute(query.where(mine, Organisation.name == Organisation.code, Site.name != "")):
        row.name = name
    session.flush()


def called(organisation: Any, site: Any) -> Any:
    """Return what people call a supplier, as a column: its name, or, where nobody has given it any but its code, that of its farm.

    Parameters
    ----------
    organisation, site : tables of a query, or aliases of them.
    """
    nameless = (organisation.name == organisation.code) & (site.name != "")
    return case((nameless, site.name), else_=organisation.name)
