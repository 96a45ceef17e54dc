"""What is said of a policy and shown of what came of it: fairness, floors, ranks, changes between plans, recipes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import AwareDatetime, Field, StringConstraints

from catalog.given import Given
from matching.model.errors import BadInput
from matching.policy import Goal, policy_of
from matching.policy.reader import LARGEST, MOST_DAYS, MOST_FLOORS, MOST_SUPPLIERS
from service.http.problems import ErrorItem, Refused
from service.http.shapes import Out

UID = "01k4h4m1r3v8w2x5y7z9abcdef"
Supplier = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class RankIn(Given):
    """One goal in its place."""

    goal: Goal = Field(description="`contracts`, `spoilage`, `worth`, `fairness` or `changes`.", examples=["worth"])
    tolerance_pct: float = Field(0.0, ge=0, le=100, description="Per cent of it that later goals may give up.", examples=[1.0])


class FloorIn(Given):
    """Least opportunity share of some suppliers, each for itself."""

    name: str = Field("", max_length=200, description="Shown to people.", examples=["Tổ hợp tác nhỏ"])
    share_pct: float = Field(gt=0, le=100, description="Accepted ÷ eligible kilograms, per cent, at least.", examples=[30.0])
    suppliers: list[Supplier] = Field([], max_length=MOST_SUPPLIERS, description="Codes of those meant.", examples=[["HTX-01"]])
    small_below_kg: int | None = Field(None, ge=0, le=LARGEST, description="Meant are all that offer less in all, kg.", examples=[5_000])
    new_below_deliveries: int | None = Field(
        None, ge=0, le=LARGEST, description="Meant are all with fewer deliveries received so far.", examples=[3]
    )


class PolicyIn(Given):
    """What is wanted of a plan beside worth."""

    name: str = Field("", max_length=200, description="Shown to people.", examples=["Vụ vải 2027"])
    goals: list[RankIn] = Field([], max_length=10, description="Goals, the most important first; worth is last if absent.", examples=[[]])
    floors: list[FloorIn] = Field([], max_length=MOST_FLOORS, description="Floors of opportunity shares.", examples=[[]])
    cap_pct: float | None = Field(None, gt=0, le=100, description="Most that one supplier's part may be, per cent.", examples=[25.0])
    spoils_within_days: int = Field(7, ge=0, le=MOST_DAYS, description="Shelf life up to which a lot is perishable.", examples=[7])
    frozen_days: int = Field(0, ge=0, le=MOST_DAYS, description="Trips that begin within so many days stay.", examples=[2])
    change_vnd_per_kg: int = Field(0, ge=0, le=10**9, description="Price of each promised kilogram that is lost, đồng.", examples=[1_000])

    def stated(self) -> dict[str, Any]:
        """Return it as ``policy.json`` holds it, checked for contradictions."""
        given = self.model_dump(mode="json", exclude_none=True)
        try:
            return policy_of(given).as_json()
        except BadInput as error:
            items = [
                ErrorItem(table=one.table, row=None, column=one.column or None, value=one.value, message=one.expected)
                for one in error.issues
            ]
            raise Refused(422, "bad_policy", "the policy contradicts itself", errors=items) from error


class RankOut(Out):
    """One goal in its place."""

    goal: Goal = Field(description="`contracts`, `spoilage`, `worth`, `fairness` or `changes`.", examples=["worth"])
    tolerance_pct: float = Field(description="Per cent of it that later goals may give up.", examples=[1.0])


class FloorOut(Out):
    """Least opportunity share of some suppliers."""

    name: str = Field(description="Shown to people.", examples=["Tổ hợp tác nhỏ"])
    share_pct: float = Field(description="Accepted ÷ eligible kilograms, per cent, at least.", examples=[30.0])
    suppliers: list[str] = Field(description="Codes of those meant.", examples=[["HTX-01"]])
    small_below_kg: int | None = Field(description="Meant are all that offer less in all, kg.", examples=[5_000])
    new_below_deliveries: int | None = Field(description="Meant are all with fewer deliveries received so far.", examples=[3])


class PolicyOut(Out):
    """What is wanted of a plan beside worth."""

    name: str = Field(description="Shown to people.", examples=["Vụ vải 2027"])
    goals: list[RankOut] = Field(description="Goals, the most important first.", examples=[[]])
    floors: list[FloorOut] = Field(description="Floors of opportunity shares.", examples=[[]])
    cap_pct: float | None = Field(description="Most that one supplier's part may be, per cent.", examples=[25.0])
    spoils_within_days: int = Field(description="Shelf life up to which a lot is perishable.", examples=[7])
    frozen_days: int = Field(description="Trips that begin within so many days stay.", examples=[2])
    change_vnd_per_kg: int = Field(description="Price of each promised kilogram that is lost, đồng.", examples=[1_000])
    sha256: str = Field(description="Digest of the policy.", examples=["0" * 64])


def policy_out(stated: Mapping[str, Any] | None) -> PolicyOut | None:
    """Return what is shown of a stated policy; None for none."""
    if not stated:
        return None
    policy = policy_of(stated)
    return PolicyOut(
        name=policy.name,
        goals=[RankOut(goal=rank.goal, tolerance_pct=rank.tolerance_pct) for rank in policy.ranks],
        floors=[FloorOut(**(vars(floor) | {"suppliers": list(floor.suppliers)})) for floor in policy.floors],
        cap_pct=policy.cap_pct,
        spoils_within_days=policy.spoils_within_days,
        frozen_days=policy.frozen_days,
        change_vnd_per_kg=policy.change_vnd_per_kg,
        sha256=policy.digest(),
    )


class OpportunityOut(Out):
    """What one supplier could have sold and sells."""

    supplier: str = Field(description="Code of the supplier; `sponsor/group` for a group.", examples=["HTX-01"])
    offered_kg: int = Field(description="What it offers, kg.", examples=[12_000])
    eligible_kg: int = Field(description="What some line could take of that at a gain, kg.", examples=[9_000])
    accepted_kg: int = Field(description="What the plan takes, kg.", examples=[4_500])
    share: float | None = Field(description="Accepted ÷ eligible; absent where nothing is eligible.", examples=[0.5])


class FairnessOut(Out):
    """How evenly chances to sell are spread; `docs/fairness.md` defines each figure."""

    plans: list[str] = Field(description="Uids of the plans that were counted.", examples=[[UID]])
    suppliers: int = Field(description="Suppliers with something eligible.", examples=[120])
    overall_share: float = Field(description="Σ accepted ÷ Σ eligible.", examples=[0.54])
    gini: float = Field(description="Gini coefficient of the opportunity shares: 0 for equal ones.", examples=[0.22])
    worst_decile_share: float = Field(description="Mean of the lowest tenth of the opportunity shares.", examples=[0.15])
    largest_part: float = Field(description="The largest supplier's part of all that is accepted.", examples=[0.02])
    largest_supplier: str = Field(description="Who that is; empty where nothing is accepted.", examples=["HTX-01"])
    shares: list[OpportunityOut] = Field(description="Every supplier with a lot, by code.", examples=[[]])


class StageOut(Out):
    """What came of one rank."""

    goal: str = Field(description="`rules` for floors and cap, which come first; else the goal.", examples=["worth"])
    reached: int = Field(description="Value when its stage ended, kg or đồng, the larger the better.", examples=[812_000_000])
    limit: int = Field(description="What later stages had to leave of it.", examples=[803_880_000])
    most: int | None = Field(description="What no plan exceeds, where that is plain.", examples=[None])
    kept: int = Field(description="Value in the finished plan.", examples=[809_000_000])


class FloorReached(Out):
    """How far one supplier has got towards its floor."""

    supplier: str = Field(description="Code of the supplier.", examples=["HTX-01"])
    floor: str = Field(description="Name of the floor.", examples=["Tổ hợp tác nhỏ"])
    eligible_kg: int = Field(description="What some line could take of it at a gain, kg.", examples=[9_000])
    due_kg: int = Field(description="What the floor asks for, kg.", examples=[2_700])
    accepted_kg: int = Field(description="What the plan takes, kg.", examples=[2_500])
    short_kg: int = Field(description="What is missing, kg.", examples=[200])


class AbsentSupplier(Out):
    """A supplier that a floor names and that offers nothing: its code may be mistyped, or it sells nothing this time."""

    supplier: str = Field(description="Code as the policy gives it.", examples=["HTX-99"])
    floor: str = Field(description="Name of the floor.", examples=["Tổ hợp tác nhỏ"])


class CapExceeded(Out):
    """How far one supplier goes beyond the cap."""

    supplier: str = Field(description="Code of the supplier.", examples=["HTX-01"])
    cap_kg: int = Field(description="What the cap allows, kg.", examples=[20_000])
    accepted_kg: int = Field(description="What the plan takes, kg.", examples=[21_000])
    excess_kg: int = Field(description="What is too much, kg.", examples=[1_000])


class PolicyReport(Out):
    """What came of a plan's policy, and its price."""

    policy: PolicyOut | None = Field(description="The policy; absent where worth alone counted.", examples=[None])
    met: bool = Field(description="Whether every floor and the cap are kept.", examples=[True])
    worth_vnd: int = Field(description="Worth of the plan, đồng.", examples=[809_000_000])
    free_vnd: int = Field(description="Worth of the best plan found without the policy, đồng.", examples=[812_000_000])
    price_vnd: int = Field(description="What the policy costs: the one less the other, đồng.", examples=[3_000_000])
    changed_kg: int = Field(description="Promised kilograms that were lost against the plan before, kg.", examples=[0])
    stages: list[StageOut] = Field(description="Rules and goals in their order.", examples=[[]])
    floors: list[FloorReached] = Field(description="One for each supplier that a floor means.", examples=[[]])
    absent: list[AbsentSupplier] = Field(description="Suppliers that floors name and that offer nothing.", examples=[[]])
    cap: list[CapExceeded] = Field(description="Those beyond the cap.", examples=[[]])


