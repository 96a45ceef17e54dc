"""Policies are read whole or refused with all of their faults, contradictions included."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from matching.model.errors import BadInput, InputIssue
from matching.policy import PLAIN, Goal, policy_of, read_policy
from matching.policy.goals import yardsticks
from matching.texts import remedy
from tests.matching.builders import build_problem

FULL = {
    "name": "vụ vải", "goals": ["contracts", {"goal": "worth", "tolerance_pct": 1}, "fairness"], "cap_pct": 40, "spoils_within_days": 3,
    "floors": [{"name": "nhỏ", "share_pct": 30, "small_below_kg": 5000, "suppliers": ["b", "a"]}], "frozen_days": 2,
}  # fmt: skip


def faults(given: Any) -> list[tuple[str, str]]:
    with pytest.raises(BadInput, match="errors in the input") as refused:
        policy_of(given)
    return [(issue.column, issue.expected) for issue in refused.value.issues]


def test_a_policy_is_read_and_said_again() -> None:
    policy = policy_of(FULL)
    assert [rank.goal for rank in policy.ranks] == [Goal.CONTRACTS, Goal.WORTH, Goal.FAIRNESS]
    assert policy.floors[0].suppliers == ("a", "b")
    assert policy_of(policy.as_json()) == policy
    assert policy_of(json.loads(json.dumps(policy.as_json()))).digest() == policy.digest()


def test_what_says_the_same_has_the_same_digest_and_what_differs_another() -> None:
    assert policy_of({}) == PLAIN
    assert policy_of({"goals": ["worth"], "frozen_days": 0}).digest() == PLAIN.digest()
    assert policy_of({"cap_pct": 20}).digest() != policy_of({"cap_pct": 21}).digest()


def test_worth_comes_last_where_it_is_not_named() -> None:
    assert [rank.goal for rank in policy_of({"goals": ["spoilage"]}).ranks] == [Goal.SPOILAGE, Goal.WORTH]


def test_every_fault_is_told_at_once() -> None:
    found = faults({"cap_pct": 0, "frozen_days": -1, "color": 1, "goals": ["gold"], "floors": [{"share_pct": 200}], "name": 5})
    assert {column for column, _ in found} == {
        "cap_pct",
        "frozen_days",
        "color",
        "goals[0].goal",
        "floors[0].share_pct",
        "floors[0]",
        "name",
    }


@pytest.mark.parametrize("value", [True, "3", None, 1.5, float("nan"), [], 10**17])
def test_only_whole_numbers_are_days(value: Any) -> None:
    if value is None:
        assert policy_of({"frozen_days": None}) == PLAIN
    else:
        assert faults({"frozen_days": value})[0][0] == "frozen_days"


@pytest.mark.parametrize(
    ("given", "column", "words"),
    [
        ({"goals": ["worth", "contracts", "worth"]}, "goals", "each goal once"),
        ({"goals": ["fairness", "worth"]}, "goals", "at least one floor"),
        ({"goals": ["changes", "worth"], "change_vnd_per_kg": 500}, "change_vnd_per_kg", "not both"),
        ({"floors": [{"name": "x", "share_pct": 5, "suppliers": ["a"]}] * 2}, "floors", "a name of its own"),
    ],
)
def test_ranks_and_floors_that_contradict_are_refused_by_name(given: Any, column: str, words: str) -> None:
    [(found, expected)] = faults(given)
    assert found == column
    assert words in expected


@pytest.mark.parametrize("content", ["", "[]", "{", '{"cap_pct": NaN}', "nonsense", '"text"'])
def test_what_is_no_object_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "policy.json").write_text(content, encoding="utf-8")
    with pytest.raises(BadInput, match="policy"):
        read_policy(tmp_path / "policy.json")


def two_suppliers() -> Any:
    return build_problem(lots=[{"quantity_kg": 500}, {"supplier_id": "s2", "quantity_kg": 500}], demands=[{"quantity_kg": 1000}])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"cap_pct": 49}, "a cap of at least 50%"),
        ({"cap_pct": 50, "floors": [{"share_pct": 100, "suppliers": ["s1"]}]}, ""),
        ({"frozen_days": 1}, "an earlier plan"),
        ({"goals": ["changes"]}, "an earlier plan"),
        ({"floors": [{"share_pct": 10, "new_below_deliveries": 1}]}, "a table deliveries"),
    ],
)
def test_a_policy_that_cannot_hold_for_this_input_is_refused(given: Any, words: str) -> None:
    problem, policy = two_suppliers(), policy_of(given)
    if not words:
        assert yardsticks(problem, policy).floor_kg.tolist() == [500, 0]
        return
    with pytest.raises(BadInput, match=words):
        yardsticks(problem, policy)


def test_a_missing_earlier_plan_is_told_at_the_key_that_asks_for_it() -> None:
    for given, where in (
        ({"frozen_days": 2}, "frozen_days"),
        ({"change_vnd_per_kg": 9}, "change_vnd_per_kg"),
        ({"goals": ["changes"]}, "goals"),
    ):
        with pytest.raises(BadInput, match="an earlier plan") as refused:
            yardsticks(two_suppliers(), policy_of(given))
        assert [issue.column for issue in refused.value.issues] == [where]


def test_every_refusal_is_said_in_the_readers_language() -> None:
    given = {"goals": ["worth", "fairness", "worth"], "frozen_days": 1.5, "floor": 3}
    with pytest.raises(BadInput, match="errors in the input") as refused:
        policy_of(given)
    assert all(remedy(issue, "en") == issue.expected and remedy(issue, "vi") != issue.expected for issue in refused.value.issues)
    with pytest.raises(BadInput, match="each goal once") as refused:
        policy_of({"goals": ["worth", "worth"]})
    assert remedy(refused.value.issues[0], "vi").startswith("Mỗi mục tiêu chỉ nêu một lần")
    assert remedy(InputIssue("lots", 2, "grade", "x", "a whole number"), "vi") == "a whole number"


def test_a_floor_beyond_the_cap_is_refused() -> None:
    problem = build_problem(
        lots=[{"quantity_kg": 900}, {"supplier_id": "s2", "quantity_kg": 500}, {"supplier_id": "s3", "quantity_kg": 500}],
        demands=[{"quantity_kg": 1000}],
    )
    policy = policy_of({"cap_pct": 40, "floors": [{"share_pct": 90, "suppliers": ["s1"]}]})
    with pytest.raises(BadInput, match="810 kg of this supplier, and 40% of all that can be sold is 400 kg"):
        yardsticks(problem, policy)


def test_a_floor_means_who_it_names_the_small_and_the_new() -> None:
    lots = [{"quantity_kg": 500}, {"supplier_id": "s2", "quantity_kg": 700}, {"supplier_id": "s3", "quantity_kg": 600}]
    problem = build_problem(lots=lots, demands=[{"quantity_kg": 9000}])
    floors = [
        {"name": "named", "share_pct": 10, "suppliers": ["s3", "not here"]},
        {"name": "small", "share_pct": 20, "small_below_kg": 600},
        {"name": "new", "share_pct": 30, "new_below_deliveries": 2},
    ]
    yard = yardsticks(problem, policy_of({"floors": floors}), deliveries={"s1": 2, "s3": 5})
    assert yard.floor_kg.tolist() == [100, 210, 60]
    assert yard.floor_of.tolist() == [1, 2, 0]
