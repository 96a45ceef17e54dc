"""What the association takes and who bears the risk of an emptier truck, from a day on; a promise keeps the rule of the day it was made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.errors import Invalid, fault
from catalog.models import Association
from service.days import VIETNAM
from service.planning.journal import Journal
from service.planning.ledger.transitions import Act
from service.planning.states import FreightRisk
from service.planning.terms.models import AssociationRule


@dataclass(frozen=True)
class MoneyRule:
    """The association's fee in thousandths of the price, and who pays for an emptier truck."""

    fee_per_mille: int
    freight_risk: FreightRisk


def rule_on(session: Session, association_id: int, day: date) -> MoneyRule:
    """Return the rule in force on a day: the latest stated for it or before, or the association's first fee."""
    r = AssociationRule
    query = select(r.fee_per_mille, r.freight_risk).where(r.association_id == association_id, r.valid_from <= day)
    found = session.execute(query.order_by(r.valid_from.desc(), r.id.desc()).limit(1)).one_or_none()
    if found is not None:
        return MoneyRule(found.fee_per_mille, found.freight_risk)
    return MoneyRule(session.get_one(Association, association_id).fee_per_mille, FreightRisk.ASSOCIATION)


def rules_of(session: Session, association_id: int) -> list[AssociationRule]:
    """Return every rule that was ever stated, the newest day first."""
    r = AssociationRule
    return list(session.scalars(select(r).where(r.association_id == association_id).order_by(r.valid_from.desc(), r.id.desc()).limit(500)))


def state_rule(
    session: Session, association_id: int, act: Act, *, valid_from: date | None = None, fee_per_mille: int | None = None,
    freight_risk: FreightRisk | None = None,
) -> AssociationRule:  # fmt: skip
    """State the fee or the freight risk from a day on, today by default; what isn't named stays as it is on that day.

    Raises
    ------
    Invalid
        If the day has passed: promises of that day stand.
    """
    today = act.at.astimezone(VIETNAM).date()
    day = valid_from or today
    if day < today:
        raise Invalid([fault("valid_from", day, "today or later")])
    before = rule_on(session, association_id, day)
    row = AssociationRule(
        association_id=association_id,
        valid_from=day,
        fee_per_mille=before.fee_per_mille if fee_per_mille is None else fee_per_mille,
        freight_risk=freight_risk or before.freight_risk,
        added_at=act.at,
        added_by=act.actor,
    )
    session.add(row)
    session.flush()
    with Journal(session, association_id, act) as journal:
        journal.note("association.rule", session.get_one(Association, association_id), _said(before), _said(row) | {"valid_from": str(day)})
    return row


def _said(rule: MoneyRule | AssociationRule) -> dict[str, object]:
    return {"fee_per_mille": rule.fee_per_mille, "freight_risk": rule.freight_risk.value}