class ChanceOut(Out):
    """How sure a line is of what is planned for it."""

    line: str = Field(description="Code of the line.", examples=["LINE-2027-0004"])
    planned_kg: int = Field(description="What the plan brings it, kg.", examples=[3_000])
    committed_kg: int = Field(description="What arrives in nine scenarios of ten, kg.", examples=[2_400])
    expected_kg: int = Field(description="What arrives on the average, kg.", examples=[2_850])
    chance: float = Field(description="Chance that what is planned arrives.", examples=[0.71])
    filled_chance: float = Field(description="Chance that the line gets all that it asks for.", examples=[0.71])


class StandbyOut(Out):
    """Kilograms of a lot that could step in for a line; nothing is reserved."""

    line: str = Field(description="Code of the line.", examples=["LINE-2027-0004"])
    lot: str = Field(description="Code of the lot.", examples=["LOT-2027-0018"])
    supplier: str = Field(description="Code of its supplier; `sponsor/group` for a group.", examples=["HTX-01"])
    kg: int = Field(description="How much of it stands by, kg.", examples=[600])
    chance: float = Field(description="Chance of the line with all that stands by for it.", examples=[0.93])


class ChancesOut(Out):
    """How sure a plan is, by seeded simulation of harvests and deliveries; `docs/policies.md` says how."""

    plan: str = Field(description="Uid of the plan.", examples=[UID])
    known: bool = Field(
        description="Whether forecasts with a spread or past deliveries were known; else all comes as declared.", examples=[True]
    )
    scenarios: int = Field(description="Scenarios that were drawn.", examples=[1_000])
    seed: int = Field(description="The same seed draws the same scenarios.", examples=[7])
    planned_kg: int = Field(description="What the plan brings all lines, kg.", examples=[71_000])
    committed_kg: int = Field(description="What of it arrives in nine scenarios of ten, line by line, kg.", examples=[60_000])
    expected_kg: int = Field(description="What of it arrives on the average, kg.", examples=[68_500])
    standby_kg: int = Field(description="What stands by, kg.", examples=[5_000])
    lines: list[ChanceOut] = Field(description="Every line that the plan serves.", examples=[[]])
    standby: list[StandbyOut] = Field(description="Lots that stand by, most urgent line first.", examples=[[]])


