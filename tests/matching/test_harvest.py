"""Uncertain harvests: given quantiles come out, chances are the simulation's own frequencies, and standby lots are named once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matching.harvest.chances import ENOUGH, arrivals, chances
from matching.harvest.outlook import UNKNOWN, Outlook, nothing_known, quantile, scenarios
from matching.harvest.standby import standby
from matching.io import read_problem, read_season
from matching.model.errors import BadInput
from matching.model.plan import Plan
from matching.model.problem import Problem
from tests.matching.builders import build_problem, filled_tables, write_folder
from tests.matching.plans import Load, Truck, build_plan
from tests.matching.random_problems import FEATURES, random_problem
from tests.matching.test_warm_start import improved

N = 4000


def outlook(problem: Problem, harvests: dict[int, tuple[int, int, int]], deliveries: list[tuple[str, int, int]] = []) -> Outlook:  # noqa: B006
    columns = [np.full(problem.n_lots, UNKNOWN, dtype=np.int64) for _ in range(3)]
    for lot, amounts in harvests.items():
        for column, kg in zip(columns, amounts):
            column[lot] = kg
    names = [name for name, _, _ in deliveries]
    rows = [problem.supplier_ids.index(name) if name in problem.supplier_ids else UNKNOWN for name in names]
    promised, delivered = ([row[place] for row in deliveries] for place in (1, 2))
    return Outlook(
        columns[0], columns[1], columns[2], np.array(rows, dtype=np.int64), np.array(promised, dtype=np.int64),
        np.array(delivered, dtype=np.int64), np.array(names, dtype=object),
    )  # fmt: skip


def one_lot(kg: int, **more: Any) -> tuple[Problem, Plan]:
    problem = build_problem(lots=[{"quantity_kg": 1000}, {"supplier_id": "s2"}], demands=[{"quantity_kg": 1000}], **more)
    trip = Truck("class1", ["c1 7T05:00 7T05:00", "b1 7T09:00 7T09:00"])
    return problem, build_plan(problem, [trip], [Load("lot1", "line1", kg, (0,))])


def test_the_three_quantiles_come_out_as_given() -> None:
    problem = build_problem(lots=[{}, {"supplier_id": "s2"}])
    known = outlook(problem, {0: (600, 900, 1300)})
    u = np.array([[0.0, 0.0], [0.1, 0.1], [0.5, 0.5], [0.9, 0.9], [1.0, 1.0]])
    assert quantile(known, problem.lots.kg, u)[:, 0].tolist() == pytest.approx([525, 600, 900, 1300, 1400])
    assert quantile(known, problem.lots.kg, u)[:, 1].tolist() == [1000] * 5, "a lot without quantiles is as declared"
    drawn = scenarios(problem, known, n=N, seed=1).harvest_kg[:, 0]
    assert [np.mean(drawn <= kg) for kg in (600, 900, 1300)] == pytest.approx([0.1, 0.5, 0.9], abs=0.02)


def test_no_harvest_is_below_nothing() -> None:
    problem = build_problem()
    assert scenarios(problem, outlook(problem, {0: (0, 100, 900)}), n=500, seed=2).harvest_kg.min() >= 0


def test_lots_of_one_product_share_their_weather_and_others_do_not() -> None:
    problem = build_problem(lots=[{}, {"supplier_id": "s2"}, {"product": "longan"}])
    drawn = scenarios(problem, outlook(problem, dict.fromkeys(range(3), (500, 800, 1100))), n=N, seed=3).harvest_kg
    together = np.asarray(np.corrcoef(drawn.T))
    assert together[0, 1] == pytest.approx(0.3, abs=0.06)
    assert together[0, 2] == pytest.approx(0.0, abs=0.06)


@pytest.mark.parametrize(("kg", "chance"), [(600, 0.9), (800, 0.5), (1000, 0.1)])
def test_what_is_planned_at_a_quantile_arrives_as_often_as_it_says(kg: int, chance: float) -> None:
    problem, plan = one_lot(kg)
    # The last half of a per cent that may be missing is taken off the quantile.
    exact = tuple(round(kg * ENOUGH) if one == kg else one for one in (600, 800, 1000))
    found = chances(problem, plan, scenarios(problem, outlook(problem, {0: exact}), n=N, seed=4))  # type: ignore[dict-item]
    assert found.chance[0] == pytest.approx(chance, abs=0.025)
    assert found.filled[0] <= found.chance[0]


def test_what_is_committed_arrives_in_nine_of_ten_scenarios_and_expected_is_their_mean() -> None:
    problem, plan = one_lot(900)
    drawn = scenarios(problem, outlook(problem, {0: (600, 800, 1000)}), n=N, seed=5)
    found, (_, arrived) = chances(problem, plan, drawn), arrivals(problem, plan, drawn)
    assert np.mean(arrived[:, 0] >= found.committed_kg[0]) >= 0.9
    assert found.committed_kg[0] == pytest.approx(600, abs=12)
    assert found.expected_kg[0] == pytest.approx(arrived.mean())
    assert found.committed_kg[0] < found.expected_kg[0] < 900


def test_without_uncertainty_everything_arrives() -> None:
    problem, plan = one_lot(900)
    found = chances(problem, plan, scenarios(problem, nothing_known(problem), n=20, seed=6))
    assert (found.chance.tolist(), found.committed_kg.tolist(), found.expected_kg.tolist()) == ([1.0], [900.0], [900.0])


def test_a_supplier_that_often_fails_is_less_likely_to_be_in_time_than_a_stranger() -> None:
    """Of s1's twenty deliveries half failed; s2 has none of its own and counts as everybody does."""
    problem, plan = one_lot(500)
    history = [("s1", 100, 100 * (n % 2)) for n in range(20)] + [("s3", 100, 100)] * 60
    found = chances(problem, plan, scenarios(problem, outlook(problem, {}, history), n=N, seed=7))
    own, strangers = 20 / 25, 5 / 25
    assert found.chance[0] == pytest.approx(own * 0.5 + strangers * 70 / 80, abs=0.025)


