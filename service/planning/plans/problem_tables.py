"""Columns of the database → the frozen tables of a `Problem`, one function each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sqlalchemy.orm import Session

from matching.model import problem as engine
from matching.model.problem import (
    ANY_PRODUCT,
    AS_USUAL,
    DECISION_KINDS,
    FORBID,
    NO_BASE,
    NO_LIMIT,
    NO_ZONE,
    PIN,
    SITE_KINDS,
    BoolArray,
    IntArray,
)
from service.planning.columns import Columns, day_numbers, flat, of, places, starts
from service.planning.models import Decision
from service.planning.plans.certificates import CertificateRow
from service.planning.plans.commitments import Promised
from service.planning.plans.rejections import standing_pairs

Names = Sequence[str]


def sites(rows: Columns, zones: tuple[str, ...], promised: Promised) -> engine.Sites:
    """Return the sites; throughput is what promises leave of it."""
    return engine.Sites(
        id=rows.texts("code"),
        kind=places(rows["kind"], SITE_KINDS),
        name=rows.texts("name"),
        lat=rows.floats("lat"),
        lon=rows.floats("lon"),
        open_from_min=rows.ints("open_from_min"),
        open_until_min=rows.ints("open_until_min"),
        stop_min=rows.floats("stop_min"),
        min_per_tonne=rows.floats("min_per_tonne"),
        max_vehicle_kg=rows.ints("max_vehicle_kg", NO_LIMIT),
        zone=places(rows["zone"], zones, NO_ZONE),
        opening_vnd=rows.ints("opening_vnd"),
        throughput_kg_per_day=promised.left(rows.ints("throughput_kg_per_day", NO_LIMIT), rows["id"], promised.throughput),
        handling_vnd_per_kg=rows.floats("handling_vnd_per_kg"),
        zone_names=zones,
    )


def lots(rows: Columns, site_ids: Sequence[int], supplier: IntArray, product: IntArray, harvest: IntArray) -> engine.Lots:
    """Return what is still on offer."""
    offered = rows.ints("offered_kg")
    taken = rows.ints("quantity_kg") - offered - rows.ints("withdrawn_kg")
    return engine.Lots(
        id=rows.texts("code"),
        site=places(rows["site_id"], site_ids),
        supplier=supplier,
        product=product,
        grade=rows.ints("grade"),
        kg=offered,
        from_day=rows.days("available_from"),
        until_day=rows.days("available_until"),
        cut_on_pickup=rows.flags("cut_on_pickup"),
        life_days=rows.ints("shelf_life_days"),
        ask_vnd_per_kg=rows.ints("ask_vnd_per_kg"),
        min_take_kg=np.maximum(0, rows.ints("min_take_kg") - taken),
        indivisible=rows.flags("indivisible"),
        cold=rows.flags("cold"),
        litres_per_kg=rows.floats("litres_per_kg"),
        harvest=harvest,
    )


def certificates(rows: Sequence[CertificateRow], suppliers: Names, product: IntArray, schemes: Names) -> engine.Certificates:
    """Return what is proven; `product` is the place of each row's product, -1 for every product."""
    return engine.Certificates(
        supplier=places([row.supplier for row in rows], suppliers),
        product=np.where(product < 0, ANY_PRODUCT, product),
        scheme=places([row.scheme for row in rows], schemes),
        level=np.array([row.level for row in rows], dtype=np.int64),
        from_day=day_numbers(row.first for row in rows),
        until_day=day_numbers(row.last for row in rows),
    )


@dataclass(frozen=True)
class Wishes:
    """The two ragged lists of the lines: accepted products and required schemes."""

    product_start: IntArray
    product: IntArray
    require_start: IntArray
    require_scheme: IntArray
    require_level: IntArray

    @classmethod
    def of(cls, accepted: Sequence[Sequence[str]], required: Sequence[Sequence[tuple[str, int]]], products: Names, schemes: Names) -> Self:
        """Return the lists of codes as places among all products and schemes."""
        needs = flat(required)
        return cls(
            starts(accepted),
            places(flat(accepted), products),
            starts(required),
            places([scheme for scheme, _ in needs], schemes),
            np.array([level for _, level in needs], dtype=np.int64),
        )


def lines(rows: Columns, site_ids: Sequence[int], buyer: IntArray, wishes: Wishes, promised: Promised) -> engine.Lines:
    """Return what is still asked for."""
    taken = rows.ints("promised_kg")
    return engine.Lines(
        id=rows.texts("code"),
        buyer=buyer,
        site=places(rows["site_id"], site_ids),
        max_grade=rows.ints("max_grade"),
        kg=rows.ints("quantity_kg") - taken,
        from_day=rows.days("deliver_from"),
        until_day=rows.days("deliver_until"),
        min_life_days=rows.ints("min_life_days"),
        bid_vnd_per_kg=rows.ints("bid_vnd_per_kg"),
        min_fill_kg=np.maximum(0, rows.ints("min_fill_kg") - taken),
        max_suppliers=promised.left(rows.ints("max_suppliers", NO_LIMIT), rows["id"], promised.suppliers),
        min_supplier_kg=rows.ints("min_supplier_kg"),
        short_vnd_per_kg=rows.ints("short_vnd_per_kg"),
        **vars(wishes),
    )


