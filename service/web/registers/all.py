"""Every register, and their pages."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from service.auth.permissions import Permission
from service.web.context import PageRequest
from service.web.pages import Pages
from service.web.registers import actions, calendar, guide, members, organisations, papers, policies, products, sites, start, trucks
from service.web.registers.pages import declare
from service.web.registers.register import Register

REGISTERS: Sequence[Register] = (
    organisations.REGISTER, sites.REGISTER, products.REGISTER, papers.CERTIFICATES, papers.AREAS, members.REGISTER, trucks.CLASSES,
    trucks.TRUCKS, trucks.DRIVERS, policies.REGISTER,
)  # fmt: skip
pages = Pages("registers")


@pages.get("/registers", may=Permission.CATALOG_READ)
def show_registers(visit: PageRequest) -> Response:
    """Show every register that the visitor may see."""
    mine = [one for one in REGISTERS if visit.principal.may(one.read)]
    return visit.show("registers/registers.html", registers=mine, guides=visit.principal.may(Permission.RUNS_WRITE))


PARTS: Sequence[Pages] = (*(declare(one) for one in REGISTERS), actions.pages, calendar.pages, guide.pages, start.pages, pages)
