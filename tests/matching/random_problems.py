"""Small random problems with every feature of the format, the same for the same seed."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from matching.model.problem import Problem
from tests.matching.builders import build_problem

START = date(2027, 6, 7)
DAYS = 6
PRODUCTS = ("lychee", "pomelo", "carp")
FEATURES = frozenset(
    {"certificates", "hubs", "carriers", "roads", "decisions", "minimums", "shortage", "doors", "access", "bases", "horizon"}
)
DATED = frozenset({"calendar", "harvests"})
"""Features that are drawn from streams of their own, so that other draws stay as they are whether they are there or not."""
CLASSES = (
    {"class_id": "van", "payload_kg": 900, "volume_l": 3000, "fixed_vnd": 200000, "vnd_per_km": "0:20000;10:12000;50:9000", "kmh": 45},
    {"class_id": "truck", "payload_kg": 3500, "fixed_vnd": 300000, "vnd_per_km": "0:35000;10:18000;200:9000", "kmh": 42, "max_hours": 14},
    {"class_id": "reefer", "payload_kg": 1900, "refrigerated": "yes", "fixed_vnd": 350000, "vnd_per_km": 21000.5, "kmh": 45},
)


def random_problem(seed: int, size: int = 6, features: frozenset[str] = FEATURES) -> Problem:
    """Return a problem of about ``size`` lots and ``size`` lines, with the named features only."""
    return build_problem(**random_tables(seed, size, features))


def random_tables(seed: int, size: int = 6, features: frozenset[str] = FEATURES) -> dict[str, Any]:
    """Return the tables of `random_problem`, ready for `build_problem` or `tiny_folder`."""
    r, calendar = random.Random(seed), stream(seed, "calendar")
    sites = [_site(r, f"c{k}", "cooperative", features) for k in range(max(1, size // 2))]
    sites += [_site(r, f"b{k}", "buyer", features) for k in range(max(1, size // 2))]
    sites += [_site(r, f"h{k}", "hub", features) for k in range(2 if "hubs" in features else 0)]
    lots = [_lot(r, k, sites, features) for k in range(size)]
    demands = [_line(r, k, sites, features) for k in range(size)]
    roads = _roads(r, sites, features)
    if "harvests" in features:
        give_harvests(stream(seed, "harvests"), lots)
    return {
        "sites": sites,
        "lots": lots,
        "demands": demands,
        "vehicles": _vehicles(r, sites, features),
        "certificates": _certificates(r, lots) if "certificates" in features else [],
        "access": [{"zone": "inner", "min_payload_kg": 2000, "closed_from": "06:00", "closed_until": "20:00"}]
        if "access" in features
        else [],
        "calendar": dated_rows(calendar, sites) if "calendar" in features else [],
        "lanes": roads,
        "decisions": _decisions(r, lots, demands) if "decisions" in features else [],
        "settings": {"horizon_from": _day(r.choice([-1, 0, 1])), "horizon_until": _day(r.choice([DAYS - 1, DAYS, DAYS + 3]))}
        if "horizon" in features
        else {},
    }


def stream(seed: int, feature: str) -> random.Random:
    """Return a feature's own source of chance, so that one more draw for it changes nothing else."""
    return random.Random(f"{feature} {seed}")


def dated_rows(r: random.Random, sites: list[dict[str, Any]], days: int = DAYS) -> list[dict[str, Any]]:
    """Return calendar rows for some dates of some sites: closed, other hours, another throughput, or several of these."""
    rows = []
    for site in sites:
        for day in range(-1, days + 2) if r.random() < 0.6 else ():
            hours = r.choice([("", ""), ("05:00", "07:30"), ("20:00", "05:00"), ("08:00", "08:00"), ("00:00", "24:00"), ("", "10:00")])
            row = {
                "site_id": site["site_id"],
                "date": _day(day),
                "closed": r.choice(["", "no", "yes"]),
                "throughput_kg": r.choice(["", 0, 700]),
            }
            if r.random() < 0.5:
                rows.append({**row, "open_from": hours[0], "open_until": hours[1]})
    return rows


def give_harvests(r: random.Random, lots: list[dict[str, Any]]) -> None:
    """Let most lots belong to one of a few harvests, whatever their site and product."""
    for lot in lots:
        lot["harvest_id"] = r.choice(["", "h1", "h2", "h3"])


def _day(n: int) -> str:
    return (START + timedelta(days=n)).isoformat()


def _site(r: random.Random, name: str, kind: str, features: frozenset[str]) -> dict[str, Any]:
    row: dict[str, Any] = {"site_id": name, "kind": kind, "lat": round(r.uniform(20.9, 21.5), 4), "lon": round(r.uniform(105.8, 106.6), 4)}
    row |= {"stop_minutes": r.choice([0, 15]), "minutes_per_tonne": r.choice([0, 12])}
    if "doors" in features:
        row["max_vehicle_kg"] = r.choice(["", "", 900, 2000, 500])
    if kind == "buyer" and "access" in features:
        row["zone"] = r.choice(["", "inner"])
    if kind == "hub":
        row |= {
            "handling_vnd_per_kg": r.choice([0, 12.5, 120]),
            "opening_vnd": r.choice([0, 50000]),
            "throughput_kg_per_day": r.choice(["", 3000]),
        }
    return row


