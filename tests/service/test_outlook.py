"""What the database knows of harvests to come: taken in with a season, lessened by what is promised, and written out again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from catalog import intake
from catalog.errors import Invalid
from catalog.intake import LotChange, LotIn
from catalog.models import ForecastRevision, Lot
from catalog.tenancy import Scope
from matching.harvest.outlook import UNKNOWN
from matching.io import read_season
from service.db import Database
from service.planning.ledger import transitions
from service.planning.ledger.transitions import Wish
from service.planning.plans.exporting import pack, unpack, write_problem
from service.planning.plans.forecasts import outlook_of, outlook_tables
from service.planning.plans.importing import import_path
from service.planning.plans.problem_builder import load
from service.planning.plans.season_workbook import write_workbook
from tests.matching.builders import tiny_folder
from tests.sample_market import NOON, Market, act


def season_folder(folder: Path) -> Path:
    """Two lots, of which the second is uncertain."""
    made = tiny_folder(folder, lots=[{}, {}])
    (made / "harvests.csv").write_text("lot_id,p10_kg,p50_kg,p90_kg\nlot2,400,900,1100\n", encoding="utf-8")
    return made


def test_forecasts_come_out_of_the_database_as_they_went_in(database: Database, tmp_path: Path) -> None:
    folder = season_folder(tmp_path / "in")
    with database.write() as session:
        mine = Market(session).association.id
        import_path(session, mine, folder, "Lan")
        import_path(session, mine, folder, "Lan", force=True)
        assert len(session.scalars(select(ForecastRevision)).all()) == 1
    with database.read() as session:
        loaded = load(session, mine)
        known = outlook_of(session, loaded)
    beside = outlook_tables(loaded.problem, known)
    write_problem(tmp_path / "out", loaded.problem, beside)
    write_workbook(tmp_path / "out.xlsx", loaded.problem, beside)
    for back in (read_season(tmp_path / "out"), read_season(tmp_path / "out.xlsx"), unpack(pack(loaded.problem, beside))):
        assert [column.tolist() for column in (back.outlook.p10_kg, back.outlook.p50_kg, back.outlook.p90_kg)] == [
            [UNKNOWN, 400], [UNKNOWN, 900], [UNKNOWN, 1100],
        ]  # fmt: skip
        assert back.problem.digest() == loaded.problem.digest()


def test_what_is_promised_of_a_lot_is_taken_off_its_quantiles(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        lot, line = market.lot(1000), market.line(500)
        scope = Scope(market.association.id)
        intake.revise_lot(session, scope, lot.uid, LotChange(low_kg=200, high_kg=1500, reason="mưa"), "Lan")
        transitions.hold(session, [Wish(lot.id, line.id, 300)], NOON + timedelta(hours=1), act())
    with database.read() as session:
        known = outlook_of(session, load(session, scope.association_id))
    assert [one.tolist() for one in (known.p10_kg, known.p50_kg, known.p90_kg)] == [[0], [700], [1200]]
    assert (known.is_known, known.deliveries) == (True, {})


def test_a_lot_is_declared_with_its_spread_and_a_spread_alone_is_a_revision(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        scope = Scope(market.association.id)
        given = {
            "organisation": market.cooperative.uid, "site": market.farm.uid, "product": market.product.code, "grade": 1, "quantity_kg": 800,
            "available_from": "2027-06-07", "available_until": "2027-06-09", "shelf_life_days": 7, "ask_vnd_per_kg": 15_000,
        }  # fmt: skip
        lot = intake.declare_lot(session, scope, LotIn.model_validate(given | {"low_kg": 600, "high_kg": 850}), "Lan")
        intake.revise_lot(session, scope, lot.uid, LotChange(low_kg=500, reason="mưa"), "Lan")
        query = select(ForecastRevision).where(ForecastRevision.lot_id == lot.id).order_by(ForecastRevision.id)
        assert [(one.low_kg, one.expected_kg, one.high_kg, one.reason) for one in session.scalars(query)] == [
            (600, 800, 850, "declared"), (500, 800, 800, "mưa"),
        ]  # fmt: skip
        with pytest.raises(Invalid, match="in ascending order"):
            intake.declare_lot(session, scope, LotIn.model_validate(given | {"low_kg": 900}), "Lan")
        with pytest.raises(Invalid, match="why"):
            intake.revise_lot(session, scope, lot.uid, LotChange(high_kg=900), "Lan")
        assert session.get_one(Lot, lot.id).quantity_kg == 800
