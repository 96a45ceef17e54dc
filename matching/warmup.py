"""Have every compiled loop on disk before the first plan: `python -m matching.warmup FOLDER`.

A loop is compiled when it is first called, for the kinds of arrays that it is called with. So a whole problem, read from a folder
or workbook in the exchange format, goes once through all that may be asked of it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from matching.carriers import find_carrier_lanes
from matching.exchange import read_problem
from matching.explain import explain_open
from matching.flow import relaxation_bound, relaxed_plan, solve_volumes
from matching.lanes import find_lanes
from matching.problem import Problem
from matching.rates import lane_rates


def warm_up(problem: Problem) -> None:
    """Send a problem through the funnel, the volumes, the bound and the reasons; what they find is not kept."""
    lane_rates(problem, find_lanes(problem))
    find_carrier_lanes(problem)
    relaxation_bound(problem)
    explain_open(problem, relaxed_plan(problem, solve_volumes(problem)))


if __name__ == "__main__":
    warm_up(read_problem(Path(sys.argv[1])))
