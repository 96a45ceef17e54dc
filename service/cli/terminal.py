"""What people see on the terminal when a run has ended; progress while it works is in `service.cli.progress`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from matching.model.errors import InputIssue, Violation

if TYPE_CHECKING:
    from service.plan_check import Finding
    from service.report import Report

TOP_ROWS = 10
WIDTH_WHEN_PIPED = 100


def console(*, stderr: bool = False) -> Console:
    """Return a console that writes what it is given: names may hold brackets and numbers need no colours."""
    probe = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if probe.is_terminal:
        return probe
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, width=WIDTH_WHEN_PIPED)


def millions(vnd: int | None) -> str:
    """Return an amount in millions of đồng, or a dash."""
    return "-" if vnd is None else f"{vnd / 1e6:,.1f} M"


def tonnes(kg: int) -> str:
    """Return a mass in tonnes."""
    return f"{kg / 1000:,.1f} t"


def share(part: float, whole: float) -> str:
    """Return ``part`` of ``whole`` in per cent, or a dash where there is no whole."""
    return f"{100 * part / whole:.0f} %" if whole else "-"


def percent(ratio: float | None) -> str:
    """Return a gap in per cent, or a dash."""
    return "-" if ratio is None else f"{100 * ratio:.2f} %"


def printable(text: str) -> str:
    """Return text without characters that could steer a terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def show_issues(screen: Console, source: str, issues: Sequence[InputIssue], consequence: str) -> None:
    """Print every fault of the input, one a line, under a heading that says what did not happen for it."""
    count = f"{len(issues):,} error" + ("" if len(issues) == 1 else "s")
    screen.print(Text(f"{count} in {printable(source)}; {consequence}.", style="bold red"), soft_wrap=True)
    for issue in issues:
        screen.print("  " + printable(str(issue)), soft_wrap=True)


def show_failure(screen: Console, message: str) -> None:
    """Print one sentence about what went wrong."""
    screen.print(Text(printable(message), style="bold red"), soft_wrap=True)


def show_report(screen: Console, report: Report, written_to: str) -> None:
    """Print the plan in figures: worth, volumes, trips, reasons and what to look at."""
    screen.print(_worth(report))
    screen.print(_products(report))
    if report.classes:
        screen.print(_classes(report))
    if report.reasons:
        screen.print(_reasons(report))
    for warning in report.warnings:
        screen.print(Text("! ", style="yellow") + Text(printable(warning)), soft_wrap=True)
    screen.print(f"Written to {printable(written_to)}", soft_wrap=True)


def show_finding(screen: Console, finding: Finding) -> None:
    """Print what is broken, and the figures of the plan as recomputed."""
    verdict = finding.verdict
    for violation in finding.violations:
        screen.print(Text("BROKEN ", style="bold red") + Text(printable(_broken(violation))), soft_wrap=True)
    rows = [
        ("worth", millions(verdict.objective_vnd)),
        ("  goods", millions(verdict.goods_vnd)),
        ("  freight", millions(-verdict.freight_vnd)),
        ("  handling", millions(-verdict.handling_vnd)),
        ("  openings", millions(-verdict.opening_vnd)),
        ("  penalties", millions(-verdict.short_vnd)),
        ("claimed bound", millions(finding.claimed.bound_vnd)),
        ("matched", tonnes(finding.matched_kg)),
        ("trips", f"{finding.trips:,}, {verdict.km:,.0f} km"),
    ]
    screen.print(_grid(rows))
    if not finding.same_input:
        screen.print(Text("! ", style="yellow") + Text("The plan does not say that it was made from this input."))
    verdict_text = f"Broken rules: {len(finding.violations):,}." if finding.violations else "No rule is broken."
    screen.print(Text(verdict_text, style="bold red" if finding.violations else "bold green"))


def _broken(violation: Violation) -> str:
    return f"{violation.rule}: {violation.where} {violation.detail}".rstrip()


def _worth(report: Report) -> Table:
    per_kg = f"{report.freight_vnd_per_kg:,.0f} đ/kg"
    trips = f"{report.trips:,} trips, " if report.trips else ""
    rows = [
        ("Worth of the plan", f"{millions(report.objective_vnd)} đ ({report.status})"),
        ("No plan can exceed", f"{millions(report.bound_vnd)} đ, gap {percent(report.gap)}"),
        ("Goods", f"{millions(report.goods_vnd)} đ"),
        ("  less freight", f"{millions(report.freight_vnd)} đ, {trips}{per_kg}"),
    ]
    if report.other_vnd:
        rows.append(("  less hubs and openings", f"{millions(report.other_vnd)} đ"))
    if report.short_vnd:
        rows.append(("  less penalties", f"{millions(report.short_vnd)} đ"))
    filled = share(report.matched_kg, report.wanted_kg)
    rows.append(("Demand", f"{tonnes(report.matched_kg)} of {tonnes(report.wanted_kg)} matched, {filled}"))
    rows.append(
        ("Supply", f"{tonnes(report.matched_kg)} of {tonnes(report.offered_kg)} taken, {share(report.matched_kg, report.offered_kg)}")
    )
    rows.append(("Time", f"{report.seconds:,.1f} s, ended by {report.termination}, seed {report.seed}"))
    return _grid(rows)


def _grid(rows: Iterable[tuple[str, str]]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim")
    grid.add_column()
    for name, value in rows:
        grid.add_row(name, value)
    return grid


def _table(title: str, text_columns: Sequence[str], number_columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in text_columns:
        table.add_column(name, overflow="fold")
    for name in number_columns:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _products(report: Report) -> Table:
    table = _table("Demand by product", ["product"], ["wanted", "matched", "open", "filled"])
    for row in report.products[:TOP_ROWS]:
        filled = share(row.matched_kg, row.wanted_kg)
        table.add_row(printable(row.product), tonnes(row.wanted_kg), tonnes(row.matched_kg), tonnes(row.open_kg), filled)
    rest = report.products[TOP_ROWS:]
    if rest:
        wanted, matched, left = sum(r.wanted_kg for r in rest), sum(r.matched_kg for r in rest), sum(r.open_kg for r in rest)
        table.add_row(f"{len(rest)} more", tonnes(wanted), tonnes(matched), tonnes(left), share(matched, wanted), style="dim")
    return table


def _classes(report: Report) -> Table:
    table = _table("Trips by class", ["class"], ["trips", "km", "carried", "full", "cost"])
    for row in report.classes:
        full = share(row.carried_kg, row.capacity_kg)
        table.add_row(printable(row.class_id), f"{row.trips:,}", f"{row.km:,.0f}", tonnes(row.carried_kg), full, millions(row.cost_vnd))
    return table


def _reasons(report: Report) -> Table:
    table = _table("Why things are open", ["", "reason"], ["count", "open"])
    for row in report.reasons[:TOP_ROWS]:
        table.add_row(row.subject + "s", printable(row.reason.replace("_", " ")), f"{row.count:,}", tonnes(row.open_kg))
    return table
