"""Which cooperatives and groups together could fill a line that needs more than any one supplier has.

A member of a pool is a place that grows: a cooperative, or a group whose sponsor signs for it, which is the supplier of its lots. The
line's rules on minimums and on the number of suppliers count those who sign. A proposal is verified by planning again with its kilograms
pinned, so it comes with a complete plan that keeps every rule, and with what that plan gains or loses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from matching.explain.context import PlanContext
from matching.explain.local import Found, Local
from matching.explain.pairs import AT, find_pairs
from matching.model.plan import LINE
from matching.model.problem import PIN, Decisions, IntArray, Problem
from matching.model.reasons import Reason
from matching.verify import verify

MOST_SIGNERS = 10
"""Suppliers among which pools are sought, those with the most to give first."""
TRIES = 3


class PoolOutcome(StrEnum):
    """What became of the search for a pool. The codes are stable."""

    FOUND = "found"
    NONE = "none"
    FILLED = "filled"


@dataclass(frozen=True)
class Member:
    """A place that grows for a pool.

    Attributes
    ----------
    site : row of the cooperative or group.
    signer : index into `Problem.supplier_ids` of the cooperative, or of the group's sponsor, that signs.
    lots : rows of its lots with kilograms.
    """

    site: int
    signer: int
    lots: tuple[tuple[int, int], ...]

    @property
    def kg(self) -> int:
        """What it brings."""
        return sum(kg for _, kg in self.lots)


@dataclass(frozen=True)
class Pool:
    """A proposal for a line.

    Attributes
    ----------
    open_kg : what the line lacks without it.
    members : the most first; empty where none was found.
    gain_vnd : what the verified plan with it is worth more than the best found without it with equal effort; negative where it costs.
    """

    outcome: PoolOutcome
    line: int
    open_kg: int
    members: tuple[Member, ...] = ()
    gain_vnd: int = 0

    @property
    def kg(self) -> int:
        """What all members bring together."""
        return sum(member.kg for member in self.members)


class _Supply(NamedTuple):
    """What a supplier could still bring to a line: lots with kilograms and gains, the best first."""

    signer: int
    brought_kg: int
    lots: tuple[tuple[int, int, float], ...]

    @property
    def kg(self) -> int:
        return sum(kg for _, kg, _ in self.lots)


def find_pool(
    context: PlanContext, line: int, *, iterations: int = 1500, seed: int = 0, expired: Callable[[], bool] = lambda: False
) -> Pool:
    """Propose who together fills as much as possible of what a line lacks.

    Parameters
    ----------
    expired : asked between searches; once it is true the best proposal so far is given.
    """
    open_kg = int(context.use.line_open_kg[line])
    if open_kg <= 0:
        return Pool(PoolOutcome.FILLED, line, 0)
    best: Pool | None = None
    now = _without(context, line, iterations, seed)
    for shares in _shares(context, line, open_kg):
        if expired() and best is not None:
            break
        found = _planned(context, line, shares, iterations, seed)
        if found is not None:
            made = Pool(PoolOutcome.FOUND, line, open_kg, _members(context.problem, shares), found.worth_vnd - now)
            if best is None or (made.kg, made.gain_vnd) > (best.kg, best.gain_vnd):
                best = made
    return best or Pool(PoolOutcome.NONE, line, open_kg)


# who could bring how much --------------------------------------------------------------------------------------------
def _supplies(context: PlanContext, line: int) -> list[_Supply]:
    """Suppliers with open lots that are admissible for a line and pay, the most first."""
    pairs = find_pairs(context, LINE, line)
    pairs = pairs.take(pairs.step >= AT[Reason.BETTER_OFFER])
    lots = context.problem.lots
    found: dict[int, list[tuple[int, int, float]]] = {}
    taken: dict[int, int] = {}
    for lot, gain in sorted(zip(pairs.lot.tolist(), pairs.gain_vnd_per_kg.tolist()), key=lambda one: (-one[1], one[0])):
        kg = int(context.use.lot_open_kg[lot])
        kg = kg if (room := context.cap_room_kg(lot)) is None else min(kg, room - taken.get(int(lots.supplier[lot]), 0))
        if kg > 0 and not (lots.indivisible[lot] and kg < lots.kg[lot]):
            found.setdefault(int(lots.supplier[lot]), []).append((lot, kg, gain))
            taken[int(lots.supplier[lot])] = taken.get(int(lots.supplier[lot]), 0) + kg
    made = []
    for signer, those in found.items():
        brought = int(context.use.brought_by(context.problem, np.array([those[0][0]]), np.array([line]))[0])
        made.append(_Supply(signer, brought, tuple(those)))
    return sorted(made, key=lambda one: (-one.kg, one.signer))[:MOST_SIGNERS]


def _shares(context: PlanContext, line: int, open_kg: int) -> Iterator[dict[int, int]]:
    """Yield the most promising ways, as kilograms of lots: those that fill most first, then those that gain most."""
    supplies, room = _supplies(context, line), int(context.use.suppliers_left[line])
    ranked: list[tuple[int, float, dict[int, int]]] = []
    for count in range(1, len(supplies) + 1):
        for chosen in combinations(supplies, count):
            if sum(one.brought_kg == 0 for one in chosen) > room:
                continue
            shares, gain = _split(context, line, chosen, open_kg)
            if shares:
                ranked.append((sum(shares.values()), gain, shares))
        if ranked and max(kg for kg, _, _ in ranked) >= open_kg:
            break
    ranked.sort(key=lambda one: (-one[0], -one[1], sorted(one[2])))
    yield from (shares for _, _, shares in ranked[:TRIES])


def _split(context: PlanContext, line: int, chosen: tuple[_Supply, ...], open_kg: int) -> tuple[dict[int, int], float]:
    """Share what a line lacks out: first what each supplier must bring at least, then by gain; nothing where a minimum isn't met."""
    lines, problem = context.problem.lines, context.problem
    least = [max(0, int(lines.min_supplier_kg[line]) - one.brought_kg) for one in chosen]
    if any(one.kg < most for one, most in zip(chosen, least)) or sum(least) > open_kg:
        return {}, 0.0
    shares: dict[int, int] = {}
    left, gain = open_kg, 0.0
    wanted = [(lot, min(kg, most), worth) for one, most in zip(chosen, least) for lot, kg, worth in _first(one, most)]
    rest = sorted(((lot, kg, worth) for one in chosen for lot, kg, worth in one.lots), key=lambda item: (-item[2], item[0]))
    for lot, kg, worth in [*wanted, *rest]:
        most = min(left, kg if (lot, kg, worth) in wanted else kg - shares.get(lot, 0))
        most = 0 if problem.lots.indivisible[lot] and most < problem.lots.kg[lot] else most
        if most > 0:
            shares[lot], left, gain = shares.get(lot, 0) + most, left - most, gain + most * worth
    total = int(lines.kg[line]) - open_kg + sum(shares.values())
    return (shares, gain) if total >= lines.min_fill_kg[line] else ({}, 0.0)


