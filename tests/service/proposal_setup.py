"""A small season on a broker's desk for tests: imported, planned by telephone, put to suppliers and buyers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.models import Association, Organisation, Side
from catalog.tenancy import Scope
from matching.model.problem import Problem
from service.db import Database
from service.planning import models as m
from service.planning.fulfilment.settlements import lost_money
from service.planning.ledger.conservation import discrepancies
from service.planning.ledger.transitions import Act
from service.planning.plans.importing import import_problem
from service.planning.plans.problem_builder import load
from service.planning.proposals.decisions import Chosen
from service.planning.states import Account, Channel
from service.planning.terms import accounts
from service.planning.terms.answers import Consent
from tests.matching.builders import build_problem
from tests.sample_market import act
from tests.service.published import publish_result
from tests.service.test_results import result_of

Done = TypeVar("Done")
BY_TELEPHONE = Consent(channel=Channel.TELEPHONE, below_floor=True)
"""What somebody of the association says who confirms for a side after a call."""
SITES = [
    {"site_id": "c1"},
    {"site_id": "c2", "lat": 21.35, "lon": 106.55},
    {"site_id": "b1", "kind": "buyer", "lat": 21.03, "lon": 105.85},
    {"site_id": "b2", "kind": "buyer", "lat": 21.03, "lon": 105.9},
]
LOTS = [{"quantity_kg": 2000}, {"lot_id": "l2", "site_id": "c2", "supplier_id": "s2", "quantity_kg": 1500}]
LINES = [{"quantity_kg": 1800}, {"line_id": "d2", "site_id": "b2", "buyer_id": "buyer2", "quantity_kg": 1200}]


def season(**tables: Any) -> Problem:
    """Return a small season of two farms, two doors, two lots and two lines, or with other tables."""
    return build_problem(**({"sites": SITES, "lots": LOTS, "demands": LINES} | tables))


class Desk:
    """An association whose plan has just been put to everybody."""

    def __init__(self, database: Database, problem: Problem | None = None, code: str = "a", association: int | None = None) -> None:
        self.database = database
        with database.write() as session:
            self.association = _association(session, code) if association is None else association
            import_problem(session, self.association, season() if problem is None else problem, "clerk", file_name="season")
            self.parties = {
                o.code: o.id for o in session.scalars(select(Organisation).where(Organisation.association_id == self.association))
            }
        self.broker = Scope(self.association)
        self.plan_again()

    def plan_again(self) -> str:
        """Plan what is left, and return the plan's uid."""
        with self.database.write() as session:
            loaded = load(session, self.association)
            self.plan = publish_result(session, loaded, result_of(loaded.problem), "mca 1").uid
        return self.plan

    def scope(self, code: str) -> Scope:
        """Return the scope of a supplier or buyer."""
        return Scope(self.association, self.parties[code])

    def items(self) -> list[m.ProposalItem]:
        """Return the items of the newest plan, in their order."""
        with self.database.read() as session:
            plan = select(m.Plan.id).where(m.Plan.uid == self.plan).scalar_subquery()
            query = select(m.ProposalItem).join(m.PlanAllocation, m.PlanAllocation.id == m.ProposalItem.allocation_id)
            return list(session.scalars(query.where(m.PlanAllocation.plan_id == plan).order_by(m.ProposalItem.id)))

    def item(self, uid: str) -> m.ProposalItem:
        """Return an item as it is now."""
        with self.database.read() as session:
            return session.scalars(select(m.ProposalItem).where(m.ProposalItem.uid == uid)).one()

    def party(self, item: m.ProposalItem, side: Side) -> Scope:
        """Return the scope of an item's supplier or buyer."""
        number = item.supply_proposal_id if side is Side.SUPPLY else item.demand_proposal_id
        with self.database.read() as session:
            return Scope(self.association, session.get_one(m.Proposal, number).organisation_id)

    def do(self, deed: Callable[..., Done], *given: Any, by: Act | None = None, scope: Scope | None = None, **more: Any) -> Done:
        """Let somebody, by default the broker, do something in a transaction of its own."""
        with self.database.write() as session:
            return deed(session, scope or self.broker, *given, by or act(), **more)

    def balances(self) -> dict[str, int]:
        """Return the kilograms of all lots by state; the ledger must be in order."""
        with self.database.read() as session:
            assert discrepancies(session) == []
            rows = session.scalars(select(m.LotBalance)).all()
        states = ("offered", "held", "confirmed", "loaded", "accepted", "rejected", "settled", "withdrawn")
        found = {state: sum(getattr(row, f"{state}_kg") for row in rows) for state in states}
        return {state: kg for state, kg in found.items() if kg}

    def balances_vnd(self) -> dict[Account, int]:
        """Return what stands on each account; settlements, trucks and accounts must be in order."""
        with self.database.read() as session:
            assert lost_money(session) == []
            return accounts.balances(session, self.association)

    def trail(self, uid: str) -> list[str]:
        """Return the actions of the audit trail about something, in their order."""
        from service.models import AuditEvent

        with self.database.read() as session:
            query = select(AuditEvent.action).where(AuditEvent.object_uid == uid).order_by(AuditEvent.seq)
            return list(session.scalars(query))


def _association(session: Session, code: str) -> int:
    made = Association(code=code, name="Liên minh")
    session.add(made)
    session.flush()
    return made.id


def chosen(item: m.ProposalItem) -> Chosen:
    """Choose an item as it was seen."""
    return Chosen(item.uid, item.version)
