"""What the clients of `tests.service.chaos` do with money: bids, floor prices, fees, handling and tariffs change, prices are agreed anew.

Half of the goods go straight from farm to door, half through a hub whose handling changes, so that terms hold freight, handling and fees.
"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from catalog.models import Lot, Site, SiteKind, Tariff, TariffBand, VehicleClass
from service.planning import models as m
from tests.sample_market import TODAY, Market

if TYPE_CHECKING:
    from tests.service.chaos import Client, Known

TRACED_BY_REQUEST = frozenset({"line.revise", "lot.revise", "site.change", "association.rule", "tariff.add"})
"""Actions of the trail that bear no reason of the request; its number names it."""
PER_TRUCK = 4


class Ways:
    """Trucks of four loads each, straight to the door or through a hub."""

    def __init__(self, session: Session, market: Market, rng: random.Random) -> None:
        self._session, self._rng, self._n_trips = session, rng, 0
        mine = {"association_id": market.association.id}
        self.hub = Site(**mine, code="h1", kind=SiteKind.HUB, lat=21.2, lon=106.1, handling_vnd_per_kg=200.0)
        self.truck = VehicleClass(**mine, code="8t", payload_kg=8000, kmh=40.0)
        session.add_all([self.hub, self.truck])
        session.flush()
        tariff = Tariff(vehicle_class_id=self.truck.id, fixed_vnd=500_000, source="chaos")
        session.add(tariff)
        session.flush()
        session.add(TariffBand(tariff_id=tariff.id, from_km=0.0, vnd_per_km=10_000.0))
        self._trips: dict[int, tuple[m.PlanTrip, int]] = {}

    def carry(self, plan: m.Plan, row: m.PlanAllocation, lot: Lot, line: Any) -> None:
        """Put an allocation on a truck, or on two through the hub."""
        hub = self.hub.id
        legs = [(lot.site_id, line.site_id)] if row.number % 2 else [(lot.site_id, hub), (hub, line.site_id)]
        for leg, (start, end) in enumerate(legs, 1):
            trip = self._trip(plan, leg if len(legs) == 2 else 0)
            self._session.add(m.PlanLeg(allocation_id=row.id, leg=leg, trip_id=trip.id, from_site_id=start, to_site_id=end))

    def _trip(self, plan: m.Plan, kind: int) -> m.PlanTrip:
        trip, aboard = self._trips.get(kind, (None, PER_TRUCK))
        if trip is None or aboard >= PER_TRUCK:
            cost = self._rng.randint(100_000, 1_500_000)
            trip, aboard = m.PlanTrip(plan_id=plan.id, number=self._n_trips, vehicle_class_id=self.truck.id, km=60.0, cost_vnd=cost), 0
            self._session.add(trip)
            self._session.flush()
            self._n_trips += 1
        self._trips[kind] = trip, aboard + 1
        return trip


def change_market(client: Client) -> bool:
    """Change a bid, a floor price, the fee, the handling or the tariff."""
    chosen = client.rng.choice(["bid", "ask", "fee", "handling", "tariff"])
    name, rng, trade = client.next_name(), client.rng, client.trade
    if chosen == "fee":
        body: Known = {"fee_per_mille": rng.randint(0, 60), "freight_risk": rng.choice(["association", "buyer", "shared"])}
        client.ask("fee", "/rules", body, name, trade.manager)
    elif chosen == "tariff":
        day = TODAY + timedelta(days=client.number * 1000 + client.serial)
        body = {"valid_from": day.isoformat(), "fixed_vnd": rng.randint(0, 10**6), "source": name}
        body["bands"] = [{"from_km": 0.0, "vnd_per_km": rng.randint(5_000, 20_000)}]
        client.ask("tariff", f"/vehicles/{trade.truck}/tariffs", body, name, trade.broker)
    elif chosen == "handling":
        version = client.look(f"/sites/{trade.hub}")["version"]
        client.ask("handling", f"/sites/{trade.hub}", {"handling_vnd_per_kg": rng.randint(0, 900)}, name, trade.broker, version, "PATCH")
    else:
        _change_own_price(client, chosen, name)
    return True


def _change_own_price(client: Client, chosen: str, name: str) -> None:
    """Let the one whose price it is change it, most often for something that somebody has approved."""
    item = client.rng.choice([one for one in client.trade.items if one["state"] == "approved"] or client.trade.items)
    place = f"/lines/{item['line']}" if chosen == "bid" else f"/lots/{item['lot']}"
    firm = client.trade.firms[item["buyer" if chosen == "bid" else "supplier"]]
    price = client.rng.randint(16_000, 60_000) if chosen == "bid" else client.rng.randint(6_000, 24_000)
    version = client.look(place)["version"]
    client.ask(chosen, place, {f"{chosen}_vnd_per_kg": price}, name, firm, version, "PATCH")
    client.learn(item, None)


def change_price(client: Client) -> bool:
    """Ask for another price of something that both sides have confirmed, or answer to such a question."""
    waiting = [one for one in client.trade.amendments if one["state"] == "open"]
    if waiting and client.rng.random() < 0.6:
        return _answer(client, client.rng.choice(waiting))
    ready = [one for one in client.trade.items if one["stage"] == "confirmed" and one["state"] == "approved"]
    if not ready:
        return False
    item, side = client.rng.choice(ready), client.rng.choice(["supplier", "buyer"])
    name, body = client.next_name(), {"price_vnd_per_kg": client.rng.randint(18_000, 50_000)}
    body_and_why: Known = {**body, "reason": name, "below_floor": True}
    said = client.ask(
        "propose price", f"/proposal-items/{item['uid']}/changes", body_and_why, name, client.trade.firms[item[side]], item["version"]
    )
    client.learn(item, None)
    if said is not None:
        other = client.trade.firms[item["buyer" if side == "supplier" else "supplier"]]
        client.trade.amendments.append(
            {"uid": said["uid"], "version": said["version"], "state": said["state"], "firm": other, "item": item}
        )
    return True


def _answer(client: Client, amendment: Known) -> bool:
    name, agrees = client.next_name(), client.rng.random() < 0.8
    body = {"agrees": agrees, "why": name, "below_floor": True}
    verb = "agree to price" if agrees else "decline price"
    said = client.ask(verb, f"/amendments/{amendment['uid']}/answer", body, name, amendment["firm"], amendment["version"])
    amendment["state"] = "gone" if said is None else said["state"]
    client.learn(amendment["item"], None)
    return True


def pay(client: Client) -> bool:
    """Issue a settlement, or note that one has been paid."""
    alive = [one for one in client.trade.settlements if one["state"] != "paid"]
    if not alive:
        return False
    settlement, name = client.rng.choice(alive), client.next_name()
    verb = "issue" if settlement["state"] == "draft" else "pay"
    path = f"/settlements/{settlement['uid']}"
    said = client.ask(verb, f"{path}/{verb}", {"reason": name}, name, client.trade.broker, settlement["version"])
    settlement.update(said or client.look(path))
    return True
