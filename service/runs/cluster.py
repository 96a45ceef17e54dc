"""Joining a Dask cluster for the time of one run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from matching.model.errors import BadInput, InputIssue

if TYPE_CHECKING:
    from matching.executors import Executor

JOINING_S = 10
INSTALL = "the package distributed, which planning on a cluster needs: install mca[cluster]"


@contextmanager
def joined(address: str | None) -> Iterator[Executor | None]:
    """Give the workers of the scheduler at ``address`` to the body, or None without an address.

    Raises
    ------
    BadInput
        No scheduler answers there, or `distributed` is not installed.
    """
    if address is None:
        yield None
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise BadInput([InputIssue("--cluster", 0, "", address, INSTALL)]) from error
    try:
        client = Client(address, timeout=JOINING_S)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise BadInput([InputIssue("--cluster", 0, "", address, "the address of a running scheduler, such as tcp://host:8786")]) from error
    from matching.cluster import OnCluster

    executor = OnCluster(client)
    try:
        yield executor
    finally:
        executor.leave()
