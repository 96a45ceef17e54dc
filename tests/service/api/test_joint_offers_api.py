"""Joint offers over the API and on their page: each supplier sees its own lots and answers for itself."""

from __future__ import annotations

from sqlalchemy import select

from catalog.models import Organisation
from service.db import Database
from service.models import Role
from tests.service.api.conftest import PAGES, Caller, ClientAs, World
from tests.service.api.test_demand import ANY
from tests.service.sample_database import Furnished


def supplier(client_as: ClientAs, furnished: Furnished, code: str) -> Caller:
    with furnished.database.read() as session:
        return client_as(Role.CLERK, session.scalars(select(Organisation).where(Organisation.id == furnished.parties[code])).one())


def test_suppliers_agree_to_a_joint_offer_and_see_no_more_than_their_own_lots(
    database: Database, client_as: ClientAs, world: World
) -> None:
    furnished = Furnished(database, world.ours.association.id)
    broker, first, second = client_as(Role.BROKER), *(supplier(client_as, furnished, code) for code in ("s1", "s2"))
    (row,) = broker.get("/joint-offers").json()["items"]
    place = f"/joint-offers/{row['uid']}"
    assert (row["state"], row["kg"], len(row["lots"]), row["reject_sharing"]) == ("open", 2, 2, "own")
    assert [len(one.get(place).json()["lots"]) for one in (first, second)] == [1, 1]
    assert client_as(Role.CLERK).get(place).status_code == 404
    assert client_as(Role.PROCUREMENT).get(place).status_code == 404
    for caller in (broker, first):
        page = caller.get(f"{PAGES}/joint-offers")
        assert page.status_code == 200, page.text
        assert row["line"] in page.text
    assert first.post(f"{place}/answer", json={"agrees": True}).status_code == 428
    assert broker.post(f"{place}/answer", json={"agrees": True}, headers=ANY).status_code == 422
    agreed = first.post(f"{place}/answer", json={"agrees": True}, headers=ANY)
    assert (agreed.status_code, agreed.json()["state"]) == (200, "open"), agreed.text
    assert first.post(f"{place}/end", json={"reason": "no"}, headers=ANY).status_code == 403
    told = {"agrees": True, "supplier": broker.get(place).json()["lots"][1]["supplier"], "channel": "telephone", "why": "gọi điện"}
    done = broker.post(f"{place}/answer", json=told, headers=ANY)
    assert (done.status_code, done.json()["state"], done.json()["lots"][1]["channel"]) == (200, "agreed", "telephone"), done.text
    over = broker.post(f"{place}/end", json={"reason": "hail"}, headers=ANY)
    assert (over.status_code, over.json()["state"]) == (200, "ended"), over.text
    assert broker.post(f"{place}/end", json={"reason": "hail"}, headers=ANY).status_code == 409


def test_a_pool_is_put_to_its_suppliers_by_a_broker_alone(database: Database, client_as: ClientAs, world: World) -> None:
    furnished = Furnished(database, world.ours.association.id)
    broker, first = client_as(Role.BROKER), supplier(client_as, furnished, "s1")
    (row,) = broker.get("/joint-offers").json()["items"]
    pool = {"line": row["line"], "lots": [{"lot": one["lot"], "kg": 1} for one in row["lots"]], "reject_sharing": "shared", "reason": "x"}
    assert first.post("/joint-offers", json=pool).status_code == 403
    assert broker.post("/joint-offers", json=pool).json()["code"] == "conflict"
    assert broker.post(f"/joint-offers/{row['uid']}/end", json={}, headers=ANY).status_code == 200
    made = broker.post("/joint-offers", json=pool)
    assert (made.status_code, made.json()["reject_sharing"]) == (201, "shared"), made.text
    assert broker.post("/joint-offers", json={**pool, "line": "nowhere"}).status_code == 404
