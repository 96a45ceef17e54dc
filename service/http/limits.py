"""How many requests a minute: for each key or account, and for each address that shows neither. Each process counts for itself."""

from __future__ import annotations

from service.auth.throttle import Allowance, Throttle
from service.http.problems import Refused
from service.settings import Settings

MOST_DENIED_PER_HOUR = 60
"""Marks in the trail for rows of others, for each account or key. Nobody names that many by mistake, and more would tell no more."""


class Limits:
    """The service's throttles."""

    def __init__(self, settings: Settings) -> None:
        self.known = Throttle(settings.rate_per_minute)
        self.guests = Throttle(settings.guest_rate_per_minute)
        self.logins = Throttle(settings.login_rate_per_minute)
        self.denied = Throttle(MOST_DENIED_PER_HOUR, 3600.0)

    def admit(self, throttle: Throttle, name: str) -> dict[str, str]:
        """Count a request and return the headers that say how many are left.

        Raises
        ------
        Refused
            With 429 if there are none.
        """
        allowance = throttle.take(name)
        headers = headers_of(throttle, allowance)
        if not allowance.allowed:
            after = {**headers, "Retry-After": str(allowance.reset_s)}
            raise Refused(
                429, "rate_limited", "too many requests: wait a little", headers=after, facts={"retry_after_s": allowance.reset_s}
            )
        return headers


def headers_of(throttle: Throttle, allowance: Allowance) -> dict[str, str]:
    """Return what the draft standard on rate limits calls the policy and the state."""
    policy = f'"default";q={throttle.size};w={int(throttle.window_s)}'
    return {"RateLimit-Policy": policy, "RateLimit": f'"default";r={allowance.left};t={allowance.reset_s}'}
