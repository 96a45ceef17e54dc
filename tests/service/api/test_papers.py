"""Papers through the API: whoever may see the goods may print them, and nobody else."""

from __future__ import annotations

import pytest

from catalog.models import Organisation
from service.db import Database
from service.models import Role
from tests.service.api.conftest import ClientAs, World
from tests.service.api.test_proposals import Floor
from tests.service.api.test_shipments import loaded
from tests.service.paper.reading import codes, pages

DAYS = "first=2027-06-01&last=2027-06-30"


@pytest.fixture
def floor(database: Database, world: World, client_as: ClientAs) -> Floor:
    return Floor(database, world, client_as)


def uid_of(floor: Floor, code: str) -> str:
    with floor.database.read() as session:
        return session.get_one(Organisation, floor.desk.parties[code]).uid


def test_every_paper_comes_as_pdf_in_the_language_asked_for(floor: Floor) -> None:
    shipment, seller = loaded(floor, 0, 1), uid_of(floor, "s1")
    plan = floor.items()[0]["plan"]
    wanted = {
        f"/shipments/{shipment['uid']}/delivery-note": "Delivery note",
        f"/shipments/{shipment['uid']}/gate-slip": "Gate slip",
        f"/plans/{plan}/trips/0/sheet": "Driver's sheet",
        f"/organisations/{seller}/pick-list?{DAYS}": "Pick list",
        f"/organisations/{seller}/statement?{DAYS}": "Statement",
        "/exports/season-report": "Season report",
    }
    for path, title in wanted.items():
        answer = floor.broker.get(path + ("&" if "?" in path else "?") + "language=en")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf"), path
        assert title in " ".join(pages(answer.content)), path
        assert "no-store" in answer.headers["cache-control"]
    slip = floor.broker.get(f"/shipments/{shipment['uid']}/gate-slip").content
    assert {code for page in codes(slip) for code in page} == {f"urn:mca:shipment:{shipment['uid']}"}


def test_nobody_prints_what_is_not_his(floor: Floor, client_as: ClientAs) -> None:
    shipment = loaded(floor, 0)
    stranger = client_as(Role.CLERK)
    for path in (f"/shipments/{shipment['uid']}/delivery-note", f"/organisations/{uid_of(floor, 's1')}/statement"):
        assert stranger.get(path).status_code == 404, path
    assert stranger.get("/exports/season-report").status_code == 403
    other = floor.buyer("buyer2").get(f"/organisations/{uid_of(floor, 'buyer1')}/statement?{DAYS}")
    assert other.status_code == 404


def test_days_out_of_order_are_refused(floor: Floor) -> None:
    answer = floor.broker.get(f"/organisations/{uid_of(floor, 's1')}/pick-list?first=2027-06-30&last=2027-06-01")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
