"""Tiny problems drawn from a seed, with every feature of the format now and then, and random plans for them.

The plans are what a search without any cleverness finds: trips are thrown together at random and kept while the verifier accepts
the plan.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from matching.model.plan import Plan
from matching.model.problem import HUB, Problem
from matching.network.geography import road_minutes
from matching.verify import verify
from tests.matching.builders import build_problem
from tests.matching.plans import JUNE_1, Carrier, Load, Truck, build_plan, codes
from tests.matching.random_problems import dated_rows, give_harvests, stream

Rng = np.random.Generator
UNFINISHED = {"min_take", "min_fill", "min_supplier", "decisions"}
"""Rules that a plan may break on the way, because a later trip can mend it."""


def tiny_problem(seed: int, features: frozenset[str] = frozenset()) -> Problem:
    """Return a problem of at most five sites, four lots and three lines over two days, with ``calendar`` or ``harvests`` if asked for."""
    rng = np.random.default_rng(seed)
    sites = [_site(rng, f"c{n}", "cooperative") for n in range(2)] + [_site(rng, f"b{n}", "buyer") for n in range(_one_of(rng, 1, 2))]
    if _maybe(rng, 0.3):
        sites.append(_site(rng, "h0", "hub"))
    lots = [_lot(rng) for _ in range(_one_of(rng, 2, 3, 4))]
    demands = [_line(rng, len(sites)) for _ in range(_one_of(rng, 1, 2, 3))]
    if "harvests" in features:
        give_harvests(stream(seed, "harvests"), lots)
    buyers = [str(site["site_id"]) for site in sites if site["kind"] == "buyer"]
    for line in demands:
        line["site_id"] = _one_of(rng, *buyers)
    return build_problem(
        sites=sites,
        lots=lots,
        demands=demands,
        vehicles=[_vehicle(rng) for _ in range(_one_of(rng, 1, 2))],
        certificates=[{"valid_until": _one_of(rng, "2027-06-07", "2028-12-31")}] if _maybe(rng, 0.8) else [],
        access=[{"min_payload_kg": _one_of(rng, 0, 1000)}] if _maybe(rng, 0.2) and any(site["zone"] for site in sites) else [],
        calendar=dated_rows(stream(seed, "calendar"), sites, days=1) if "calendar" in features else [],
        lanes=[_carrier(rng, _one_of(rng, *buyers))] if _maybe(rng, 0.3) else [],
        decisions=[_decision(rng)] if _maybe(rng, 0.2) else [],
        settings={"horizon_from": "2027-06-07", "horizon_until": "2027-06-08"},
    )


def _maybe(rng: Rng, chance: float) -> bool:
    return bool(rng.random() < chance)


def _one_of(rng: Rng, *values: Any) -> Any:
    return values[int(rng.integers(len(values)))]


def _now_and_then(rng: Rng, *values: Any) -> Any:
    """Return one of the values in a sixth of cases, else nothing."""
    return _one_of(rng, *values) if _maybe(rng, 0.16) else ""


def _site(rng: Rng, site: str, kind: str) -> dict[str, Any]:
    opens, closes = _one_of(rng, ("", ""), ("", ""), ("", ""), ("", ""), ("05:00", "20:00"), ("20:00", "05:00"), ("06:00", "09:00"))
    return {
        "site_id": site, "kind": kind, "lat": round(21 + 0.4 * rng.random(), 3), "lon": round(106 + 0.4 * rng.random(), 3),
        "open_from": opens, "open_until": closes, "stop_minutes": _now_and_then(rng, 15, 7.5),
        "minutes_per_tonne": _now_and_then(rng, 12, 30.5), "max_vehicle_kg": _now_and_then(rng, 1000), "zone": _now_and_then(rng, "inner"),
        "opening_vnd": _now_and_then(rng, 50000), "throughput_kg_per_day": _now_and_then(rng, 300, 500),
        "handling_vnd_per_kg": _now_and_then(rng, 100),
    }  # fmt: skip


def _lot(rng: Rng) -> dict[str, Any]:
    kg = _one_of(rng, 200, 400, 700)
    return {
        "site_id": _one_of(rng, "c0", "c1"), "supplier_id": _one_of(rng, "s1", "s2"), "grade": _one_of(rng, 1, 1, 2), "quantity_kg": kg,
        "available_until": _one_of(rng, "2027-06-07", "2027-06-08"), "cut_on_pickup": _now_and_then(rng, "no"),
        "shelf_life_days": _one_of(rng, 2, 5), "ask_vnd_per_kg": _one_of(rng, 1000, 1500, 2500), "min_take_kg": _now_and_then(rng, 150),
        "indivisible": _now_and_then(rng, "yes"), "cold": _now_and_then(rng, "yes"), "litres_per_kg": _now_and_then(rng, 1.3, 5),
    }  # fmt: skip


def _line(rng: Rng, n: int) -> dict[str, Any]:
    kg = _one_of(rng, 200, 500, 1000)
    return {
        "max_grade": _one_of(rng, 1, 2), "requires": _now_and_then(rng, "VietGAP"), "quantity_kg": kg,
        "deliver_from": _one_of(rng, "2027-06-07", "2027-06-07", "2027-06-08"), "deliver_until": "2027-06-08",
        "min_life_days": _now_and_then(rng, 2), "bid_vnd_per_kg": _one_of(rng, 3000, 4000, 5000),
        "min_fill_kg": _now_and_then(rng, kg // 2), "max_suppliers": _now_and_then(rng, 1), "min_supplier_kg": _now_and_then(rng, 150),
        "short_vnd_per_kg": _now_and_then(rng, 500),
    }  # fmt: skip


def _vehicle(rng: Rng) -> dict[str, Any]:
    return {
        "payload_kg": _one_of(rng, 500, 900, 1900), "volume_l": _now_and_then(rng, 1500), "refrigerated": _one_of(rng, "yes", "yes", "no"),
        "fixed_vnd": 120000, "vnd_per_km": "0:12000;30:8000", "kmh": _one_of(rng, 40, 45), "count_per_day": _now_and_then(rng, 1),
        "max_stops": _one_of(rng, 3, 4), "max_hours": _one_of(rng, 3, 12), "base_site": _now_and_then(rng, "c0"),
    }  # fmt: skip


def _carrier(rng: Rng, buyer: str) -> dict[str, Any]:
    return {
        "from_site": "c0", "to_site": buyer, "vnd_per_kg": _one_of(rng, 600, 1500), "fixed_vnd": _now_and_then(rng, 40000),
        "capacity_kg": _now_and_then(rng, 300), "transit_days": _one_of(rng, 0, 1), "cold": _now_and_then(rng, "yes"),
    }  # fmt: skip


def _decision(rng: Rng) -> dict[str, Any]:
    return _one_of(rng, {"decision": "forbid"}, {"decision": "pin", "kg": 50})  # type: ignore[no-any-return]


class RandomPlan:
    """Throws at most so many truck trips together; `best` is the worthiest plan on the way that the verifier accepts, or None."""

    def __init__(self, problem: Problem, seed: int, rounds: int, max_trips: int) -> None:
        self.problem, self.rng = problem, np.random.default_rng(seed)
        self.trips: list[Truck | Carrier] = []
        self.loads: list[Load] = []
        self.best: tuple[int, Plan] | None = None
        self._see()
        for _ in range(rounds):
            kept = list(self.trips), list(self.loads)
            _one_of(self.rng, self._truck, self._truck, self._carry, self._hub)()
            trucks = sum(isinstance(trip, Truck) for trip in self.trips)
            if trucks > max_trips or not self._see() <= UNFINISHED:
                self.trips, self.loads = kept

    def _see(self) -> set[str]:
        """Remember the plan if it is the best so far; return the rules that it breaks."""
        plan = build_plan(self.problem, self.trips, self.loads)
        verdict = verify(self.problem, plan)
        if verdict.ok and (self.best is None or verdict.objective_vnd > self.best[0]):
            self.best = verdict.objective_vnd, plan
        return codes(verdict)

    def _pair(self) -> tuple[int, int, int]:
        """A lot, a line that takes its grade, and a mass that both have left."""
        p, rng = self.problem, self.rng
        lots, lines = list(p.lots.id), list(p.lines.id)
        left = np.concatenate([p.lots.kg, p.lines.kg])
        for load in self.loads:
            left[[lots.index(load.lot), len(lots) + lines.index(load.line)]] -= load.kg
        fits = (p.lots.grade[:, None] <= p.lines.max_grade) & (left[: len(lots), None] > 0) & (left[len(lots) :] > 0)
        pairs = np.argwhere(fits) if fits.any() else np.array([[0, 0]])
        lot, line = _one_of(rng, *pairs.tolist())
        most = max(1, int(min(left[lot], left[len(lots) + line])))
        return lot, line, _one_of(rng, most, most, most, most // 2 + 1, min(most, 150))

    def _load(self, lot: int, line: int, kg: int, trips: tuple[int, ...], **more: Any) -> None:
        self.loads.append(Load(self.problem.lots.id[lot], self.problem.lines.id[line], kg, trips, **more))

    def _truck(self) -> None:
        """One truck with one to three loads."""
        p, pairs = self.problem, []
        for _ in range(_one_of(self.rng, 1, 1, 2, 3)):
            pairs.append(self._pair())
            self._load(*pairs[-1], (len(self.trips),))
        first = list(dict.fromkeys(int(p.lots.site[lot]) for lot, _, _ in pairs))
        then = list(dict.fromkeys(int(p.lines.site[line]) for _, line, _ in pairs))
        moved = np.zeros(p.n_sites)
        for lot, line, kg in pairs:
            moved[[p.lots.site[lot], p.lines.site[line]]] += kg
        self._drive([*first, *then], moved, self._start())

    def _start(self) -> int:
        day, hour = _one_of(self.rng, (0, 5), (0, 8), (0, 22), (1, 5), (1, 8))
        return (self.problem.horizon_from_day + int(day)) * 1440 + int(hour) * 60 + int(self.rng.integers(-180, 120))

    def _drive(self, path: list[int], moved: np.ndarray[Any, Any], now: int) -> int:
        """Add a truck that drives the path as early as the sites open; return when it leaves the last of them."""
        p, vehicle, stops = self.problem, int(self.rng.integers(self.problem.n_classes)), []
        for n, site in enumerate(path):
            now += int(road_minutes(p, np.array(path[n - 1]), np.array(site), float(p.vehicles.kmh[vehicle]))) if n else 0
            opens, closes = int(p.sites.open_from_min[site]), int(p.sites.open_until_min[site])
            if not (opens <= now % 1440 < closes or (closes < opens and not closes <= now % 1440 < opens)):
                now += (opens - now) % 1440
            lasts = math.ceil(p.sites.stop_min[site] + p.sites.min_per_tonne[site] * moved[site] / 1000 - 1e-9)
            stops.append(f"{p.sites.id[site]} {_text(now)} {_text(now + lasts)}")
            now += lasts
        self.trips.append(Truck(p.vehicles.id[vehicle], stops))
        return now

    def _carry(self) -> None:
        """One carrier trip, if a carrier runs."""
        p, (lot, line, kg) = self.problem, self._pair()
        at = (p.roads.from_site == p.lots.site[lot]) & (p.roads.to_site == p.lines.site[line]) & ~np.isnan(p.roads.vnd_per_kg)
        for road in np.flatnonzero(at).tolist():
            day = int(p.lots.from_day[lot] + self.rng.integers(2))
            self._load(lot, line, kg, (len(self.trips),), days=(day, day + int(p.roads.transit_days[road])))
            self.trips.append(Carrier(int(kg * p.roads.vnd_per_kg[road] + p.roads.fixed_vnd[road])))

    def _hub(self) -> None:
        """Two trucks that meet at a hub, if there is one."""
        p, (lot, line, kg) = self.problem, self._pair()
        for hub in np.flatnonzero(p.sites.kind == HUB).tolist():
            self._load(lot, line, kg, (len(self.trips), len(self.trips) + 1), hub=p.sites.id[hub])
            moved = np.full(p.n_sites, kg)
            left = self._drive([int(p.lots.site[lot]), hub], moved, self._start())
            self._drive([hub, int(p.lines.site[line])], moved, left)


def _text(minute: int) -> str:
    return f"{minute // 1440 - JUNE_1 + 1}T{minute % 1440 // 60:02}:{minute % 60:02}"