def test_chances_are_the_frequencies_of_the_scenarios_counted_one_by_one() -> None:
    problem = random_problem(4, 30, FEATURES - {"decisions", "hubs"})
    plan = improved(problem, 1)
    rng = np.random.default_rng(8)
    known = outlook(problem, {lot: tuple(sorted(rng.integers(1, 2000, 3).tolist())) for lot in range(problem.n_lots)}, [("s1", 10, 7)])
    drawn = scenarios(problem, known, n=50, seed=8)
    found, a = chances(problem, plan, drawn), plan.allocations
    for line, chance, planned in zip(found.line.tolist(), found.chance.tolist(), found.planned_kg.tolist()):
        kept = 0
        for k in range(50):
            arrived = 0.0
            for row in np.flatnonzero(a.line == line).tolist():
                lot = int(a.lot[row])
                part = min(1.0, drawn.harvest_kg[k, lot] / a.kg[a.lot == lot].sum())
                arrived += a.kg[row] * part * drawn.kept[k, problem.lots.supplier[lot], a.pickup_day[row] - drawn.first_day]
            kept += arrived >= ENOUGH * planned - 1e-6
        assert chance == kept / 50


def test_the_same_seed_draws_the_same_scenarios_and_another_seed_others() -> None:
    problem, _ = one_lot(500)
    known = outlook(problem, {0: (1, 500, 900)}, [("s1", 10, 5)])
    one, same, other = (scenarios(problem, known, n=30, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.harvest_kg, same.harvest_kg)
    np.testing.assert_array_equal(one.kept, same.kept)
    assert (one.harvest_kg != other.harvest_kg).any()


def test_standby_lots_are_open_eligible_named_once_and_raise_the_chance() -> None:
    problem, plan = one_lot(900)
    drawn = scenarios(problem, outlook(problem, {0: (500, 800, 1000)}), n=1000, seed=9)
    found = chances(problem, plan, drawn)
    ready = standby(problem, plan, drawn, found)
    assert set(ready.line.tolist()) == {0}
    assert ready.kg.sum() == pytest.approx(900 - found.committed_kg[0], abs=1)
    assert ready.chance[0] > 0.88 > found.chance[0]
    taken = np.zeros(problem.n_lots, dtype=np.int64)
    np.add.at(taken, plan.allocations.lot, plan.allocations.kg)
    np.add.at(taken, ready.lot, ready.kg)
    assert (taken <= problem.lots.kg).all()


def test_a_line_that_is_planned_in_part_is_never_filled() -> None:
    problem, plan = one_lot(500)
    found = chances(problem, plan, scenarios(problem, nothing_known(problem), n=20, seed=6))
    assert (found.chance.tolist(), found.filled.tolist()) == ([1.0], [0.0])


def test_what_is_committed_arrives_in_nine_of_ten_however_few_are_drawn() -> None:
    problem, plan = one_lot(900)
    for seed in range(5):
        drawn = scenarios(problem, outlook(problem, {0: (100, 800, 1000)}), n=5, seed=seed)
        found, (_, arrived) = chances(problem, plan, drawn), arrivals(problem, plan, drawn)
        assert np.mean(arrived[:, 0] >= found.committed_kg[0]) >= 0.9


def test_who_once_brought_more_than_promised_makes_up_for_nobody() -> None:
    problem, plan = one_lot(500)
    drawn = scenarios(problem, outlook(problem, {}, [("s1", 100, 300), ("s1", 100, 50)]), n=500, seed=7)
    assert drawn.kept.max() == 1.0
    assert chances(problem, plan, drawn).expected_kg[0] < 500


def two_lines() -> tuple[Problem, Plan]:
    """Two lines of one uncertain lot each, 900 kg; a third lot stands by for either, and a fourth at another price."""
    lots = [{"quantity_kg": 900}, {"quantity_kg": 900, "supplier_id": "s2"}, {"supplier_id": "s3", "quantity_kg": 700}]
    lots.append({"supplier_id": "s4", "quantity_kg": 700, "ask_vnd_per_kg": 12000})
    demands = [{"quantity_kg": 900}, {"quantity_kg": 900, "bid_vnd_per_kg": 30000}]
    problem = build_problem(lots=lots, demands=demands)
    trips = [Truck("class1", ["c1 7T05:00 7T05:00", "b1 7T09:00 7T09:00"])] * 2
    return problem, build_plan(problem, trips, [Load("lot1", "line1", 900, (0,)), Load("lot2", "line2", 900, (1,))])


def test_who_loses_most_chooses_first_and_no_kilogram_stands_by_twice() -> None:
    """Each line lacks some 400 kg: the dearer line takes them of the cheaper lot, the other what is left there and the rest elsewhere."""
    problem, plan = two_lines()
    drawn = scenarios(problem, outlook(problem, {0: (500, 700, 1000), 1: (500, 700, 1000)}), n=1000, seed=9)
    ready = standby(problem, plan, drawn, chances(problem, plan, drawn))
    assert (int(ready.line[0]), int(ready.lot[0])) == (1, 2)
    assert 0 < ready.kg[(ready.line == 1) & (ready.lot == 2)].sum() < 700
    assert [int(kg) for kg in ready.kg[ready.lot == 2]] == [int(ready.kg[0]), 700 - int(ready.kg[0])]
    assert set(ready.lot[ready.line == 0].tolist()) == {2, 3}


def test_the_rest_of_a_lot_does_not_stand_by_for_itself_and_brings_only_what_is_harvested_beside() -> None:
    """The second lot sells 600 of its 700 kg; its harvest may fall short too, so the 100 kg that stand by come seldom."""
    lots = [{"quantity_kg": 900}, {"quantity_kg": 700, "supplier_id": "s2"}]
    problem = build_problem(lots=lots, demands=[{"quantity_kg": 900}, {"quantity_kg": 700}])
    trips = [Truck("class1", ["c1 7T05:00 7T05:00", "b1 7T09:00 7T09:00"])] * 2
    plan = build_plan(problem, trips, [Load("lot1", "line1", 900, (0,)), Load("lot2", "line2", 600, (1,))])
    drawn = scenarios(problem, outlook(problem, {0: (700, 850, 900), 1: (300, 600, 700)}), n=1000, seed=9)
    ready, (_, arrived) = standby(problem, plan, drawn, chances(problem, plan, drawn)), arrivals(problem, plan, drawn)
    assert list(zip(ready.line.tolist(), ready.lot.tolist(), ready.kg.tolist())) == [(0, 1, 100)]
    spare = np.clip(drawn.harvest_kg[:, 1] - 600, 0, 100)
    assert ready.chance[0] == np.mean(arrived[:, 0] + spare >= ENOUGH * 900 - 1e-6)


def test_a_line_that_is_sure_enough_needs_no_standby() -> None:
    problem, plan = one_lot(500)
    drawn = scenarios(problem, outlook(problem, {0: (600, 800, 1000)}), n=500, seed=10)
    assert len(standby(problem, plan, drawn, chances(problem, plan, drawn)).lot) == 0


def test_an_empty_plan_has_no_chances() -> None:
    problem, plan = one_lot(500)
    empty = Plan(*(table.replace(**{f: getattr(table, f)[:0] for f in table.__dataclass_fields__}) for table in vars(plan).values()))
    drawn = scenarios(problem, nothing_known(problem), n=5, seed=1)
    found = chances(problem, empty, drawn)
    assert (len(found.line), len(standby(problem, empty, drawn, found).lot)) == (0, 0)


# files ---------------------------------------------------------------------------------------------------------------
HARVEST = {"lot_id": "lot1", "p10_kg": "500", "p50_kg": "800", "p90_kg": "1000"}
DELIVERY = {"supplier_id": "s1", "delivered_on": "2027-05-01", "promised_kg": "100", "delivered_kg": "90"}


def folder(place: Path, **more: Any) -> Path:
    return write_folder(place, {**filled_tables(), **more})


def test_harvests_and_deliveries_are_read_beside_a_problem_that_stays_the_same(tmp_path: Path) -> None:
    source = folder(tmp_path / "a", harvests=[HARVEST], deliveries=[DELIVERY, {**DELIVERY, "supplier_id": "of old"}])
    (source / "policy.json").write_text('{"cap_pct": 100}', encoding="utf-8")
    season = read_season(source)
    assert season.problem.digest() == read_problem(folder(tmp_path / "b")).digest()
    assert (season.outlook.p10_kg.tolist(), season.outlook.supplier.tolist()) == ([500], [0, UNKNOWN])
    assert season.outlook.deliveries == {"s1": 1, "of old": 1}
    assert season.policy is not None
    assert season.policy.cap_pct == 100


def test_a_folder_without_them_knows_nothing_and_wants_nothing(tmp_path: Path) -> None:
    season = read_season(folder(tmp_path))
    assert (season.outlook.is_known, season.outlook.deliveries, season.policy) == (False, {}, None)


def test_faults_of_all_of_them_are_told_together(tmp_path: Path) -> None:
    bad = [{**HARVEST, "p50_kg": "400"}, {**HARVEST, "lot_id": "lot9"}, HARVEST]
    source = folder(tmp_path, harvests=bad, deliveries=[{**DELIVERY, "promised_kg": "0"}])
    (source / "policy.json").write_text('{"cap_pct": 0}', encoding="utf-8")
    with pytest.raises(BadInput, match="errors in the input") as refused:
        read_season(source)
    assert [(issue.table, issue.row, issue.column) for issue in refused.value.issues] == [
        ("policy", 0, "cap_pct"), ("harvests", 2, "p50_kg"), ("harvests", 3, "lot_id"), ("harvests", 4, "lot_id"),
        ("deliveries", 2, "promised_kg"),
    ]  # fmt: skip
