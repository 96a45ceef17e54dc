"""Passwords by argon2id: 19 MiB, two passes, one lane, which OWASP names as the least; hashed on threads of their own.

Two threads at most hash at one time, so that a flood of logins can take neither the machine's memory nor the threads that serve others.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from catalog.errors import Invalid, fault

LEAST, MOST = 12, 200
LONGEST_JUDGED = 72
LEAST_GUESSES_LOG10 = 8.0
"""A password that is guessed sooner counts as common."""
WAITING = 32
"""Most logins that wait for a thread; beyond that the service says that it is busy."""
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")
_places = threading.BoundedSemaphore(WAITING)
_DECOY = _hasher.hash("no account has this password")
Value = TypeVar("Value")


class Busy(RuntimeError):
    """Too many logins at once."""


def check_strength(password: str, *known: str) -> None:
    """Refuse a password that is short or says what everybody knows of the account.

    Raises
    ------
    Invalid
        Without repeating the password.
    """
    lower = password.lower()
    if not LEAST <= len(password) <= MOST or len(set(password)) < 5 or any(word and word.lower() in lower for word in known):
        raise Invalid([fault("password", "", f"{LEAST} to {MOST} characters, not all the same, without the account's name")])
    if is_common(password, known):
        raise Invalid([fault("password", "", "a password that others don't use: several words that don't belong together are good")])


def is_common(password: str, known: Iterable[str] = ()) -> bool:
    """Return whether a password is on the lists of common ones, or soon guessed from them."""
    from zxcvbn import zxcvbn  # Reading its lists takes time that no other command should spend.

    return float(zxcvbn(password[:LONGEST_JUDGED], [*known, "mca", "hoptacxa"])["guesses_log10"]) < LEAST_GUESSES_LOG10


def hashed(password: str) -> str:
    """Return the argon2id hash of a password, with its salt and parameters."""
    return _hasher.hash(password)


def matches(password_hash: str | None, password: str) -> bool:
    """Tell whether a password fits a hash; an account without one takes as long to refuse."""
    try:
        _hasher.verify(password_hash or _DECOY, password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def outdated(password_hash: str) -> bool:
    """Tell whether a hash was made with other parameters and should be made anew."""
    return _hasher.check_needs_rehash(password_hash)


async def aside(work: Callable[[], Value]) -> Value:
    """Run a piece of hashing on the threads that are kept for it.

    Raises
    ------
    Busy
        If too many wait already.
    """
    if not _places.acquire(blocking=False):
        raise Busy
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, work)
    finally:
        _places.release()
