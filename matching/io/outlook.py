"""What the tables ``harvests`` and ``deliveries`` say of harvests to come."""

from __future__ import annotations

import numpy as np

from matching.harvest.outlook import UNKNOWN, Outlook
from matching.io.build import places
from matching.io.issues import Issues
from matching.io.parse import Parsed
from matching.model.problem import Problem


def check_harvests(table: Parsed, issues: Issues) -> None:
    """Note every harvest whose three amounts don't ascend."""
    for low, high in (("p10_kg", "p50_kg"), ("p50_kg", "p90_kg")):
        wrong = table.fits[low] & table.fits[high] & (table[high] < table[low])
        table.tell(issues, wrong, high, f"an amount not below {low}")


def build_outlook(tables: dict[str, Parsed], problem: Problem) -> Outlook:
    """Assemble the outlook from tables without faults."""
    harvests, deliveries = tables["harvests"], tables["deliveries"]
    rows = places(harvests["lot_id"], tables["lots"]["lot_id"])
    columns = [np.full(problem.n_lots, UNKNOWN, dtype=np.int64) for _ in range(3)]
    for column, name in zip(columns, ("p10_kg", "p50_kg", "p90_kg")):
        column[rows] = harvests[name]
    return Outlook(
        p10_kg=columns[0],
        p50_kg=columns[1],
        p90_kg=columns[2],
        supplier=places(deliveries["supplier_id"], problem.supplier_ids, UNKNOWN),
        promised_kg=deliveries["promised_kg"],
        delivered_kg=deliveries["delivered_kg"],
        supplier_id=deliveries["supplier_id"],
    )
