"""The service as an ASGI application.

Each part of the API is one `Api` in `APIS`; `create_app` puts them together with a database, and nothing happens on import.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio.to_thread
from fastapi import FastAPI

import service.all_tables  # noqa: F401  With every table comes the rule of who sees its rows.
from service import logs
from service.api import (
    accounts,
    certificates,
    demand,
    epcis,
    events,
    explanations,
    exports,
    health,
    joint_offers,
    login,
    lots,
    metrics,
    organisations,
    papers,
    photos,
    plans,
    policies,
    products,
    proposals,
    runs,
    shipments,
    sites,
    terms,
    uploads,
    vehicles,
    webhooks,
)
from service.db import Database
from service.http import edge, openapi
from service.http.admission import Service
from service.http.routing import PREFIX, Api
from service.metrics import Measured, Metrics
from service.settings import Settings
from service.web import site

APIS: Sequence[Api] = (
    lots.api,
    demand.api,
    proposals.api,
    shipments.api,
    terms.api,
    joint_offers.api,
    photos.api,
    login.api,
    accounts.api,
    organisations.api,
    sites.api,
    products.api,
    certificates.api,
    vehicles.api,
    runs.api,
    plans.api,
    policies.api,
    explanations.api,
    uploads.api,
    exports.api,
    epcis.api,
    papers.api,
    webhooks.api,
    metrics.api,
    health.api,
)
"""Every part of the API, in the order in which the description shows them."""
AT_THE_ROOT = (metrics.api, health.api)
"""Parts whose addresses don't begin with the prefix."""


def create_app(settings: Settings, database: Database | None = None) -> FastAPI:
    """Return the application.

    Parameters
    ----------
    settings : checked already.
    database : opened from the settings where none is given; whoever gives one closes it.
    """
    logs.configure(settings.log_level)
    opened = database or Database(settings.database_url, settings.database_pool)
    service = Service(settings, opened)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # More threads than connections would only wait for each other, and SQLite answers sooner with few.
        anyio.to_thread.current_default_thread_limiter().total_tokens = settings.request_threads
        yield
        if database is None:
            opened.close()

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan, redirect_slashes=False)
    app.state.service = service
    for api in APIS:
        api.register(app, "" if api in AT_THE_ROOT else PREFIX)
    events.register(app)
    site.register(app)
    edge.install(app)
    app.state.metrics = Metrics(lambda: app.state.service.database)
    app.add_middleware(Measured, metrics=app.state.metrics)
    _describe(app)
    return app


def _describe(app: FastAPI) -> None:
    """Let the application describe itself once, when it is first asked."""
    made: list[dict[str, Any]] = []

    def described() -> dict[str, Any]:
        if not made:
            made.append(openapi.describe(app, APIS, events.complete))
        return made[0]

    app.openapi = described  # type: ignore[method-assign]
