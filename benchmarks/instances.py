"""Our own random instances: shapes from a commune's week to a nation's fortnight, the same on every machine for the same seed.

How they come about
    Growing places are drawn by weight from ``data/places.csv``. Cooperatives scatter around them, hubs stand in them, and buyers
    stand in the nearest markets or, as processors and kitchens, among the cooperatives. A cooperative grows a few of the products
    of its place; its lots follow each other through the period. Lines ask for what grows within reach, at a price over the
    growers' that falls short of paying the haulage about as often as not.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.converters.converted import Converted, Row, Table

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

PLACES = Path(__file__).with_name("data") / "places.csv"
START = date(2027, 6, 1)
KM_PER_DEGREE = 111.2


@dataclass(frozen=True)
class Shape:
    """How large an instance is.

    Attributes
    ----------
    n_places : growing places that it covers.
    n_hubs : places, of those, with a hub.
    spread_km : standard deviation of a cooperative's distance from its place, north and east.
    reach_km : how far a line looks for its product's growers.
    """

    name: str
    n_places: int
    n_hubs: int
    n_cooperatives: int
    n_buyers: int
    n_lots: int
    n_lines: int
    n_products: int
    n_days: int
    spread_km: float
    reach_km: float


SHAPES = {
    shape.name: shape
    for shape in (
        Shape("commune", 1, 0, 6, 4, 30, 18, 3, 4, 4.0, 200.0),
        Shape("district", 1, 1, 45, 12, 400, 160, 8, 7, 12.0, 200.0),
        Shape("province", 2, 2, 220, 45, 3000, 900, 20, 10, 22.0, 250.0),
        Shape("season", 2, 2, 160, 40, 2500, 1200, 4, 30, 18.0, 250.0),
        Shape("nation", 32, 16, 20_000, 1500, 100_000, 20_000, 60, 14, 35.0, 400.0),
    )
}


def scaled_nation(n_lots: int) -> Shape:
    """Return the nation's shape with fewer lots, and of all that grows with them as much less; products, places and days stay."""
    share, whole = n_lots / SHAPES["nation"].n_lots, SHAPES["nation"]
    return replace(
        whole,
        name=f"nation-{n_lots}",
        n_cooperatives=max(1, round(whole.n_cooperatives * share)),
        n_buyers=max(1, round(whole.n_buyers * share)),
        n_lots=n_lots,
        n_lines=max(1, round(whole.n_lines * share)),
    )


def write_instance(folder: Path, shape: Shape, seed: int) -> None:
    """Write the input folder of a random instance."""
    Converted(_Draw(shape, seed).tables(), 0, 1).write(folder)


def _read_places(kind: str) -> tuple[Floats, Floats]:
    """Latitude and longitude of the places of a kind, shape (n, 2), and their weights, shape (n,)."""
    with PLACES.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == kind]
    at = np.array([(float(row["lat"]), float(row["lon"])) for row in rows])
    weight = np.array([float(row["weight"]) for row in rows])
    return at, weight / weight.sum()


def _apart_km(a: Floats, b: Floats) -> Floats:
    """About how far points are from each other; flat is near enough here."""
    return np.asarray(np.hypot((a - b)[..., 0], (a - b)[..., 1] * np.cos(np.radians(a[..., 0]))) * KM_PER_DEGREE)


def _days(offset: Whole) -> list[str]:
    """Dates so many days after the start."""
    return [(START + timedelta(days=day)).isoformat() for day in offset.tolist()]


