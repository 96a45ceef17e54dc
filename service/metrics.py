"""Figures for monitoring, in Prometheus' format: requests by route, what the queues hold, the process itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.db import Database, now
from service.models import Delivery, DeliveryState
from service.planning.models import Run
from service.planning.states import RunState

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
WENT_AWAY = 499
"""Counted for a client that has gone before it was answered, as proxies do."""
ELSEWHERE = "(none)"
"""What requests that no route takes are counted under, so that strangers can't invent labels."""


class Metrics:
    """The figures of one process.

    Parameters
    ----------
    database : names the database whose queues are shown, whenever somebody looks.
    """

    def __init__(self, database: Callable[[], Database]) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests = Counter("mca_http_requests", "Requests answered.", labels, registry=self.registry)
        self.seconds = Histogram("mca_http_request_seconds", "Time to answer.", labels[:2], buckets=BUCKETS_S, registry=self.registry)
        self.under_way = Gauge("mca_http_requests_under_way", "Requests being answered.", registry=self.registry)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.registry.register(_Queues(database))

    def text(self) -> bytes:
        """Return every figure in Prometheus' text format."""
        return generate_latest(self.registry)


class Measured:
    """The layer that counts and times requests."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), WENT_AWAY

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self.metrics.under_way.track_inprogress():
            try:
                await self.app(scope, receive, noting)
            except Exception:
                status = 500
                raise
            finally:
                route = getattr(scope.get("route"), "path", ELSEWHERE)
                method = scope["method"] if route != ELSEWHERE else ELSEWHERE
                self.metrics.requests.labels(method, route, str(status)).inc()
                self.metrics.seconds.labels(method, route).observe(time.perf_counter() - began)


class _Queues(Collector):
    """What the database's queues hold, asked when somebody looks."""

    def __init__(self, database: Callable[[], Database]) -> None:
        self._database = database

    def collect(self) -> Iterator[Metric]:
        """Yield the figures; of a database that is away, only that it is."""
        up = GaugeMetricFamily("mca_database_up", "Whether the database answers.")
        try:
            with self._database().read() as session:
                found = list(self._figures(session))
        except (SQLAlchemyError, OSError):
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from found

    def describe(self) -> list[Metric]:
        """Say nothing in advance: that would ask the database."""
        return []

    def _figures(self, session: Any) -> Iterator[Metric]:
        runs = GaugeMetricFamily("mca_runs", "Planning runs that wait or work.", labels=["state"])
        open_states = (RunState.QUEUED, RunState.RUNNING, RunState.STOPPING)
        counted = dict(session.execute(select(Run.state, func.count()).where(Run.state.in_(open_states)).group_by(Run.state)).all())
        for state in open_states:
            runs.add_metric([state.value], counted.get(state, 0))
        yield runs
        pending = select(func.count(), func.min(Delivery.due_at)).where(Delivery.state == DeliveryState.PENDING)
        count, oldest = session.execute(pending).one()
        yield GaugeMetricFamily("mca_webhooks_pending", "Webhooks that wait to be delivered.", value=count)
        late = 0.0 if oldest is None else max(0.0, (now(session) - oldest).total_seconds())
        yield GaugeMetricFamily("mca_webhooks_late_seconds", "How long the oldest webhook that is due has waited.", value=late)
        pool = self._database().engine.pool
        in_use = getattr(pool, "checkedout", lambda: 0)()
        yield GaugeMetricFamily("mca_database_connections_in_use", "Connections in use by this process.", value=in_use)
