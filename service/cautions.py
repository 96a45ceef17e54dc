"""What a coordinator should look at before trusting a plan: certificates that lapse, goods nobody wants, lines nobody can serve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

import numpy as np

from matching.model.problem import ANY_PRODUCT, BoolArray, IntArray, Problem

EXAMPLES = 3


def cautions(problem: Problem, matched_kg: IntArray) -> tuple[str, ...]:
    """Return one sentence for each kind of thing to look at, none where all is well.

    Parameters
    ----------
    matched_kg : what each line gets, shape (n_lines,), kg.
    """
    checks: tuple[Callable[[], str | None], ...] = (
        lambda: _lapsing_certificates(problem),
        lambda: _unwanted_lots(problem),
        lambda: _unserved_lines(problem),
        lambda: _penalties(problem, matched_kg),
    )
    return tuple(sentence for check in checks if (sentence := check()) is not None)


def floor_cautions(absent: Sequence[str]) -> tuple[str, ...]:
    """Return a sentence on the suppliers, by id, that floors name and that offer nothing; none where there are none."""
    names = list(dict.fromkeys(absent))
    told = _sentence(
        len(names),
        "supplier that a floor names offers nothing in this input, so nothing is due to it",
        "suppliers that floors name offer nothing in this input, so nothing is due to them",
        names,
    )
    return () if told is None else (told,)


def _lapsing_certificates(problem: Problem) -> str | None:
    """Certificates that end inside the horizon while their supplier still has goods to ship."""
    held = problem.certificates
    ending = (held.until_day >= problem.horizon_from_day) & (held.until_day < problem.horizon_until_day)
    rows = np.flatnonzero(ending & (_last_shipping_day(problem) > held.until_day)).tolist()
    return _sentence(
        len(rows),
        "certificate lapses while its supplier still has goods",
        "certificates lapse while their suppliers still have goods",
        [_certificate_name(problem, row) for row in rows],
    )


def _last_shipping_day(problem: Problem) -> IntArray:
    """Last day on which a certificate's supplier has goods that it covers, -1 for none; shape (n_certificates,)."""
    lots, held = problem.lots, problem.certificates
    of_supplier = _latest(lots.supplier, lots.until_day, held.supplier)
    n_products = len(problem.product_ids)
    of_both = _latest(lots.supplier * n_products + lots.product, lots.until_day, held.supplier * n_products + held.product)
    return np.where(held.product == ANY_PRODUCT, of_supplier, of_both)


def _latest(keys: IntArray, days: IntArray, wanted: IntArray) -> IntArray:
    """Latest of the days under each wanted key, -1 where there is none; shape of ``wanted``."""
    known, place = np.unique(keys, return_inverse=True)
    latest = np.full(len(known) + 1, -1, dtype=np.int64)
    np.maximum.at(latest, place, days)
    at = np.searchsorted(known, wanted)
    found = np.append(known, -1)[at] == wanted
    return np.where(found, latest[at], -1)


def _certificate_name(problem: Problem, row: int) -> str:
    held = problem.certificates
    until = date(1970, 1, 1) + timedelta(days=int(held.until_day[row]))
    return f"{problem.scheme_ids[held.scheme[row]]} of {problem.supplier_ids[held.supplier[row]]} on {until.isoformat()}"


def _unwanted_lots(problem: Problem) -> str | None:
    """Lots whose product no line accepts."""
    unwanted = ~np.isin(problem.lots.product, problem.lines.product)
    names = [problem.product_ids[p] for p in np.unique(problem.lots.product[unwanted])]
    kg = int(problem.lots.kg[unwanted].sum())
    return _sentence(
        int(unwanted.sum()),
        f"lot ({kg / 1000:,.1f} t) is of a product that nobody wants",
        f"lots ({kg / 1000:,.1f} t) are of products that nobody wants",
        names,
    )


def _unserved_lines(problem: Problem) -> str | None:
    """Lines for which there is no lot of an accepted product and grade at all."""
    unserved = ~_has_any_lot(problem)
    kg = int(problem.lines.kg[unserved].sum())
    return _sentence(
        int(unserved.sum()),
        f"line ({kg / 1000:,.1f} t) wants a product or grade that no lot offers",
        f"lines ({kg / 1000:,.1f} t) want a product or grade that no lot offers",
        problem.lines.id[unserved].tolist(),
    )


def _has_any_lot(problem: Problem) -> BoolArray:
    """Whether some lot has an accepted product and grade, shape (n_lines,)."""
    lines = problem.lines
    best_grade = np.full(len(problem.product_ids), np.iinfo(np.int64).max, dtype=np.int64)
    np.minimum.at(best_grade, problem.lots.product, problem.lots.grade)
    line_of_entry = np.repeat(np.arange(problem.n_lines), np.diff(lines.product_start))
    fits = best_grade[lines.product] <= lines.max_grade[line_of_entry]
    has = np.zeros(problem.n_lines, dtype=np.bool_)
    has[line_of_entry[fits]] = True
    return has


def _penalties(problem: Problem, matched_kg: IntArray) -> str | None:
    """Contract lines that the plan leaves short at a price."""
    missing = problem.lines.kg - matched_kg
    short = (missing > 0) & (problem.lines.short_vnd_per_kg > 0)
    cost = int((missing * problem.lines.short_vnd_per_kg)[short].sum())
    return _sentence(
        int(short.sum()),
        f"line under contract is left short, at {cost:,} đ of penalty",
        f"lines under contract are left short, at {cost:,} đ of penalties",
        problem.lines.id[short].tolist(),
    )


def _sentence(count: int, one: str, many: str, names: Sequence[str]) -> str | None:
    """Join a count, its words and the first few names; None for a count of zero."""
    if count == 0:
        return None
    more = ", …" if len(names) > EXAMPLES else ""
    return f"{count:,} {one if count == 1 else many}: {', '.join(names[:EXAMPLES])}{more}"
