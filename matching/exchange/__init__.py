"""The exchange format: folder of CSV tables or workbook ↔ `matching.problem.Problem` and `matching.plan.Plan`.

The format itself is described in ``docs/format.md``.
"""

from matching.exchange.plan_reader import Summary, read_plan, read_reasons, read_summary
from matching.exchange.reader import Season, input_sha256, read_problem, read_season
from matching.exchange.write import write_result

__all__ = [
    "Season", "Summary", "input_sha256", "read_plan", "read_problem", "read_reasons", "read_season", "read_summary", "write_result",
]  # fmt: skip
