"""What a broker did last can be taken back, until the other side has spoken or both have confirmed."""

from __future__ import annotations

from datetime import date

import pytest

from catalog.models import Side
from service.db import Database
from service.planning.errors import AlreadyConfirmed, AlreadyDecided, NothingToUndo
from service.planning.pins import single
from service.planning.proposals import decisions, edits, undo
from service.planning.proposals.edits import Edit
from service.planning.states import ProposalState
from tests.sample_market import act
from tests.service.proposal_setup import Desk, chosen
from tests.service.test_decisions import standing
from tests.service.test_proposals import PRICE, confirmed

NEXT = date(2027, 6, 8)


def test_an_approval_is_taken_back_with_its_kilograms(database: Database) -> None:
    desk = Desk(database)
    item = desk.do(decisions.approve, chosen(desk.items()[0]))
    item = desk.do(decisions.confirm, chosen(item), scope=desk.party(item, Side.SUPPLY))
    item = desk.do(undo.undo, chosen(item))
    assert (item.state, item.supplier_confirmed_at) == (ProposalState.PROPOSED, None)
    assert desk.balances() == {"offered": 3500}
    assert desk.trail(item.uid)[-1] == "proposal_item.undo"


def test_a_rejection_of_an_approved_item_is_taken_back_to_the_approval(database: Database) -> None:
    desk = Desk(database)
    item = desk.do(single.pin, chosen(desk.items()[0]))
    item = desk.do(decisions.approve, chosen(item))
    item = desk.do(decisions.reject, chosen(item), PRICE)
    item = desk.do(undo.undo, chosen(item))
    assert (item.state, item.reason_code) == (ProposalState.APPROVED, None)
    assert desk.balances() == {"offered": 1700, "held": 1800}
    assert standing(desk) == [("pin", 1800)]


def test_undoing_again_goes_further_back_until_nothing_is_left(database: Database) -> None:
    desk = Desk(database)
    first = desk.items()[0]
    item = desk.do(edits.edit, chosen(first), Edit(kg=1000))
    item = desk.do(edits.edit, chosen(item), Edit(pickup_on=NEXT, delivery_on=NEXT, note="the road is closed"))
    item = desk.do(single.forbid, chosen(item))
    assert standing(desk) == [("forbid", 0)]
    item = desk.do(undo.undo, chosen(item))
    assert (item.state, standing(desk), item.own_vnd is None) == (ProposalState.PROPOSED, [], False)
    item = desk.do(undo.undo, chosen(item))
    assert (item.kg, item.pickup_on, item.own_vnd, item.note) == (1000, first.pickup_on, None, "")
    item = desk.do(undo.undo, chosen(item))
    assert item.kg == first.kg
    with pytest.raises(NothingToUndo, match="left to undo"):
        desk.do(undo.undo, chosen(item))
    item = desk.do(edits.edit, chosen(item), Edit(kg=900))
    assert desk.do(undo.undo, chosen(item)).kg == first.kg


def test_what_both_have_confirmed_is_not_undone_but_compensated(database: Database) -> None:
    desk = Desk(database)
    item = confirmed(desk, desk.items()[0])
    with pytest.raises(AlreadyConfirmed, match="both sides") as caught:
        desk.do(undo.undo, chosen(item))
    assert caught.value.compensation == "cancel"


def test_a_refusal_of_the_other_side_is_not_undone(database: Database) -> None:
    desk = Desk(database)
    item = desk.do(decisions.approve, chosen(desk.items()[0]))
    item = desk.do(decisions.refuse, chosen(item), PRICE, by=act("clerk Hoa"), scope=desk.party(item, Side.SUPPLY))
    with pytest.raises(AlreadyDecided, match="last word") as caught:
        desk.do(undo.undo, chosen(item))
    assert caught.value.who == "clerk Hoa"


def test_an_approval_of_an_old_plan_is_undone_into_the_past(database: Database) -> None:
    desk = Desk(database)
    item = desk.do(decisions.approve, chosen(desk.items()[0]))
    desk.plan_again()
    item = desk.do(undo.undo, chosen(desk.item(item.uid)))
    assert item.state is ProposalState.SUPERSEDED
    assert desk.balances() == {"offered": 3500}