class ChangeOut(Out):
    """One thing that differs between two plans."""

    kind: str = Field(
        description="`moved`, `moved_away`, `moved_here`, `dropped`, `added`, `less`, `more`, `pickup_day`, `delivery_day`,"
        " `pickup_time` or `delivery_time`.",
        examples=["pickup_time"],
    )  # fmt: skip
    lot: str = Field(description="Code of the lot.", examples=["LOT-2027-0017"])
    line: str = Field(description="Code of the line.", examples=["LINE-2027-0004"])
    line_after: str | None = Field(description="Code of the line that goods have moved to.", examples=[None])
    before_kg: int | None = Field(description="Kilograms in the earlier plan, where they change.", examples=[None])
    after_kg: int | None = Field(description="Kilograms in the later plan.", examples=[None])
    before_on: date | None = Field(description="Date in the earlier plan, where it changes.", examples=[None])
    after_on: date | None = Field(description="Date in the later plan.", examples=[None])
    before_at: AwareDatetime | None = Field(
        description="Time in the earlier plan, where it changes.", examples=["2027-06-07T05:00:00+07:00"]
    )
    after_at: AwareDatetime | None = Field(description="Time in the later plan.", examples=["2027-06-07T04:30:00+07:00"])
    vi: str = Field(description="In Vietnamese.", examples=["Lấy hàng tại Kép ngày 07/06/2027 đổi giờ: 05:00 → 04:30 (lô L1)."])
    en: str = Field(description="In English.", examples=["Pick-up at Kép on 7 Jun 2027 moves 05:00 → 04:30 (lot L1)."])


