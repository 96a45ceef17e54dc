"""Places for what takes long, such as reading a workbook: few in all, one for each account, and whoever finds none is told at once.

Nobody waits for a place, because a waiting request would hold a thread that serves others.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from service.http.problems import Refused

RETRY_S = 5


class Places:
    """Places of one kind.

    Parameters
    ----------
    total : places in all.
    each : places for each account or key.
    lasts_s : after this a place is free again, whatever has become of its holder.
    """

    def __init__(self, total: int, each: int = 1, lasts_s: float = 900.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._total, self._each, self._lasts_s, self._clock = total, each, lasts_s, clock
        self._held: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def take(self, name: str) -> str:
        """Take a place and return its token.

        Raises
        ------
        Refused
            With 429 if this account holds as many as it may, with 503 if all are taken.
        """
        with self._lock:
            now = self._clock()
            self._held = {token: held for token, held in self._held.items() if held[1] > now}
            if sum(holder == name for holder, _ in self._held.values()) >= self._each:
                raise _refused(429, "one_at_a_time", "something of yours that takes long is at work: try again when it is done")
            if len(self._held) >= self._total:
                raise _refused(503, "busy", "others are being served just now: try again in a moment")
            token = secrets.token_hex(8)
            self._held[token] = name, now + self._lasts_s
            return token

    def free(self, token: str) -> None:
        """Give a place back."""
        with self._lock:
            self._held.pop(token, None)

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Hold a place for the length of a block; see `take`."""
        token = self.take(name)
        try:
            yield
        finally:
            self.free(token)


class Turns:
    """Turns at the threads that everybody shares: each account has few at a time, and its further requests wait, holding no thread.

    Parameters
    ----------
    each : turns at a time.
    """

    def __init__(self, each: int) -> None:
        self._each = each
        self._waiting: dict[tuple[int, str], tuple[asyncio.Semaphore, list[None]]] = {}

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[None]:
        """Wait for a turn and hold it for the length of a block."""
        key = id(asyncio.get_running_loop()), name
        turns, asking = self._waiting.setdefault(key, (asyncio.Semaphore(self._each), []))
        asking.append(None)
        try:
            async with turns:
                yield
        finally:
            asking.pop()
            if not asking:
                self._waiting.pop(key, None)


def _refused(status: int, code: str, detail: str) -> Refused:
    return Refused(status, code, detail, headers={"Retry-After": str(RETRY_S)}, facts={"retry_after_s": RETRY_S})
