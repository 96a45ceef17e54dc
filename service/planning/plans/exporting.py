"""A `Problem` as the tables of the exchange format, and as a folder or archive of CSV files; `season_workbook` writes workbooks.

What is read back has the same digest. CSV files follow the format to the letter, for machines, and are not made safe for opening by a
double click.
"""

from __future__ import annotations

import csv
import io
import math
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from matching.io import Season, read_season
from matching.io.staging import place_files
from matching.io.write import BYTE_ORDER_MARK
from matching.model.problem import (
    ANY_PRODUCT,
    AS_USUAL,
    DECISION_KINDS,
    MINUTES_PER_DAY,
    NO_BASE,
    NO_HARVEST,
    NO_LIMIT,
    NO_ZONE,
    PIN,
    SITE_KINDS,
    Problem,
    TextArray,
)
from service.planning.columns import day_of

Table = tuple[list[str], list[list[str]]]
"""Header and rows, every cell as text; an empty cell takes the format's default."""
NOTHING: Mapping[str, Table] = {}


def write_problem(folder: Path, problem: Problem, beside: Mapping[str, Table] = NOTHING, *, marked: bool = False) -> None:
    """Write a problem into a folder, with other tables beside it, all tables or none; ``marked`` files begin with a byte order mark."""
    contents = {f"{name}.csv": BYTE_ORDER_MARK * marked + _csv(*table) for name, table in (problem_tables(problem) | dict(beside)).items()}
    place_files(folder, contents, ())


