"""What buyers take back, in step with what is promised to them."""

from __future__ import annotations

from sqlalchemy.orm import Session

import buyers.intake
from buyers.models import DemandLine
from catalog.tenancy import Scope, find
from service.planning.models import LineBalance


def cancel_line(session: Session, scope: Scope, uid: str, by: str, version: int | None = None) -> DemandLine:
    """Take a line back; what is promised to it stays promised, and what isn't can be called off its contract again.

    Raises
    ------
    Stale
        If it has changed since `version`.
    """
    line = find(session, scope, DemandLine, uid, lock=True)
    promised = session.get_one(LineBalance, line.id, populate_existing=True).promised_kg
    return buyers.intake.cancel_line(session, scope, uid, by, version, promised)