class _Draw:
    """One instance; what later parts need of earlier ones is an attribute."""

    def __init__(self, shape: Shape, seed: int) -> None:
        self.shape, self.rng = shape, np.random.default_rng([seed, shape.n_lots, shape.n_cooperatives])
        self._draw_places()
        self._draw_products()
        self._draw_cooperatives()
        self._draw_buyers()

    def tables(self) -> dict[str, Table]:
        """Return every table of the input, by name."""
        lots = self._lots()
        return {
            "sites": self._sites(),
            "lots": lots,
            "certificates": self._certificates(),
            "demands": self._demands(),
            "vehicles": self._vehicles(),
            "access": Table(
                "zone min_payload_kg closed_from closed_until", [["inner", 5000, "06:00", "20:00"], ["inner", 0, "16:30", "19:00"]]
            ),
            "lanes": self._carriers(),
            "settings": Table("key value", [["horizon_from", START.isoformat()], ["horizon_until", _days(np.array([self._last_day]))[0]]]),
        }

    @property
    def _last_day(self) -> int:
        return self.shape.n_days + 1

    # where ------------------------------------------------------------------------------------------------------------
    def _draw_places(self) -> None:
        growing, weight = _read_places("growing")
        first = int(self.rng.choice(len(growing), p=weight))
        near = np.argsort(_apart_km(growing, growing[first]), kind="stable")[: self.shape.n_places]
        self.place, self.place_weight = growing[near], weight[near] / weight[near].sum()

    def _scatter(self, at: Floats, km: float) -> Floats:
        moved: Floats = at + self.rng.normal(0.0, km / KM_PER_DEGREE, at.shape)
        return np.round(moved, 5)

    def _draw_cooperatives(self) -> None:
        shape = self.shape
        self.home = self.rng.choice(shape.n_places, shape.n_cooperatives, p=self.place_weight)
        self.cooperative = self._scatter(self.place[self.home], shape.spread_km)
        grown = self.rng.random((shape.n_places, shape.n_products)).argsort(axis=1)
        n_grown = max(1, min(shape.n_products, round(3 + shape.n_products / 6)))
        self.grows = grown[self.home][:, :n_grown]

    def _draw_buyers(self) -> None:
        shape = self.shape
        markets, weight = _read_places("market")
        near = np.exp(-_apart_km(markets[:, None], self.place[None]).min(axis=1) / 150.0) * weight
        in_city = self.rng.random(shape.n_buyers) < 0.6
        city = self.rng.choice(len(markets), shape.n_buyers, p=near / near.sum())
        local = self.rng.choice(shape.n_places, shape.n_buyers, p=self.place_weight)
        self.in_city = in_city
        self.buyer = np.where(in_city[:, None], self._scatter(markets[city], 7.0), self._scatter(self.place[local], shape.spread_km))

    def _sites(self) -> Table:
        shape, rng = self.shape, self.rng
        rows: list[Row] = []
        for k, (lat, lon) in enumerate(self.cooperative.tolist()):
            door = 5000 if rng.random() < 0.25 else None
            rows.append([f"c{k}", "cooperative", lat, lon, "04:00", "20:00", 10, 10, door, "", 0, None, 0])
        for k, (lat, lon) in enumerate(self.place[: shape.n_hubs].tolist()):
            rows.append([f"h{k}", "hub", lat, lon, "00:00", "24:00", 15, 6, None, "", 400_000, 60_000, 120])
        for k, (lat, lon) in enumerate(self.buyer.tolist()):
            hours = ("20:00", "09:00") if self.in_city[k] and rng.random() < 0.4 else ("03:00", "18:00")
            zone = "inner" if self.in_city[k] and rng.random() < 0.3 else ""
            rows.append([f"b{k}", "buyer", lat, lon, *hours, 15, 8, None, zone, 0, 80_000 if rng.random() < 0.2 else None, 0])
        rows.append(["depot", "depot", *self.place[0].tolist(), "00:00", "24:00", 0, 0, None, "", 0, None, 0])
        header = "site_id kind lat lon open_from open_until stop_minutes minutes_per_tonne max_vehicle_kg zone opening_vnd"
        return Table(f"{header} throughput_kg_per_day handling_vnd_per_kg", rows)

    # what -------------------------------------------------------------------------------------------------------------
    def _draw_products(self) -> None:
        n = self.shape.n_products
        self.price = np.round(np.exp(self.rng.normal(np.log(14_000), 0.5, n)), -2)
        self.life = self.rng.integers(2, 15, n)
        self.cold = self.rng.random(n) < 0.15
        self.litres = np.round(self.rng.uniform(1.6, 4.0, n), 1)

    def _lots(self) -> Table:
        shape, rng = self.shape, self.rng
        owner = rng.integers(0, shape.n_cooperatives, shape.n_lots)
        product = self.grows[owner, rng.integers(0, self.grows.shape[1], shape.n_lots)]
        grade, kg = rng.choice(3, shape.n_lots, p=(0.45, 0.4, 0.15)) + 1, self._masses(shape.n_lots, 1300.0)
        first = rng.integers(0, shape.n_days, shape.n_lots)
        last = np.minimum(first + rng.integers(0, 3, shape.n_lots), shape.n_days - 1)
        ask = np.round(self.price[product] * (1.12 - 0.12 * grade) * rng.uniform(0.9, 1.1, shape.n_lots), -2).astype(np.int64)
        least = np.where(rng.random(shape.n_lots) < 0.2, kg // 3, 0)
        whole, dug = rng.random(shape.n_lots) < 0.04, rng.random(shape.n_lots) < 0.3
        self.lot_owner, self.lot_product = owner, product
        columns: Sequence[Sequence[object]] = [
            [f"l{k}" for k in range(shape.n_lots)], [f"c{k}" for k in owner.tolist()], [f"s{k}" for k in owner.tolist()],
            [f"p{k}" for k in product.tolist()], grade.tolist(), kg.tolist(), _days(first), _days(last), _yes(~dug),
            self.life[product].tolist(), ask.tolist(), least.tolist(), _yes(whole), _yes(self.cold[product]), self.litres[product].tolist(),
        ]  # fmt: skip
        header = "lot_id site_id supplier_id product grade quantity_kg available_from available_until cut_on_pickup shelf_life_days"
        return Table(f"{header} ask_vnd_per_kg min_take_kg indivisible cold litres_per_kg", list(zip(*columns)))

    def _masses(self, n: int, typical_kg: float) -> Whole:
        """Skewed masses in steps of 50 kg, so that many fill a small truck and few a large one."""
        kg = np.exp(self.rng.normal(np.log(typical_kg), 0.6, n))
        return np.asarray(np.maximum(1, np.rint(kg / 50)) * 50, dtype=np.int64)

    def _demands(self) -> Table:
        shape, rng = self.shape, self.rng
        site = rng.integers(0, shape.n_buyers, shape.n_lines)
        product = self._within_reach(site)
        kg, first = self._masses(shape.n_lines, 1300.0 * shape.n_lots / shape.n_lines * 0.9), rng.integers(0, shape.n_days, shape.n_lines)
        last = np.minimum(first + rng.integers(0, 3, shape.n_lines), self._last_day)
        bid = np.round(self.price[product] * rng.uniform(1.0, 1.35, shape.n_lines) + rng.uniform(0, 1500, shape.n_lines), -2).astype(
            np.int64
        )
        grade, need = rng.choice(3, shape.n_lines, p=(0.2, 0.4, 0.4)) + 1, rng.random(shape.n_lines) < 0.2
        few, least, due = rng.random((3, shape.n_lines)) < np.array([[0.15], [0.15], [0.15]])
        columns: Sequence[Sequence[object]] = [
            [f"d{k}" for k in range(shape.n_lines)], [f"b{k}" for k in site.tolist()], [f"b{k}" for k in site.tolist()],
            [f"p{k}" for k in product.tolist()], grade.tolist(), ["VietGAP" if one else "" for one in need], kg.tolist(), _days(first),
            _days(last), np.minimum(rng.integers(0, 4, shape.n_lines), self.life[product] - 1).tolist(), bid.tolist(),
            np.where(least, kg // 4, 0).tolist(), [3 if one else None for one in few], np.where(few, 100, 0).tolist(),
            np.where(due, 1500, 0).tolist(),
        ]  # fmt: skip
        header = "line_id buyer_id site_id product max_grade requires quantity_kg deliver_from deliver_until min_life_days bid_vnd_per_kg"
        return Table(f"{header} min_fill_kg max_suppliers min_supplier_kg short_vnd_per_kg", list(zip(*columns)))

    def _within_reach(self, site: Whole) -> Whole:
        """Return for each line a product that a place within reach of its buyer grows, any product where there is none."""
        rng, lot_home = self.rng, self.home[self.lot_owner]
        of_place = [self.lot_product[lot_home == k] for k in range(self.shape.n_places)]
        near = _apart_km(self.buyer[:, None], self.place[None]) < self.shape.reach_km
        choice = np.empty(len(site), dtype=np.int64)
        for buyer in np.unique(site).tolist():
            rows = np.flatnonzero(site == buyer)
            pool = np.concatenate([of_place[k] for k in np.flatnonzero(near[buyer])] or [self.lot_product])
            choice[rows] = rng.choice(pool if len(pool) else self.lot_product, len(rows))
        return choice

    def _certificates(self) -> Table:
        held = np.flatnonzero(self.rng.random(self.shape.n_cooperatives) < 0.4).tolist()
        rows = [[f"s{k}", "*", "VietGAP", 0, "2026-01-01", "2028-12-31"] for k in held]
        return Table("supplier_id product scheme level valid_from valid_until", rows)

    # how --------------------------------------------------------------------------------------------------------------
    def _vehicles(self) -> Table:
        fleet = max(2, self.shape.n_lots // 100)
        rows = [
            ["van", 1000, 4000, "no", 200_000, "0:16000;20:9000;100:7000", 45, None, 6, 12, ""],
            ["light", 2400, 10_000, "no", 300_000, "0:22000;20:12000;100:9500", 45, None, 6, 14, ""],
            ["medium", 5000, 21_000, "no", 480_000, "0:30000;20:17000;100:13000", 42, None, 6, 14, ""],
            ["heavy", 9500, 40_000, "no", 750_000, "0:42000;20:24000;100:17500", 40, None, 6, 16, ""],
            ["long", 15_000, 56_000, "no", 1_000_000, "0:55000;20:30000;100:21000", 38, None, 5, 18, ""],
            ["cold", 3500, 14_000, "yes", 650_000, "0:32000;20:18000;100:14000", 42, None, 6, 14, ""],
            ["own", 5000, 21_000, "no", 250_000, "11000", 42, fleet, 6, 12, "depot"],
        ]
        return Table("class_id payload_kg volume_l refrigerated fixed_vnd vnd_per_km kmh count_per_day max_stops max_hours base_site", rows)

    def _carriers(self) -> Table:
        """Some cooperatives send small parcels to a buyer by bus."""
        n = min(200, self.shape.n_cooperatives // 5)
        pairs = {(int(a), int(b)) for a, b in self.rng.integers(0, (self.shape.n_cooperatives, self.shape.n_buyers), (n, 2))}
        rows = [[f"c{a}", f"b{b}", 1800, 40_000, 500, 1, "no"] for a, b in sorted(pairs)]
        return Table("from_site to_site vnd_per_kg fixed_vnd capacity_kg transit_days cold", rows)


def _yes(flags: npt.NDArray[np.bool_]) -> list[str]:
    return ["yes" if flag else "no" for flag in flags.tolist()]
