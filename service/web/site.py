"""All pages together; `service.app` adds them to the application."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI

from service.web import offers, shell, uploads
from service.web.association import money, people, rules, season, tariffs, trail
from service.web.broker import left, plans, policy, runs, trucks
from service.web.cooperative import certificates, lots, sales
from service.web.pages import Pages
from service.web.procurement import contracts, deliveries, demand, fill, orders

PARTS: Sequence[Pages] = (
    shell.pages,
    lots.pages,
    offers.pages,
    sales.pages,
    certificates.pages,
    uploads.pages,
    demand.pages,
    orders.pages,
    deliveries.pages,
    fill.pages,
    contracts.pages,
    runs.pages,
    plans.pages,
    left.pages,
    policy.pages,
    trucks.pages,
    season.pages,
    money.pages,
    people.pages,
    trail.pages,
    rules.pages,
    tariffs.pages,
)
"""Every part of the workbench."""


def register(app: FastAPI) -> None:
    """Add every page to an application, and let it say problems as pages to those who look at pages."""
    for part in PARTS:
        part.register(app)
    app.state.problem_page = shell.problem_page
