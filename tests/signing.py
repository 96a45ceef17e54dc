"""A contract that both sides have signed, in one step, for tests of what comes after."""

from __future__ import annotations

from sqlalchemy.orm import Session

from buyers import contracts
from buyers.contracts import ContractIn
from buyers.models import AgreementStatus, Contract
from catalog.models import Side
from catalog.tenancy import Scope
from tests.sample_market import NOON


def signed_contract(session: Session, scope: Scope, given: ContractIn, by: str) -> Contract:
    """Enter a contract and let the association sign for whoever hasn't."""
    made = contracts.draft_contract(session, scope, given, by, NOON)
    for side in (Side.DEMAND, Side.SUPPLY):
        if contracts.signature(made, side) is None:
            contracts.sign(session, Scope(scope.association_id), made.uid, by, NOON, side=side)
    assert made.status is AgreementStatus.ACTIVE
    return made
