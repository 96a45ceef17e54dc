"""All pages together; `service.app` adds them to the application."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI

from service.web import joint_offers, offers, own_account, passkeys, public_pages, today, uploads
from service.web.association import money, people, rules, season, tariffs, trail
from service.web.broker import agreements, open_items, plans, policy, promises, runs, trucks
from service.web.cooperative import certificates, lots, sales, shares
from service.web.pages import Pages
from service.web.procurement import contracts, copied_orders, deliveries, demand, fill_rates, orders
from service.web.registers import all as registers
from service.web.spreadsheets import pages as spreadsheets

PARTS: Sequence[Pages] = (
    public_pages.pages,
    own_account.pages,
    passkeys.pages,
    lots.pages,
    shares.pages,
    offers.pages,
    joint_offers.pages,
    today.pages,
    sales.pages,
    certificates.pages,
    uploads.pages,
    demand.pages,
    copied_orders.pages,
    orders.pages,
    deliveries.pages,
    fill_rates.pages,
    contracts.pages,
    runs.pages,
    plans.pages,
    promises.pages,
    agreements.pages,
    open_items.pages,
    policy.pages,
    trucks.pages,
    season.pages,
    money.pages,
    people.pages,
    trail.pages,
    rules.pages,
    tariffs.pages,
    *registers.PARTS,
    spreadsheets.pages,
)
"""Every part of the workbench."""


def register(app: FastAPI) -> None:
    """Add every page to an application, and let it say problems as pages to those who look at pages."""
    for part in PARTS:
        part.register(app)
    app.state.problem_page = public_pages.problem_page