class NoticeOut(Out):
    """What one party is told: its own changes alone."""

    side: str = Field(description="`supplier` or `buyer`.", examples=["supplier"])
    party: str = Field(description="Code of the party; `sponsor/group` for a group.", examples=["HTX-01"])
    changes: list[ChangeOut] = Field(description="Its changes.", examples=[[]])


class ChangesOut(Out):
    """What differs between two plans."""

    before: str = Field(description="Uid of the earlier plan.", examples=[UID])
    after: str = Field(description="Uid of the later plan.", examples=[UID])
    count: int = Field(description="How many changes there are.", examples=[2])
    changes: list[ChangeOut] = Field(description="The changes by lot and line, up to 1,000.", examples=[[]])
    notices: list[NoticeOut] = Field(description="What each party is told, once, up to 1,000 parties.", examples=[[]])


class RecipeOut(Out):
    """All that it takes to make a plan again: `mca replay` does so from the plan's download."""

    plan: str = Field(description="Uid of the plan.", examples=[UID])
    input_sha256: str = Field(description="Digest of what it was made from.", examples=["0" * 64])
    engine: str = Field(description="Name and version of the engine.", examples=["mca 0.1.0"])
    seed: int = Field(description="The seed of all choices.", examples=[7])
    trips: str = Field(description="Which trips it may use.", examples=["full"])
    iterations: int | None = Field(description="Limit of the search's steps, if there was one.", examples=[20_000])
    time_limit_s: float | None = Field(description="Seconds that the planner had.", examples=[60.0])
    cores: int = Field(description="Cores that the planner used.", examples=[2])
    termination: str = Field(description="Why the planner ended.", examples=["iterations"])
    policy_sha256: str = Field(description="Digest of the policy.", examples=["0" * 64])
    previous_sha256: str = Field(description="Digest of the plan that it held on to; empty for none.", examples=[""])
    plan_sha256: str = Field(description="Digest of the plan's own tables.", examples=["0" * 64])
    exact: bool = Field(description="Whether the same plan comes of it on any machine.", examples=[True])
