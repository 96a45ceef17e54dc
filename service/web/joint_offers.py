"""Joint offers: put to their suppliers by a broker, answered by each supplier, or by the association for one."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from catalog.errors import Invalid, fault
from catalog.tenancy import find
from service.auth.permissions import Permission
from service.http.context import Uid
from service.planning.joint import offers
from service.planning.joint.models import JointOffer
from service.planning.joint.offers import Pooled
from service.planning.states import Channel, JointState, RejectSharing
from service.planning.terms.answers import Consent
from service.views.joint_offers import joint_offers_out
from service.web.context import PageContext, PageRequest
from service.web.forms import Reader
from service.web.labels import options
from service.web.lists import part
from service.web.pages import Pages
from service.web.texts import mark

pages = Pages("joint offers")
STATES = {
    JointState.OPEN: ("warn", mark("Waits for answers")),
    JointState.AGREED: ("good", mark("In force")),
    JointState.ENDED: ("", mark("Over")),
}
SHARED = {
    RejectSharing.OWN: mark("Each supplier bears what is rejected of its own goods."),
    RejectSharing.SHARED: mark("All suppliers bear what is rejected of a delivery, by their kilograms."),
}


@pages.get("/joint-offers", may=Permission.PROPOSALS_READ)
def list_joint_offers(visit: PageRequest) -> Response:
    """Show joint offers, the newest first."""
    return _list(visit)


def _list(visit: PageContext) -> Response:
    rows, more = part(visit, offers.joint_offers(visit.scope), (JointOffer.created_at, JointOffer.id), descending=True)
    return visit.show(
        "joint_offers.html", rows=[_shown(visit, row) for row in joint_offers_out(visit.session, visit.scope, rows)], more=more,
        channels=options(Channel, visit, frozenset({"system"})), decides=visit.principal.may(Permission.PROPOSALS_DECIDE),
        answers=visit.principal.may(Permission.PROPOSALS_CONFIRM), association=visit.scope.organisation_id is None,
    )  # fmt: skip


def _shown(visit: PageContext, row: Any) -> dict[str, Any]:
    colour, words = STATES[row.state]
    waiting = {one.supplier: one.supplier_name for one in row.lots if one.agreed_at is None} if row.state is JointState.OPEN else {}
    return {"row": row, "colour": colour, "state": visit.say(words), "sharing": visit.say(SHARED[row.reject_sharing]), "waiting": waiting}


@pages.post("/joint-offers", may=Permission.PROPOSALS_DECIDE, audited=False, form=_list)
def propose(visit: PageRequest) -> Response:
    """Put a pool to the suppliers of its lots."""
    read = Reader(visit.form)
    line, sharing = read.text("line", needed=True) or "", read.text("reject_sharing", needed=True)
    reason, lots, masses = read.text("note", most=1000), visit.form.every("lot"), visit.form.every("kg")
    if sharing is not None and sharing not in set(RejectSharing):
        read.wrong("reject_sharing", sharing, "a value")
    read.done()
    if len(lots) != len(masses) or not all(kg.isdecimal() and len(kg) < 9 for kg in masses):
        raise Invalid([fault("kg", "", "a whole number for each lot")])
    pooled = [Pooled(lot, int(kg)) for lot, kg in zip(lots, masses, strict=True)]
    act = visit.act(reason or "a pool for this line")
    offers.propose(visit.session, visit.scope, line, pooled, RejectSharing(str(sharing)), act)
    return visit.go("/joint-offers", visit.say("The pool is put to its suppliers. It holds once all of them have agreed."))


@pages.post("/joint-offers/{uid}/answer", may=Permission.PROPOSALS_CONFIRM, audited=False, form=_list)
def answer(visit: PageRequest, uid: Uid) -> Response:
    """Agree to a joint offer, or decline it."""
    find(visit.session, visit.scope, JointOffer, uid)
    read = Reader(visit.form)
    agrees, supplier, channel = read.text("agrees", needed=True), read.text("supplier"), read.text("channel")
    version = read.whole("version", needed=True)
    if agrees not in (None, "yes", "no"):
        read.wrong("agrees", agrees, "a value")
    if channel is not None and channel not in set(Channel):
        read.wrong("channel", channel, "a value")
    read.done()
    consent = Consent(channel=Channel(channel) if channel else Channel.SYSTEM)
    row = offers.answer(
        visit.session, visit.scope, uid, visit.act("answered"), agrees=agrees == "yes", consent=consent, version=version, supplier=supplier
    )
    said = {
        JointState.OPEN: visit.say("Agreed. The other suppliers are asked."),
        JointState.AGREED: visit.say("All have agreed: the next plan brings these lots together."),
        JointState.ENDED: visit.say("Declined. There is no joint offer."),
    }
    return visit.go("/joint-offers", said[row.state])


@pages.post("/joint-offers/{uid}/end", may=Permission.PROPOSALS_DECIDE, audited=False, form=_list)
def end(visit: PageRequest, uid: Uid) -> Response:
    """End a joint offer of which nothing is approved."""
    find(visit.session, visit.scope, JointOffer, uid)
    version = Reader(visit.form).whole("version")
    offers.end(visit.session, visit.scope, uid, visit.act("ended"), version)
    return visit.go("/joint-offers", visit.say("The joint offer is over."), "info")
