"""Subproblems: some trips and rows of a plan may change, all other trips stay.

Every neighbourhood search of the engine is made of the same steps: choose the trips that are freed, build the residual problem of what the
kept trips leave (`free_trips`), search it (`matching.search.subproblem_search`), and join the result with the kept trips
(`Subproblem.with_kept`). A rule that couples a row's allocations (`matching.rules`) locks the row where kept trips serve it: what is taken
of it may not change.

A search that relies on the verifier instead of locks asks for the limits that the kept trips leave (`residual`).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from matching.model.plan import Plan
from matching.model.problem import PIN, BoolArray, IntArray, Problem
from matching.model.subset import Subset, subset
from matching.rules import indivisible, min_fill, min_take, one_harvest
from matching.rules._coupling import coupled_lines, coupled_lots, suppliers_left
from matching.search.plan_ops import combine_plans, into_subset, kg_on_pairs, out_of_subset
from matching.search.resource_use import ResourceUse, resource_use


@dataclass(frozen=True, eq=False)
class Subproblem:
    """What a search may change, and what it must leave alone.

    Attributes
    ----------
    rows : the residual problem, and where its rows stand in the whole problem.
    plan : trips to start from, numbered as the residual problem; None to build first ones.
    lot_locked, line_locked : rows of the residual problem of which the same kilograms stay allocated, because a rule couples them with
        kept trips.
    use : resources that other trips use or that are reserved for them, by site and road of the residual problem.
    """

    rows: Subset
    plan: Plan | None
    lot_locked: BoolArray
    line_locked: BoolArray
    use: ResourceUse

    @property
    def problem(self) -> Problem:
        """The residual problem."""
        return self.rows.problem

    def with_kept(self, problem: Problem, kept: Plan, found: Plan) -> Plan:
        """Return the kept trips and, after them, the trips found for this subproblem, as a plan of the whole problem."""
        return combine_plans(problem, kept, out_of_subset(found, self.rows))


def free_trips(problem: Problem, kept: Plan, freed: Plan, lots: IntArray | None = None, lines: IntArray | None = None) -> Subproblem:
    """Return the subproblem in which the trips ``freed`` may change beside the trips ``kept``.

    Parameters
    ----------
    lots, lines : ascending rows that the subproblem has, all that ``freed`` serves among them; by default all rows.
    """
    whole = lots is None or lines is None
    part = _all_rows(problem) if lots is None or lines is None else subset(problem, lots, lines)
    lot_kept, line_kept = _kg_by_lot(problem, kept), _kg_by_line(problem, kept)
    lot_locked = (coupled_lots(problem) & (lot_kept > 0)) | one_harvest.couples_with(problem, lot_kept > 0)
    line_locked = coupled_lines(problem) & (line_kept > 0)
    lot_kg = _left(problem.lots.kg, lot_locked, lot_kept, _kg_by_lot(problem, freed))
    line_kg = _left(problem.lines.kg, line_locked, line_kept, _kg_by_line(problem, freed))
    rows = with_quantities(part, lot_kg[part.lots], line_kg[part.lines], pins_left(problem, kept)[part.decisions])
    use = resource_use(problem, kept)
    if not whole:
        use = use.at(np.concatenate([part.sites, problem.n_sites + part.roads]))
    return Subproblem(rows, into_subset(freed, part), lot_locked[part.lots], line_locked[part.lines], use)


def with_quantities(part: Subset, lot_kg: IntArray, line_kg: IntArray, pin_kg: IntArray) -> Subset:
    """Return a part with other kilograms of its lots, lines and decisions."""
    p = part.problem
    made = p.replace(lots=p.lots.replace(kg=lot_kg), lines=p.lines.replace(kg=line_kg), decisions=p.decisions.replace(kg=pin_kg))
    return dataclasses.replace(part, problem=made)


def pins_left(problem: Problem, kept: Plan) -> IntArray:
    """Return the kilograms of each pin that kept trips don't bring; 0 for other decisions, shape (n_decisions,)."""
    d = problem.decisions
    brought = kg_on_pairs(problem, kept, d.lot * max(1, problem.n_lines) + d.line)
    return np.where(d.kind == PIN, np.maximum(0, d.kg - brought), 0)


def _all_rows(problem: Problem) -> Subset:
    n_roads, n_decisions = len(problem.roads.km), len(problem.decisions.kg)
    return Subset(problem, *(np.arange(n) for n in (problem.n_lots, problem.n_lines, problem.n_sites, n_roads, n_decisions)))


def _left(kg: IntArray, locked: BoolArray, kept: IntArray, freed: IntArray) -> IntArray:
    """Return what is left of each row, kg: of a locked one just what the freed trips have."""
    free = np.maximum(0, kg - kept)
    return np.asarray(np.where(locked, np.minimum(freed, free), free))


def _kg_by_lot(problem: Problem, plan: Plan) -> IntArray:
    return np.bincount(plan.allocations.lot, weights=plan.allocations.kg, minlength=problem.n_lots).astype(np.int64)


def _kg_by_line(problem: Problem, plan: Plan) -> IntArray:
    return np.bincount(plan.allocations.line, weights=plan.allocations.kg, minlength=problem.n_lines).astype(np.int64)


# limits that are left ------------------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Residual:
    """What kept trips leave of each limit.

    Attributes
    ----------
    lot_kg, line_kg : mass still to be had or wanted, shape (n_lots,) and (n_lines,), kg.
    lot_min_kg, line_min_kg : what taking or delivering any of it must still come to, the same shapes.
    line_suppliers : suppliers that each line still admits, shape (n_lines,).
    use : resources that the kept trips use.
    """

    lot_kg: IntArray
    line_kg: IntArray
    lot_min_kg: IntArray
    line_min_kg: IntArray
    line_suppliers: IntArray
    use: ResourceUse

    def beside(self, problem: Problem, plan: Plan) -> Residual:
        """Return the same with the resources of a plan used, too; its kilograms are not taken."""
        return dataclasses.replace(self, use=self.use.plus(resource_use(problem, plan)))


def suppliers_by_line(problem: Problem, plan: Plan) -> IntArray:
    """Return the number of suppliers that serve each line in a plan, shape (n_lines,)."""
    a, n = plan.allocations, max(1, len(problem.supplier_ids))
    return np.bincount(np.unique(a.line * n + problem.lots.supplier[a.lot]) // n, minlength=problem.n_lines)


def residual(problem: Problem, kept: Plan) -> Residual:
    """Return what kept trips leave of each limit; no row is locked, and the verifier must see the joined plan."""
    taken_kg, filled_kg = _kg_by_lot(problem, kept), _kg_by_line(problem, kept)
    line_suppliers = suppliers_left(problem, suppliers_by_line(problem, kept))
    return Residual(
        lot_kg=indivisible.slack(problem, taken_kg),
        line_kg=np.where(line_suppliers > 0, problem.lines.kg - filled_kg, 0),
        lot_min_kg=min_take.slack(problem, taken_kg),
        line_min_kg=min_fill.slack(problem, filled_kg),
        line_suppliers=line_suppliers,
        use=resource_use(problem, kept),
    )
