"""The settings table, and the faults that only several tables together show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from matching.io.cells import Unfit
from matching.io.issues import Issues
from matching.io.parse import Parsed
from matching.io.schema import CARRIER_CLASS, SETTING_PARSERS
from matching.model.problem import NO_LIMIT, PIN, BoolArray, FloatArray


@dataclass(frozen=True)
class Settings:
    """What applies to the whole input; None for an end of the horizon that is not set."""

    detour_factor: float = 1.3
    horizon_from_day: int | None = None
    horizon_until_day: int | None = None


def read_settings(table: Parsed, issues: Issues) -> Settings:
    """Read the settings table and check that its horizon does not end before it starts."""
    values: dict[str, Any] = {}
    rows: dict[str, int] = {}
    for row, key, text in zip(table.rows, table["key"], table["value"], strict=True):
        if key and key not in SETTING_PARSERS:
            issues.add("settings", int(row), "key", key, f"one of {', '.join(SETTING_PARSERS)}")
        elif key and text and key not in values:
            _read_setting(values, key, text, int(row), issues)
            rows[key] = int(row)
    settings = Settings(values.get("detour_factor", 1.3), values.get("horizon_from"), values.get("horizon_until"))
    first, last = settings.horizon_from_day, settings.horizon_until_day
    if first is not None and last is not None and last < first:
        text = table["value"][table.rows == rows["horizon_until"]][0]
        issues.add("settings", rows["horizon_until"], "value", text, "a date not before horizon_from")
    return settings


def _read_setting(values: dict[str, Any], key: str, text: str, row: int, issues: Issues) -> None:
    try:
        values[key] = SETTING_PARSERS[key](text)
    except Unfit as unfit:
        issues.add("settings", row, "value", text, f"{key} is {unfit}")


def check_together(tables: dict[str, Parsed], issues: Issues) -> None:
    """Note pins that cannot be kept, and worths that are too large to be exact."""
    _check_pins(tables, issues)
    classes = tables["vehicles"]
    classes.tell(
        issues, classes["class_id"] == CARRIER_CLASS, "class_id", f"another id: plans write {CARRIER_CLASS} for goods sent by carrier"
    )
    _check_worth(tables["lots"], "ask_vnd_per_kg", issues)
    _check_worth(tables["demands"], "bid_vnd_per_kg", issues)
    _check_worth(tables["demands"], "short_vnd_per_kg", issues)
    for name in ("lots", "demands"):
        _check_total(tables[name], None, issues)
    for name, rate in (("lots", "ask_vnd_per_kg"), ("demands", "bid_vnd_per_kg"), ("demands", "short_vnd_per_kg")):
        _check_total(tables[name], rate, issues)


def _check_worth(table: Parsed, rate: str, issues: Issues) -> None:
    worth: FloatArray = table["quantity_kg"].astype(np.float64) * table[rate]
    fits: BoolArray = table.fits["quantity_kg"] & table.fits[rate]
    table.tell(issues, fits & (worth > NO_LIMIT), rate, f"quantity_kg × {rate} up to {NO_LIMIT} VND, to be exact")


def _check_total(table: Parsed, rate: str | None, issues: Issues) -> None:
    """Note a table whose kilograms, or whose kilograms times ``rate``, come to more than can be exact."""
    fits: BoolArray = table.fits["quantity_kg"] & (True if rate is None else table.fits[rate])
    rates = np.ones(len(table)) if rate is None else table[rate].astype(np.float64)
    worths = (table["quantity_kg"].astype(np.float64) * rates)[fits]
    total = float(worths.sum())
    # One row alone that is too large is a fault of its own.
    if total > NO_LIMIT and worths.max(initial=0.0) <= NO_LIMIT:
        what = "quantity_kg" if rate is None else f"quantity_kg × {rate}"
        unit = "kg" if rate is None else "VND"
        issues.add(
            table.schema.name, 0, rate or "quantity_kg", f"{total:.3g}", f"{what} of all rows up to {NO_LIMIT} {unit} in all, to be exact"
        )


def _check_pins(tables: dict[str, Parsed], issues: Issues) -> None:
    decisions = tables["decisions"]
    pinned: BoolArray = decisions.fits["decision"] & decisions.fits["kg"] & (decisions["decision"] == PIN)
    decisions.tell(issues, pinned & (decisions["kg"] < 0), "kg", "the least kg to deliver: a pin needs it")
    for column, name in (("lot_id", "lots"), ("line_id", "demands")):
        counted = pinned & (decisions["kg"] >= 0) & decisions.fits[column]
        if counted.any():
            over = _pinned_over(decisions, counted, column, tables[name])
            decisions.tell(issues, over, "kg", f"pins of one {column} that add up to at most its quantity_kg in {name}")


def _pinned_over(decisions: Parsed, counted: BoolArray, column: str, subject: Parsed) -> BoolArray:
    """Tell which pins belong to a subject whose pins together exceed its quantity, shape (n_decisions,)."""
    total: dict[str, int] = {}
    for key, kg in zip(decisions[column][counted], decisions["kg"][counted], strict=True):
        total[key] = total.get(key, 0) + int(kg)
    over = {
        key
        for key, kg, fits in zip(subject[subject.schema.key[0]], subject["quantity_kg"], subject.fits["quantity_kg"], strict=True)
        if fits and total.get(key, 0) > kg
    }
    return counted & np.array([key in over for key in decisions[column]], dtype=np.bool_)
