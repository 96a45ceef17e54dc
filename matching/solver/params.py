"""`SolveParams`: what a run decides, how long it may take, and how it shares its time out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Mode = Literal["none", "direct", "full"]


@dataclass(frozen=True)
class Limits:
    """How long a run may take.

    Attributes
    ----------
    seconds : reading of the stopwatch by which `solve` returns; None for no limit.
    iterations : ruin-and-recreate iterations in all; None for the engine's own limit.
    cores : processor cores to use.
    """

    seconds: float | None
    iterations: int | None = None
    cores: int = 2


@dataclass(frozen=True)
class SolveParams:
    """Parameters of a run; the defaults are what `docs/performance.md` is measured with.

    Attributes
    ----------
    limits : time, iterations and cores; 60 seconds on two cores by default.
    trips : ``none`` for the volumes relaxation, ``direct`` for one pick-up and one drop a trip, ``full`` for everything.
    seed : of all random choices.
    change_vnd_per_kg : what a kilogram must earn that is moved away from a pair of lot and line of the warm start; goods that change trucks
        at hubs stay. None for a search that may change everything. A problem planned in parts may always change everything.
    proof_share : share of the time after which the proof leaves its core to the search, unless the search has come to its end.
    few_rows : lots and lines of a small problem, whose proof goes on all the time, because its search soon finds nothing more.
    patience_s : seconds that a run with a time limit may go on for its proof alone, at least.
    lp_start_rows : lots and lines from which a search begins with the pairs that a linear program serves.
    lp_start_share : most of the time that this linear program may take.
    carrier_share : share of the time that the program of carriers may take where no truck pays.
    tours_share : share of the time held back for long tours where they are the whole plan.
    least_tours_share : share of the plan in long tours below which they are left as they are.
    tours_iteration_share : iterations for long tours for each iteration of a search that is limited by iterations.
    hub_share : share of the time held back for movements through hubs.
    iterations_per_hub_attempt : iterations of a search limited by iterations for which one movement through a hub is tried.
    repair_iterations : length of the search that makes a warm start keep what has been decided since.
    cycle_iterations : length of each further search from a warm start.
    cycles : further searches from a warm start where nothing else ends the run.
    closing_s, closing_s_per_row : seconds kept back for verification and reasons, in all and for each lot and line.
    """

    limits: Limits = field(default_factory=lambda: Limits(seconds=60.0))
    trips: Mode = "full"
    seed: int = 0
    change_vnd_per_kg: int | None = 1_000
    proof_share: float = 0.5
    few_rows: int = 200
    patience_s: float = 45.0
    lp_start_rows: int = 400
    lp_start_share: float = 0.2
    carrier_share: float = 0.9
    tours_share: float = 0.75
    least_tours_share: float = 0.05
    tours_iteration_share: float = 0.1
    hub_share: float = 0.08
    iterations_per_hub_attempt: int = 1_000
    repair_iterations: int = 2_000
    cycle_iterations: int = 20_000
    cycles: int = 3
    closing_s: float = 0.15
    closing_s_per_row: float = 1.2e-4

    @property
    def is_direct(self) -> bool:
        """Whether each trip has one pick-up and one drop."""
        return self.trips == "direct"