def vehicles(rows: Columns, tariffs: Sequence[tuple[int, Any]], site_ids: Sequence[int], promised: Promised) -> engine.Vehicles:
    """Return the vehicle classes with their tariffs: fixed VND per trip, and pairs of first km and VND per km."""
    bands = [bands for _, bands in tariffs]
    return engine.Vehicles(
        id=rows.texts("code"),
        payload_kg=rows.ints("payload_kg"),
        volume_l=rows.floats("volume_l", np.inf),
        refrigerated=rows.flags("refrigerated"),
        fixed_vnd=np.array([fixed for fixed, _ in tariffs], dtype=np.int64),
        kmh=rows.floats("kmh"),
        count_per_day=promised.left(rows.ints("count_per_day", NO_LIMIT), rows["id"], promised.trucks),
        max_stops=rows.ints("max_stops"),
        max_hours=rows.floats("max_hours"),
        base_site=places(rows["base_site_id"], site_ids, NO_BASE),
        band_start=starts(bands),
        band_km=np.array([km for km, _ in flat(bands)], dtype=np.float64),
        band_vnd_per_km=np.array([rate for _, rate in flat(bands)], dtype=np.float64),
    )


def access(rows: Columns, zones: Names) -> engine.Access:
    """Return the access rules."""
    return engine.Access(
        zone=places(rows["zone"], zones),
        min_payload_kg=rows.ints("min_payload_kg"),
        closed_from_min=rows.ints("closed_from_min"),
        closed_until_min=rows.ints("closed_until_min"),
    )


def calendar(rows: Columns, site_ids: Sequence[int], promised: Promised) -> engine.Calendar:
    """Return the dates that differ from their sites' usual days; throughput is what promises leave of it."""
    throughput = promised.left(rows.ints("throughput_kg", NO_LIMIT), rows["site_id"], promised.throughput)
    return engine.Calendar(
        site=places(rows["site_id"], site_ids),
        day=rows.days("day"),
        closed=rows.flags("closed"),
        open_from_min=rows.ints("open_from_min", AS_USUAL),
        open_until_min=rows.ints("open_until_min", AS_USUAL),
        throughput_kg=np.where(throughput == NO_LIMIT, AS_USUAL, throughput),
    )


def roads(rows: Columns, site_ids: Sequence[int]) -> engine.Roads:
    """Return the known roads and carriers."""
    return engine.Roads(
        from_site=places(rows["from_site_id"], site_ids),
        to_site=places(rows["to_site_id"], site_ids),
        km=rows.floats("km"),
        minutes=rows.floats("minutes"),
        vnd_per_kg=rows.floats("vnd_per_kg"),
        fixed_vnd=rows.ints("fixed_vnd"),
        capacity_kg=rows.ints("capacity_kg", NO_LIMIT),
        transit_days=rows.ints("transit_days"),
        cold=rows.flags("cold"),
    )


def decisions(
    session: Session, association_id: int, lot_ids: Sequence[int], line_ids: Sequence[int], promised: Promised
) -> engine.Decisions:
    """Return the decisions that stand between open lots and lines; a pin that promises have kept in full is gone.

    A pair that somebody rejected, and of which nothing material has changed since, is forbidden like one that a broker forbade.
    """
    rows = Columns(session, of(Decision, association_id, "lot_id", "line_id", "kind", "kg").where(Decision.revoked_at.is_(None)))
    lot, line, kind = places(rows["lot_id"], lot_ids), places(rows["line_id"], line_ids), places(rows["kind"], DECISION_KINDS)
    kept = np.array([promised.pairs.get(pair, 0) for pair in zip(rows["lot_id"], rows["line_id"])], dtype=np.int64)
    kg = np.maximum(0, rows.ints("kg") - kept)
    stands: BoolArray = (lot >= 0) & (line >= 0) & ((kind != PIN) | (kg > 0) | (kept == 0))
    decided = engine.Decisions(lot=lot[stands], line=line[stands], kind=kind[stands], kg=kg[stands])
    return _with_rejected(decided, standing_pairs(session, association_id), lot_ids, line_ids)


def _with_rejected(
    decided: engine.Decisions, rejected: Collection[tuple[int, int]], lot_ids: Sequence[int], line_ids: Sequence[int]
) -> engine.Decisions:
    """Add a forbid for each rejected pair of open lots and lines about which nothing has been decided."""
    lot, line = places((pair[0] for pair in rejected), lot_ids), places((pair[1] for pair in rejected), line_ids)
    known = set(zip(decided.lot.tolist(), decided.line.tolist()))
    more = sorted(pair for pair in zip(lot.tolist(), line.tolist()) if min(pair) >= 0 and pair not in known)
    if not more:
        return decided
    columns = zip(*more, strict=True)
    added = [np.array(column, dtype=np.int64) for column in columns]
    kinds, none = np.full(len(more), FORBID, dtype=np.int64), np.zeros(len(more), dtype=np.int64)
    old = (decided.lot, decided.line, decided.kind, decided.kg)
    return engine.Decisions(*(np.concatenate(two) for two in zip(old, (*added, kinds, none), strict=True)))
