"""Who sees which rows is known to every program that uses them, whatever else it has imported."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
from service.planning import models
from service.planning.terms.models import Amendment
from catalog.tenancy import Scope, visible
for model in (models.Plan, models.Proposal, models.ProposalItem, Amendment):
    visible(model, Scope(1))
"""


def test_who_uses_planning_knows_who_sees_its_rows() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