def _first(supply: _Supply, kg: int) -> list[tuple[int, int, float]]:
    """The best lots of a supplier that come to so many kilograms."""
    made, left = [], kg
    for lot, has, worth in supply.lots:
        if left > 0:
            made.append((lot, min(has, left), worth))
            left -= has
    return made


# planning with it ----------------------------------------------------------------------------------------------------
def _planned(context: PlanContext, line: int, shares: dict[int, int], iterations: int, seed: int) -> Found | None:
    """Plan again with the kilograms of a pool pinned."""
    lots: IntArray = np.array(sorted(shares), dtype=np.int64)
    local = Local(context, LINE, line, np.array([line]), lots)
    return local.solve(_pinned(context, line, shares), most_kg=None, iterations=iterations, seed=seed)


def _without(context: PlanContext, line: int, iterations: int, seed: int) -> int:
    """Worth of the best plan found with equal effort in which the line gets no more than now, đồng."""
    worth, used = verify(context.problem, context.plan).objective_vnd, int(context.problem.lines.kg[line] - context.use.line_open_kg[line])
    local = Local(context, LINE, line, np.array([line]), np.zeros(0, dtype=np.int64))
    found = local.solve(context.problem, most_kg=used, iterations=iterations, seed=seed)
    return worth if found is None else max(worth, found.worth_vnd)


def _pinned(context: PlanContext, line: int, shares: dict[int, int]) -> Problem:
    """Return the problem with what the plan and a pool bring to a line pinned."""
    problem, a = context.problem, context.plan.allocations
    wanted = dict(shares)
    for lot, kg in zip(a.lot[a.line == line].tolist(), a.kg[a.line == line].tolist()):
        wanted[lot] = wanted.get(lot, 0) + kg
    d = problem.decisions
    other = np.flatnonzero(~((d.line == line) & np.isin(d.lot, list(wanted))))
    rows = np.array(sorted(wanted), dtype=np.int64)
    made = Decisions(
        np.concatenate([d.lot[other], rows]),
        np.concatenate([d.line[other], np.full(len(rows), line)]),
        np.concatenate([d.kind[other], np.full(len(rows), PIN)]),
        np.concatenate([d.kg[other], np.array([wanted[lot] for lot in rows.tolist()], dtype=np.int64)]),
    )
    return problem.replace(decisions=made)


def _members(problem: Problem, shares: dict[int, int]) -> tuple[Member, ...]:
    """Bring the lots of a pool together by where they grow and who signs."""
    by: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for lot, kg in sorted(shares.items()):
        by.setdefault((int(problem.lots.site[lot]), int(problem.lots.supplier[lot])), []).append((lot, kg))
    made = [Member(site, signer, tuple(lots)) for (site, signer), lots in by.items()]
    return tuple(sorted(made, key=lambda member: (-member.kg, member.site)))


def pool_json(context: PlanContext, pool: Pool) -> dict[str, Any]:
    """Return a pool as JSON values."""
    problem = context.problem
    members = [
        {
            "site": str(problem.sites.id[member.site]),
            "signer": problem.supplier_ids[member.signer],
            "kg": member.kg,
            "lots": [{"id": context.name("lot", lot), "kg": kg} for lot, kg in member.lots],
        }
        for member in pool.members
    ]
    figures = {"open_kg": pool.open_kg, "kg": pool.kg, "gain_vnd": pool.gain_vnd}
    return {"outcome": pool.outcome.value, "line": context.name(LINE, pool.line), **figures, "members": members}
