"""The pace of the trip search: when it ends by itself, and how often the volumes are made best."""

from __future__ import annotations

import pytest

from matching.search.trips.improver import Improver
from matching.search.trips.planner import POLISHINGS, TripPlanner, own_limit, polishing_distance
from tests.matching.solving import squeezed_problem
from tests.matching.tables import no_price


def test_a_small_problem_ends_soon_and_a_large_one_uses_a_long_time() -> None:
    assert own_limit(85) < 350_000
    assert own_limit(100) < 400_000
    assert own_limit(2_850) > 10_000_000
    assert [own_limit(rows) for rows in (1, 999, 1_000, 1_001, 9_999)] == sorted(own_limit(rows) for rows in (1, 999, 1_000, 1_001, 9_999))


@pytest.mark.parametrize(("rounds", "progress", "least"), [(48, True, POLISHINGS - 1), (48, False, 2)])
def test_volumes_are_made_best_both_by_progress_and_by_iterations(
    rounds: int, progress: bool, least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    planner = TripPlanner(squeezed_problem(1, 24), no_price, seed=1, cores=1, direct=False, warm_start=None)
    calls: list[float] = []
    monkeypatch.setattr(Improver, "polish", lambda self, seconds: calls.append(seconds))
    monkeypatch.setattr(Improver, "round", lambda self, *given: 3 * polishing_distance(30) // rounds)
    for n in range(rounds):
        planner.improve(n / rounds if progress else 0.0, lambda: False, 1)
    assert least <= len(calls) <= least + 3
