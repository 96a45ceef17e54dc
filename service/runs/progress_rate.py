"""Progress at a modest rate: enough to draw a curve and to see a phase change, whatever the planner's own rate."""

from __future__ import annotations

from matching.model.plan import Progress

LEAST_PAUSE_S = 1.0
MOMENTS_PER_RUN = 300


class Pace:
    """Lets pass what is worth storing."""

    def __init__(self, limit_s: float) -> None:
        self._pause_s = max(LEAST_PAUSE_S, limit_s / MOMENTS_PER_RUN)
        self._last: Progress | None = None
        self._held: Progress | None = None

    def admit(self, moment: Progress) -> list[Progress]:
        """Return what is to be stored now: at a change of phase also the last moment of the phase before."""
        last = self._last
        if last is not None and moment.phase == last.phase and moment.seconds - last.seconds < self._pause_s:
            self._held = moment
            return []
        return self._pass(last, moment)

    def rest(self) -> list[Progress]:
        """Return the last moment, if it wasn't let pass."""
        held, self._held = self._held, None
        return [] if held is None else [held]

    def _pass(self, last: Progress | None, moment: Progress) -> list[Progress]:
        held = self.rest() if last is not None and moment.phase != last.phase else []
        self._held, self._last = None, moment
        fresh = last is None or (moment.phase, moment.objective_vnd, moment.bound_vnd) != (last.phase, last.objective_vnd, last.bound_vnd)
        return [*held, moment] if fresh else held