def _lot(r: random.Random, k: int, sites: list[dict[str, Any]], features: frozenset[str]) -> dict[str, Any]:
    first, kg = r.randrange(DAYS), r.choice([50, 300, 1000, 2500])
    row: dict[str, Any] = {
        "site_id": r.choice([s["site_id"] for s in sites if s["kind"] == "cooperative"]),
        "supplier_id": f"s{r.randrange(3)}",
        "product": r.choice(PRODUCTS),
        "grade": r.choice([1, 1, 2, 3]),
        "quantity_kg": kg,
        "available_from": _day(first),
        "available_until": _day(first + r.choice([0, 1, 3])),
        "cut_on_pickup": r.choice(["yes", "no"]),
        "shelf_life_days": r.choice([1, 2, 4, 30]),
        "ask_vnd_per_kg": r.randrange(5000, 15000, 100),
        "cold": r.choice(["no", "no", "yes"]),
    }
    if "minimums" in features:
        row |= {"min_take_kg": r.choice([0, 0, 40, min(kg, 200)]), "indivisible": r.choice(["no", "no", "no", "yes"])}
    return row


def _line(r: random.Random, k: int, sites: list[dict[str, Any]], features: frozenset[str]) -> dict[str, Any]:
    first, kg = r.randrange(DAYS), r.choice([80, 400, 1200, 3000])
    row: dict[str, Any] = {
        "site_id": r.choice([s["site_id"] for s in sites if s["kind"] == "buyer"]),
        "product": ";".join(r.sample(PRODUCTS, r.choice([1, 1, 2]))),
        "max_grade": r.choice([1, 2, 3, 3]),
        "quantity_kg": kg,
        "deliver_from": _day(first),
        "deliver_until": _day(first + r.choice([0, 1, 3])),
        "min_life_days": r.choice([0, 0, 1, 3]),
        "bid_vnd_per_kg": r.randrange(8000, 20000, 100),
    }
    if "certificates" in features:
        row["requires"] = r.choice(["", "", "VietGAP", "OCOP>=3", "PUC:CN", "VietGAP;OCOP>=4", "VietGAP;PUC:CN"])
    if "minimums" in features:
        row |= {
            "min_fill_kg": r.choice([0, 0, kg // 2]),
            "max_suppliers": r.choice(["", "", 1, 2]),
            "min_supplier_kg": r.choice([0, 0, 60]),
        }
    if "shortage" in features:
        row["short_vnd_per_kg"] = r.choice([0, 0, 1500])
    return row


def _certificates(r: random.Random, lots: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for supplier in sorted({lot["supplier_id"] for lot in lots}):
        for scheme in ("VietGAP", "OCOP", "PUC:CN"):
            for _ in range(r.choice([0, 1, 2, 2, 3])):
                first = r.randrange(-2, DAYS)
                level = r.choice([3, 4]) if scheme == "OCOP" else ""
                product = r.choice(["*", *PRODUCTS])
                days = {"valid_from": _day(first), "valid_until": _day(first + r.choice([1, 3, 30]))}
                rows.append({"supplier_id": supplier, "product": product, "scheme": scheme, "level": level, **days})
    return rows


def _vehicles(r: random.Random, sites: list[dict[str, Any]], features: frozenset[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [dict(row) for row in CLASSES]
    if r.random() < 0.3:
        rows.pop()
    if "bases" in features:
        rows.append(
            {
                "class_id": "own",
                "payload_kg": 2000,
                "fixed_vnd": 50000,
                "vnd_per_km": 9000,
                "kmh": 40,
                "base_site": sites[0]["site_id"],
                "count_per_day": 1,
            }
        )
    return rows


def _roads(r: random.Random, sites: list[dict[str, Any]], features: frozenset[str]) -> list[dict[str, Any]]:
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    names = [site["site_id"] for site in sites]
    for _ in range(len(names) if "roads" in features else 0):
        a, b = r.sample(names, 2)
        rows[a, b] = {"from_site": a, "to_site": b, "km": r.choice([1.5, 20, 60, 200])}
    for _ in range(3 if "carriers" in features else 0):
        a = r.choice([name for name in names if name[0] == "c"])
        b = r.choice([name for name in names if name[0] == "b"])
        carrier = {"vnd_per_kg": r.choice([150, 700.25]), "transit_days": r.choice([0, 1, 2]), "cold": r.choice(["yes", "no"])}
        carrier |= {"fixed_vnd": r.choice([0, 20000]), "capacity_kg": r.choice(["", 500])}
        rows[a, b] = {"from_site": a, "to_site": b, "km": "", **rows.get((a, b), {}), **carrier}
    return list(rows.values())


def _decisions(r: random.Random, lots: list[dict[str, Any]], demands: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for _ in range(3):
        lot, line = r.randrange(len(lots)), r.randrange(len(demands))
        kind = r.choice(["pin", "forbid", "forbid"])
        pair = (f"lot{lot + 1}", f"line{line + 1}")
        rows[pair] = {"lot_id": pair[0], "line_id": pair[1], "decision": kind, "kg": r.choice([5, 15]) if kind == "pin" else ""}
    return list(rows.values())
