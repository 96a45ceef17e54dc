"""The objective of the exact model: goods, shortage, hub handling and site openings; freight is added by its rules."""

from __future__ import annotations

from matching.exact.model import ExactModel
from matching.model.problem import HUB


def add_goods(model: ExactModel) -> None:
    """Σ kg × (bid − ask) − Σ short_vnd_per_kg × kg not delivered."""
    lots, lines = model.problem.lots, model.problem.lines
    model.worth.append(-sum(int(short * kg) for short, kg in zip(lines.short_vnd_per_kg, lines.kg, strict=True)))
    for flow in model.flows:
        vnd_per_kg = lines.bid_vnd_per_kg[flow.line] - lots.ask_vnd_per_kg[flow.lot] + lines.short_vnd_per_kg[flow.line]
        model.worth.append(int(vnd_per_kg) * flow.kg)


def add_handling(model: ExactModel) -> None:
    """Σ handling_vnd_per_kg × kg unloaded at a hub, on the way or for good."""
    sites = model.problem.sites
    for flow in model.flows:
        targets = [leg.target for leg in flow.legs] or [int(model.problem.lines.site[flow.line])]
        rate = sum(int(sites.handling_vnd_per_kg[site]) for site in targets if sites.kind[site] == HUB)
        model.worth.append(-rate * flow.kg)


def add_openings(model: ExactModel) -> None:
    """Σ opening_vnd over the sites and dates on which anything moves."""
    opens = {}
    for flow, site, day, _, on_day in model.touches():
        if fee := int(model.problem.sites.opening_vnd[site]):
            if (site, day) not in opens:
                opens[site, day] = model.boolean(f"open[{site},{day}]")
                model.worth.append(-fee * opens[site, day])
            model.not_all(flow.used, on_day, opens[site, day].negated())
