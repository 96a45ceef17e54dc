"""Every register, and their pages."""

from __future__ import annotations

from collections.abc import Sequence

from service.web.pages import Pages
from service.web.registers import actions, calendar, guide, members, organisations, papers, policies, products, sites, start, trucks
from service.web.registers.pages import declare
from service.web.registers.register import Register

REGISTERS: Sequence[Register] = (
    organisations.REGISTER, sites.REGISTER, products.REGISTER, papers.CERTIFICATES, papers.AREAS, members.REGISTER, trucks.CLASSES,
    trucks.TRUCKS, trucks.DRIVERS, policies.REGISTER,
)  # fmt: skip
PARTS: Sequence[Pages] = (*(declare(one) for one in REGISTERS), actions.pages, calendar.pages, guide.pages, start.pages)