def pack(problem: Problem, beside: Mapping[str, Table] = NOTHING) -> bytes:
    """Return a problem as a zip archive of its CSV tables, with other tables beside them; equal contents give equal bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, table in (problem_tables(problem) | dict(beside)).items():
            archive.writestr(zipfile.ZipInfo(f"{name}.csv"), _csv(*table), zipfile.ZIP_DEFLATED)
    return file.getvalue()


def unpack(content: bytes) -> Season:
    """Return what an archive holds that `pack` made; not for archives that strangers send."""
    with tempfile.TemporaryDirectory(prefix="mca-") as folder, zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
        return read_season(Path(folder))


def problem_tables(problem: Problem) -> dict[str, Table]:
    """Return every table of a problem that has rows, and the four that must be there; ids are texts as they are."""
    made = {
        "sites": _sites(problem),
        "lots": _lots(problem),
        "certificates": _certificates(problem),
        "demands": _demands(problem),
        "vehicles": _vehicles(problem),
        "access": _access(problem),
        "calendar": _calendar(problem),
        "lanes": _lanes(problem),
        "decisions": _decisions(problem),
        "settings": _settings(problem),
    }
    needed = {"sites", "lots", "demands", "vehicles"}
    return {name: table for name, table in made.items() if table[1] or name in needed}


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return file.getvalue()


def _table(**columns: Iterable[str]) -> Table:
    return list(columns), [list(row) for row in zip(*columns.values(), strict=True)]


def _ints(values: Any) -> list[str]:
    """Return whole numbers as text; the absence of a limit is an empty cell."""
    return ["" if value == NO_LIMIT else str(value) for value in values.tolist()]


def _reals(values: Any) -> list[str]:
    """Return numbers as the shortest text that reads back as the same number; infinity and NaN are empty cells."""
    return [repr(value) if math.isfinite(value) else "" for value in values.tolist()]


def _flags(values: Any) -> list[str]:
    return ["yes" if value else "no" for value in values]


def _days(values: Any) -> list[str]:
    return [day_of(value).isoformat() for value in values.tolist()]


def _clocks(values: Any) -> list[str]:
    return ["24:00" if value == MINUTES_PER_DAY else f"{value // 60:02d}:{value % 60:02d}" for value in values.tolist()]


def _names(places: Any, names: Sequence[str] | TextArray, absent: int = -1, instead: str = "") -> list[str]:
    return [instead if place == absent else str(names[place]) for place in places.tolist()]


def _lists(starts: Any, entries: Sequence[str]) -> list[str]:
    return [";".join(entries[first:last]) for first, last in zip(starts[:-1].tolist(), starts[1:].tolist())]


def _sites(problem: Problem) -> Table:
    s = problem.sites
    return _table(
        site_id=s.id,
        kind=_names(s.kind, SITE_KINDS),
        name=s.name,
        lat=_reals(s.lat),
        lon=_reals(s.lon),
        open_from=_clocks(s.open_from_min),
        open_until=_clocks(s.open_until_min),
        stop_minutes=_reals(s.stop_min),
        minutes_per_tonne=_reals(s.min_per_tonne),
        max_vehicle_kg=_ints(s.max_vehicle_kg),
        zone=_names(s.zone, s.zone_names, NO_ZONE),
        opening_vnd=_ints(s.opening_vnd),
        throughput_kg_per_day=_ints(s.throughput_kg_per_day),
        handling_vnd_per_kg=_reals(s.handling_vnd_per_kg),
    )


def _lots(problem: Problem) -> Table:
    lots = problem.lots
    return _table(
        lot_id=lots.id,
        site_id=_names(lots.site, problem.sites.id),
        supplier_id=_names(lots.supplier, problem.supplier_ids),
        product=_names(lots.product, problem.product_ids),
        grade=_ints(lots.grade),
        quantity_kg=_ints(lots.kg),
        available_from=_days(lots.from_day),
        available_until=_days(lots.until_day),
        cut_on_pickup=_flags(lots.cut_on_pickup),
        shelf_life_days=_ints(lots.life_days),
        ask_vnd_per_kg=_ints(lots.ask_vnd_per_kg),
        min_take_kg=_ints(lots.min_take_kg),
        indivisible=_flags(lots.indivisible),
        cold=_flags(lots.cold),
        litres_per_kg=_reals(lots.litres_per_kg),
        harvest_id=_names(lots.harvest, problem.harvest_ids, NO_HARVEST),
    )


def _certificates(problem: Problem) -> Table:
    c = problem.certificates
    return _table(
        supplier_id=_names(c.supplier, problem.supplier_ids),
        product=_names(c.product, problem.product_ids, ANY_PRODUCT, "*"),
        scheme=_names(c.scheme, problem.scheme_ids),
        level=_ints(c.level),
        valid_from=_days(c.from_day),
        valid_until=_days(c.until_day),
    )


def _demands(problem: Problem) -> Table:
    lines = problem.lines
    schemes = _names(lines.require_scheme, problem.scheme_ids)
    needs = [f"{scheme}>={level}" if level else scheme for scheme, level in zip(schemes, lines.require_level.tolist())]
    return _table(
        line_id=lines.id,
        buyer_id=_names(lines.buyer, problem.buyer_ids),
        site_id=_names(lines.site, problem.sites.id),
        product=_lists(lines.product_start, _names(lines.product, problem.product_ids)),
        max_grade=_ints(lines.max_grade),
        requires=_lists(lines.require_start, needs),
        quantity_kg=_ints(lines.kg),
        deliver_from=_days(lines.from_day),
        deliver_until=_days(lines.until_day),
        min_life_days=_ints(lines.min_life_days),
        bid_vnd_per_kg=_ints(lines.bid_vnd_per_kg),
        min_fill_kg=_ints(lines.min_fill_kg),
        max_suppliers=_ints(lines.max_suppliers),
        min_supplier_kg=_ints(lines.min_supplier_kg),
        short_vnd_per_kg=_ints(lines.short_vnd_per_kg),
    )


def _vehicles(problem: Problem) -> Table:
    v = problem.vehicles
    bands = [f"{km}:{rate}" for km, rate in zip(_reals(v.band_km), _reals(v.band_vnd_per_km))]
    return _table(
        class_id=v.id,
        payload_kg=_ints(v.payload_kg),
        volume_l=_reals(v.volume_l),
        refrigerated=_flags(v.refrigerated),
        fixed_vnd=_ints(v.fixed_vnd),
        vnd_per_km=_lists(v.band_start, bands),
        kmh=_reals(v.kmh),
        count_per_day=_ints(v.count_per_day),
        max_stops=_ints(v.max_stops),
        max_hours=_reals(v.max_hours),
        base_site=_names(v.base_site, problem.sites.id, NO_BASE),
    )


def _access(problem: Problem) -> Table:
    a = problem.access
    return _table(
        zone=_names(a.zone, problem.sites.zone_names),
        min_payload_kg=_ints(a.min_payload_kg),
        closed_from=_clocks(a.closed_from_min),
        closed_until=_clocks(a.closed_until_min),
    )


def _calendar(problem: Problem) -> Table:
    c = problem.calendar
    return _table(
        site_id=_names(c.site, problem.sites.id),
        date=_days(c.day),
        closed=_flags(c.closed),
        open_from=_dated(c.open_from_min, _clocks(c.open_from_min)),
        open_until=_dated(c.open_until_min, _clocks(c.open_until_min)),
        throughput_kg=_dated(c.throughput_kg, _ints(c.throughput_kg)),
    )


def _dated(values: Any, texts: Sequence[str]) -> list[str]:
    """Return the texts, an empty cell where a date is as usual."""
    return ["" if value == AS_USUAL else text for value, text in zip(values.tolist(), texts, strict=True)]


def _lanes(problem: Problem) -> Table:
    r = problem.roads
    return _table(
        from_site=_names(r.from_site, problem.sites.id),
        to_site=_names(r.to_site, problem.sites.id),
        km=_reals(r.km),
        minutes=_reals(r.minutes),
        vnd_per_kg=_reals(r.vnd_per_kg),
        fixed_vnd=_ints(r.fixed_vnd),
        capacity_kg=_ints(r.capacity_kg),
        transit_days=_ints(r.transit_days),
        cold=_flags(r.cold),
    )


def _decisions(problem: Problem) -> Table:
    d = problem.decisions
    return _table(
        lot_id=_names(d.lot, problem.lots.id),
        line_id=_names(d.line, problem.lines.id),
        decision=_names(d.kind, DECISION_KINDS),
        kg=[str(kg) if kind == PIN else "" for kg, kind in zip(d.kg.tolist(), d.kind.tolist())],
    )


def _settings(problem: Problem) -> Table:
    days = _days(np.array([problem.horizon_from_day, problem.horizon_until_day]))
    return ["key", "value"], [["detour_factor", repr(problem.detour_factor)], ["horizon_from", days[0]], ["horizon_until", days[1]]]
