"""The exchange format: folder of CSV tables or workbook ↔ `matching.model.problem.Problem` and `matching.model.plan.Plan`.

The format itself is described in ``docs/format.md``.
"""

from matching.io.plan_reader import Summary, read_plan, read_reasons, read_scarce, read_summary
from matching.io.reader import Season, input_sha256, read_problem, read_season
from matching.io.write import write_result

__all__ = [
    "Season", "Summary", "input_sha256", "read_plan", "read_problem", "read_reasons", "read_scarce", "read_season", "read_summary",
    "write_result",
]  # fmt: skip
