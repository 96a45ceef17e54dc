"""Results as markdown tables and as a plot of growth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

Row = dict[str, Any]
FORMATS = {"seconds": "{:.3g}", "peak_mib": "{:.0f}", "objective_vnd": "{:,.0f}", "bound_vnd": "{:,.0f}", "gap": "{:.2%}"}
TITLES = {
    "peak_mib": "memory, MiB",
    "objective_vnd": "worth, VND",
    "bound_vnd": "bound, VND",
    "share_of_full": "worth ÷ full",
    "times_engine": "time ÷ engine",
    "at_least": "proven at least",
}


def markdown(rows: Sequence[Row]) -> str:
    """Return a table with a column for every key, in the order in which the keys come up."""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    lines = ["| " + " | ".join(TITLES.get(key, key) for key in keys) + " |", "|" + "---|" * len(keys)]
    lines += ["| " + " | ".join(_cell(key, row.get(key)) for key in keys) + " |" for row in rows]
    return "\n".join(lines)


def _cell(key: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) or key in FORMATS:
        return FORMATS.get(key, "{:,.4g}").format(value)
    return str(value)


def plot_growth(rows: Sequence[Row], exponents: dict[str, float], path: Path) -> None:
    """Draw seconds over lots, both on logarithmic axes, with the fitted exponents in the legend."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for stage, exponent in exponents.items():
        points = [(row["lots"], row["seconds"]) for row in rows if row["stage"] == stage and row.get("seconds")]
        axes.loglog(*zip(*points), marker="o", label=f"{stage}: lots^{exponent:.2f}")
    axes.set_xlabel("lots")
    axes.set_ylabel("seconds")
    axes.legend()
    axes.grid(visible=True, which="both", alpha=0.3)
    figure.savefig(path)
