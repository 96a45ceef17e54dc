"""The one place that says what an item is worth to each side: its terms once it is approved, an estimate before.

Offers, lists, details, boards, papers and the API all ask here, so that one item has one figure everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.days import VIETNAM
from service.db import now
from service.planning.fulfilment.money import Breakdown
from service.planning.models import ProposalItem
from service.planning.states import ProposalState
from service.planning.terms.estimates import estimate_items
from service.planning.terms.records import latest_terms, parts_of


@dataclass(frozen=True)
class Figures:
    """An item's money: prices per kilogram, and where the buyer's đồng go.

    Attributes
    ----------
    terms_version : of the terms that these figures come from; None for an estimate.
    kg : that the figures are for.
    """

    ask_vnd_per_kg: int
    bid_vnd_per_kg: int
    parts: Breakdown
    terms_version: int | None
    kg: int

    @property
    def is_below_floor(self) -> bool:
        """Return whether the supplier would get less than its floor price for each kilogram."""
        return self.parts.supplier_vnd < self.ask_vnd_per_kg * self.kg


def figures_of_items(session: Session, items: Sequence[ProposalItem]) -> dict[int, Figures]:
    """Return what items are worth, by their number.

    Parameters
    ----------
    items : of one association.
    """
    approved = [item.id for item in items if item.state is ProposalState.APPROVED]
    terms = latest_terms(session, approved) if approved else {}
    found = {
        number: Figures(one.floor_vnd_per_kg, one.price_vnd_per_kg, parts_of(one), one.version, one.kg) for number, one in terms.items()
    }
    rest = [item for item in items if item.id not in found]
    if rest:
        estimates = estimate_items(session, rest, now(session).astimezone(VIETNAM).date())
        for item in rest:
            one = estimates[item.id]
            found[item.id] = Figures(one.floor_vnd_per_kg, one.price_vnd_per_kg, one.parts, None, item.kg)
    return found
