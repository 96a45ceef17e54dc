"""A season goes from the exchange format into the database and out again without losing a bit."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from buyers.models import LineRequirement
from catalog.errors import AlreadyImported, NotFound
from catalog.models import (
    Association,
    Certificate,
    ImportBatch,
    Lot,
    LotStatus,
    Organisation,
    OrganisationKind,
    Side,
    Site,
    Suspension,
    Tariff,
    VehicleClass,
)
from matching.baseline import plan_by_telephone
from matching.io import read_problem
from matching.model.errors import BadInput
from matching.model.problem import Problem
from matching.pairs.lanes import find_lanes
from service.db import Database
from service.planning.ledger import transitions
from service.planning.ledger.conservation import discrepancies
from service.planning.ledger.transitions import Wish
from service.planning.plans.certificates import valid_windows
from service.planning.plans.exporting import pack, unpack, write_problem
from service.planning.plans.importing import import_path, import_problem
from service.planning.plans.problem_builder import Horizon, load
from service.planning.plans.season_workbook import write_workbook
from service.season import sample_folder
from tests.matching.builders import build_problem
from tests.sample_market import NOON, act

SAMPLE = sample_folder()


def association(database: Database, code: str = "bac-ninh") -> int:
    with database.write() as session:
        row = Association(code=code, name="Liên minh hợp tác xã")
        session.add(row)
        session.flush()
        return row.id


def taken_in(database: Database, problem: Problem) -> int:
    mine = association(database)
    with database.write() as session:
        import_problem(session, mine, problem, "clerk Hoa", file_name="season")
    return mine


def again(database: Database, mine: int) -> Problem:
    with database.read() as session:
        batch = session.scalars(select(ImportBatch).order_by(ImportBatch.id.desc())).first()
        assert batch is not None
        return load(session, mine, Horizon(batch.horizon_from, batch.horizon_until)).problem


def test_the_sample_season_comes_out_of_the_database_as_it_went_in(database: Database) -> None:
    problem = read_problem(SAMPLE)
    assert again(database, taken_in(database, problem)).digest() == problem.digest()


def test_every_limit_that_is_absent_stays_absent_and_every_one_given_stays_given(database: Database) -> None:
    full = build_problem(
        sites=[
            {"site_id": "c1", "zone": "x", "max_vehicle_kg": 3500, "throughput_kg_per_day": 9, "opening_vnd": 5, "stop_minutes": 7.25,
             "minutes_per_tonne": 0.1, "open_from": "22:00", "open_until": "04:30", "handling_vnd_per_kg": 0.3, "name": "Chợ Đồng Kỵ"},
            {"site_id": "b1", "kind": "buyer"}, {"site_id": "g", "kind": "depot"},
        ],
        lots=[{"min_take_kg": 10, "indivisible": "yes", "cold": "yes", "cut_on_pickup": "no", "litres_per_kg": 2.7,
               "harvest_id": "vụ 1"}, {}],
        demands=[{"product": "lychee;longan", "requires": "OCOP>=3;VietGAP", "max_suppliers": 2, "min_supplier_kg": 3, "min_fill_kg": 4,
                  "short_vnd_per_kg": 5, "min_life_days": 2}, {}],
        vehicles=[{"volume_l": 12.5, "refrigerated": "yes", "count_per_day": 2, "max_stops": 3, "max_hours": 7.5, "base_site": "g"}, {}],
        certificates=[{}, {"product": "lychee", "scheme": "OCOP", "level": 4, "valid_until": "9999-12-31"}, {}],
        access=[{}],
        calendar=[{"closed": "yes"}, {"date": "2027-06-08", "open_from": "05:00", "open_until": "24:00", "throughput_kg": 0},
                  {"site_id": "c1"}],
        lanes=[{"km": 12.25, "minutes": 33, "vnd_per_kg": 0.7, "fixed_vnd": 8, "capacity_kg": 99, "transit_days": 1, "cold": "yes"},
               {"from_site": "b1", "to_site": "c1"}],
        decisions=[{"decision": "pin", "kg": 20}],
        settings={"detour_factor": 1.25, "horizon_from": "2027-06-01", "horizon_until": "2027-06-20"},
    )  # fmt: skip
    assert again(database, taken_in(database, full)).digest() == full.digest()


def test_an_empty_season_is_a_season(database: Database) -> None:
    empty = build_problem(lots=[], demands=[], vehicles=[])
    assert again(database, taken_in(database, empty)).digest() == empty.digest()


def test_what_is_exported_reads_back_the_same_from_folder_and_workbook(tmp_path: Path) -> None:
    problem = read_problem(SAMPLE)
    write_problem(tmp_path / "folder", problem)
    write_workbook(tmp_path / "season.xlsx", problem)
    assert read_problem(tmp_path / "folder").digest() == problem.digest()
    assert read_problem(tmp_path / "season.xlsx").digest() == problem.digest()


def test_a_packed_season_unpacks_to_the_same_and_equal_ones_pack_alike() -> None:
    problem = read_problem(SAMPLE)
    packed = pack(problem)
    assert unpack(packed).problem.digest() == problem.digest()
    assert pack(unpack(packed).problem) == packed


def test_a_name_that_looks_like_a_formula_is_exported_as_text(tmp_path: Path) -> None:
    risky = build_problem(sites=[{"site_id": "c1", "name": "=HYPERLINK(1)"}, {"site_id": "b1", "kind": "buyer", "name": "@x"}])
    write_workbook(tmp_path / "risky.xlsx", risky)
    assert read_problem(tmp_path / "risky.xlsx").digest() == risky.digest()


def test_the_same_season_is_not_taken_in_twice_unless_forced_and_then_changes_nothing(database: Database) -> None:
    mine = association(database)
    with database.write() as session:
        import_path(session, mine, SAMPLE, "clerk Hoa")
    with pytest.raises(AlreadyImported, match=r"imported already, as .* \(clerk Hoa"), database.write() as session:
        import_path(session, mine, SAMPLE, "clerk Minh")
    with database.write() as session:
        before = session.execute(select(func.max(Lot.version), func.count())).one()
        done = import_path(session, mine, SAMPLE, "clerk Minh", force=True)
        assert (done.new, done.changed) == ({}, {})
        assert session.execute(select(func.max(Lot.version), func.count())).one() == before


def test_a_second_import_changes_what_differs_and_leaves_the_rest(database: Database) -> None:
    mine = taken_in(database, build_problem(lots=[{}, {}]))
    with database.write() as session:
        changed = build_problem(lots=[{"quantity_kg": 1500}, {}], vehicles=[{"fixed_vnd": 400_000}])
        done = import_problem(session, mine, changed, "clerk Minh", file_name="second")
        assert (done.new, done.changed) == ({"tariff": 1}, {"lot": 1})
        lots = session.scalars(select(Lot).order_by(Lot.id)).all()
        assert [(lot.quantity_kg, lot.version, lot.updated_by) for lot in lots] == [(1500, 2, "clerk Minh"), (1000, 1, "clerk Hoa")]
        assert discrepancies(session) == []
    assert again(database, mine).digest() == changed.digest()


def test_values_beyond_what_one_lot_can_be_are_refused_with_their_cells_and_nothing_is_written(database: Database) -> None:
    mine = association(database)
    wrong = build_problem(lots=[{"quantity_kg": 10_000_001}, {"grade": 101}], demands=[{"bid_vnd_per_kg": 2_000_000_000}])
    with pytest.raises(BadInput, match="3 errors") as refused, database.write() as session:
        import_problem(session, mine, wrong, "clerk Hoa", file_name="wrong")
    assert [(i.table, i.row, i.column) for i in refused.value.issues] == [
        ("lots", 2, "quantity_kg"), ("lots", 3, "grade"), ("demands", 2, "bid_vnd_per_kg"),
    ]  # fmt: skip
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Site)) == 0


def test_two_associations_may_use_the_same_codes_and_see_their_own_rows(database: Database) -> None:
    ours = taken_in(database, build_problem())
    theirs = association(database, "bac-giang")
    with database.write() as session:
        other = build_problem(lots=[{"quantity_kg": 7}], settings={"detour_factor": 1.5})
        import_problem(session, theirs, other, "clerk", file_name="x")
    with database.read() as session:
        assert load(session, theirs).problem.digest() == other.digest()
        assert load(session, ours).problem.digest() == build_problem().digest()
        with pytest.raises(NotFound, match="association '99'"):
            load(session, 99)


def test_what_is_promised_leaves_the_problem(database: Database) -> None:
    mine = taken_in(database, build_problem(lots=[{"min_take_kg": 500}], demands=[{"max_suppliers": 2, "min_fill_kg": 400}],
                                           decisions=[{"decision": "pin", "kg": 350}]))  # fmt: skip
    with database.write() as session:
        transitions.hold(session, [Wish(1, 1, 300)], NOON + timedelta(days=1), act())
    left = again(database, mine)
    assert (left.lots.kg.tolist(), left.lots.min_take_kg.tolist()) == ([700], [200])
    assert (left.lines.kg.tolist(), left.lines.min_fill_kg.tolist(), left.lines.max_suppliers.tolist()) == ([500], [100], [1])
    assert left.decisions.kg.tolist() == [50]
    with database.write() as session:
        transitions.hold(session, [Wish(1, 1, 500)], NOON + timedelta(days=1), act())
    done = again(database, mine)
    assert (done.n_lots, done.n_lines, len(done.decisions.kg)) == (1, 0, 0)


def test_withdrawn_lots_closed_sites_and_unpriced_trucks_stay_out(database: Database) -> None:
    mine = taken_in(database, build_problem(lots=[{}, {}, {"site_id": "c2"}], sites=[
        {"site_id": "c1"}, {"site_id": "c2"}, {"site_id": "b1", "kind": "buyer"}]))  # fmt: skip
    with database.write() as session:
        transitions.withdraw(session, 1, act())
        session.scalars(select(Site).where(Site.code == "c2")).one().closed_on = date(2027, 6, 1)
        session.add(VehicleClass(association_id=mine, code="new", payload_kg=1000, kmh=40.0))
    left = again(database, mine)
    assert (left.lots.id.tolist(), left.sites.id.tolist(), left.vehicles.id.tolist()) == (["lot2"], ["c1", "b1"], ["class1"])


def test_lots_and_lines_outside_the_horizon_stay_out(database: Database) -> None:
    mine = taken_in(database, build_problem(
        lots=[{}, {"available_from": "2027-07-01", "available_until": "2027-07-02"}],
        demands=[{}, {"deliver_from": "2027-07-01", "deliver_until": "2027-07-02"}]))  # fmt: skip
    with database.read() as session:
        july = load(session, mine, Horizon(date(2027, 7, 1), None)).problem
        june = load(session, mine, Horizon(None, date(2027, 6, 30))).problem
    assert (july.lots.id.tolist(), july.lines.id.tolist()) == (["lot2"], ["line2"])
    assert (june.lots.id.tolist(), june.lines.id.tolist()) == (["lot1"], ["line1"])


def test_a_tariff_counts_from_its_first_day(database: Database) -> None:
    mine = taken_in(database, build_problem())
    with database.write() as session:
        truck = session.scalars(select(VehicleClass)).one()
        session.add(Tariff(vehicle_class_id=truck.id, valid_from=date(2027, 7, 1), fixed_vnd=1, source="circular"))
    with database.read() as session:
        assert load(session, mine, Horizon(date(2027, 6, 7))).problem.vehicles.fixed_vnd.tolist() == [300_000]
        assert load(session, mine, Horizon(date(2027, 7, 1))).problem.vehicles.fixed_vnd.tolist() == [1]


def test_a_suspended_certificate_counts_around_its_suspension(database: Database) -> None:
    mine = taken_in(database, build_problem(certificates=[{}]))
    with database.write() as session:
        session.add(Suspension(certificate_id=1, from_day=date(2027, 6, 1), until_day=date(2027, 6, 8), reason="residues"))
    proofs = again(database, mine).certificates
    days = [np.datetime64(int(day), "D").item() for day in (*proofs.from_day, *proofs.until_day)]
    assert days == [date(2026, 1, 1), date(2027, 6, 9), date(2027, 5, 31), date(2028, 12, 31)]


def test_a_sponsored_group_stands_for_itself_with_its_own_certificates(database: Database) -> None:
    mine = taken_in(database, build_problem(lots=[{}, {}], certificates=[{}]))
    with database.write() as session:
        session.add(LineRequirement(line_id=1, position=0, scheme=session.scalars(select(Certificate.scheme)).one(), min_level=0))
        sponsor = session.scalars(select(Organisation).where(Organisation.code == "s1")).one()
        group = Organisation(
            association_id=mine, side=Side.SUPPLY, kind=OrganisationKind.GROUP, code="tht", name="Tổ hợp tác", sponsor_id=sponsor.id
        )
        session.add(group)
        session.flush()
        session.get_one(Lot, 2).organisation_id = group.id
    problem = again(database, mine)
    assert problem.supplier_ids == ("s1", "s1/tht")
    assert (problem.lots.supplier.tolist(), problem.certificates.supplier.tolist()) == ([0, 1], [0])


def test_expired_lots_never_enter_a_problem(database: Database) -> None:
    mine = taken_in(database, build_problem())
    with database.write() as session:
        assert transitions.expire_lots(session, act(minutes=60 * 24 * 30)) == 1
        assert session.scalars(select(Lot.status)).all() == [LotStatus.EXPIRED]
    assert again(database, mine).n_lots == 0


DAYS = st.integers(0, 40).map(lambda n: date(2027, 1, 1) + timedelta(days=n))


@given(DAYS, DAYS, st.lists(st.tuples(DAYS, DAYS).map(lambda pair: (min(pair), max(pair))), max_size=4))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_the_windows_that_gaps_leave_hold_exactly_the_days_outside_them(first: date, last: date, gaps: list[tuple[date, date]]) -> None:
    first, last = min(first, last), max(first, last)
    every = {first + timedelta(days=n) for n in range((last - first).days + 1)}
    windows = valid_windows(first, last, gaps)
    covered = [start + timedelta(days=n) for start, end in windows for n in range((end - start).days + 1)]
    assert sorted(covered) == sorted(day for day in every if not any(start <= day <= end for start, end in gaps))


def test_loading_reads_the_tables_at_one_moment(database: Database) -> None:
    mine = taken_in(database, build_problem())
    with database.read() as reading:
        assert reading.scalar(text("SELECT quantity_kg FROM lot")) == 1000
        with database.write() as writing:
            writing.get_one(Lot, 1).quantity_kg = 5
        assert load(reading, mine).problem.lots.kg.tolist() == [1000]


def test_groups_of_one_sponsor_count_as_one_supplier_of_a_line(database: Database) -> None:
    lots = [{"quantity_kg": 3000}, {"quantity_kg": 3000}]
    mine = taken_in(database, build_problem(lots=lots, demands=[{"quantity_kg": 6000, "max_suppliers": 1}]))
    with database.write() as session:
        sponsor = session.scalars(select(Organisation).where(Organisation.code == "s1")).one()
        for number in (1, 2):
            kind = {"side": Side.SUPPLY, "kind": OrganisationKind.GROUP, "sponsor_id": sponsor.id}
            group = Organisation(association_id=mine, code=f"tht{number}", name=f"Tổ hợp tác {number}", **kind)
            session.add(group)
            session.flush()
            session.get_one(Lot, number).organisation_id = group.id
    problem = again(database, mine)
    assert (problem.supplier_ids, problem.lines.max_suppliers.tolist()) == (("s1",), [1])
    assert int(plan_by_telephone(problem, find_lanes(problem)).allocations.kg.sum()) == 6000
