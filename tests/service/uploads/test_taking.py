"""An upload is taken in whole or not at all, within what the uploader may touch."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from buyers.models import DemandLine, LineStatus
from catalog import intake
from catalog.errors import AlreadyImported, NeedsConfirmation
from catalog.models import ForecastRevision, ImportBatch, Lot, LotStatus, Organisation, OrganisationKind, Side, Site, SiteKind
from catalog.tenancy import Scope
from service import sheets
from service.db import Database
from service.models import Outbox
from service.planning.ledger import transitions
from service.planning.ledger.conservation import discrepancies
from service.planning.ledger.transitions import Wish
from service.planning.plans.problem_builder import load
from service.uploads.errors import MOST_LISTED, UploadRefused
from service.uploads.importing import Taken, Wanted, take_in
from service.uploads.lines import sort_lines, write_lines
from service.uploads.lots import sort_lots, write_lots
from service.uploads.reading import Media, prepare
from tests.sample_market import NOON, Market, act
from tests.service.uploads.files import LINE, LINE_HEADER, LOT, LOT_HEADER, changed, csv_of, xlsx_of

MEANT = Wanted(confirmed=True)


@pytest.fixture
def market(database: Database) -> Market:
    with database.write() as session:
        return Market(session)


@pytest.fixture
def whole(market: Market) -> Scope:
    return Scope(market.association.id)


def upload(
    database: Database,
    scope: Scope,
    content: bytes,
    wanted: Wanted = MEANT,
    table: str = "lots",
    media: Media = Media.CSV,
    at: datetime = NOON,
) -> Taken:
    prepared = prepare(table, content, media, "week 23.csv")
    steps: dict[str, Any] = {"sort": sort_lots, "write": write_lots} if table == "lots" else {"sort": sort_lines, "write": write_lines}
    with database.write() as session:
        return take_in(session, scope, prepared, wanted, "clerk Hoa", at, **steps)


def lines_of(*rows: Any) -> bytes:
    return csv_of(*rows, header=LINE_HEADER)


def faults(refused: pytest.ExceptionInfo[UploadRefused]) -> list[tuple[int, str, str]]:
    return [(issue.row, issue.column, issue.expected) for issue in refused.value.issues]


def count(session: Session, model: Any) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def lot(session: Session, code: str) -> Lot:
    return session.scalars(select(Lot).where(Lot.code == code)).one()


def line(session: Session, code: str) -> DemandLine:
    wanted = select(DemandLine).options(selectinload(DemandLine.products), selectinload(DemandLine.requirements))
    return session.scalars(wanted.where(DemandLine.code == code)).one()


def test_new_lots_are_declared_and_entered_in_the_ledger(database: Database, whole: Scope) -> None:
    done = upload(database, whole, csv_of(LOT, changed(LOT, lot_id="l2", quantity_kg=300)))
    assert (done.new, done.changed, done.same) == (2, 0, 0)
    with database.read() as session:
        found = lot(session, "l1")
        assert (found.quantity_kg, found.available_from, found.ask_vnd_per_kg) == (1200, date(2027, 6, 7), 15_000)
        assert found.updated_by == "clerk Hoa"
        assert discrepancies(session) == []
        batch = session.scalars(select(ImportBatch)).one()
        assert (batch.uid, batch.n_rows, batch.file_name) == (done.uid, 2, "week 23.csv")
        assert session.scalars(select(Outbox.kind)).one() == "upload.imported"


def test_csv_json_and_workbook_give_the_same_rows(database: Database, whole: Scope) -> None:
    import orjson

    from tests.service.uploads.files import LOT_HEADER

    upload(database, whole, csv_of(LOT))
    as_json = orjson.dumps([dict(zip(LOT_HEADER, LOT, strict=True))])
    assert upload(database, whole, as_json, media=Media.JSON).same == 1
    assert upload(database, whole, xlsx_of(LOT_HEADER, LOT), media=Media.XLSX).same == 1


def test_a_known_lot_is_revised_and_leaves_a_forecast_revision(database: Database, whole: Scope) -> None:
    upload(database, whole, csv_of(LOT))
    done = upload(database, whole, csv_of(changed(LOT, quantity_kg=900, ask_vnd_per_kg=16_000)))
    assert (done.new, done.changed, done.same) == (0, 1, 0)
    with database.read() as session:
        assert (lot(session, "l1").quantity_kg, lot(session, "l1").version) == (900, 2)
        revision = session.scalars(select(ForecastRevision)).one()
        assert (revision.expected_kg, revision.reason) == (900, "upload of week 23.csv")
        assert discrepancies(session) == []


def spread_of(session: Session, code: str) -> list[tuple[int, int, int]]:
    """Every forecast of a lot, oldest first: tenth percentile, median, ninetieth percentile."""
    query = select(ForecastRevision).where(ForecastRevision.lot_id == lot(session, code).id).order_by(ForecastRevision.id)
    return [(one.low_kg, one.expected_kg, one.high_kg) for one in session.scalars(query)]


def test_the_spread_of_a_forecast_is_taken_in_once_and_with_a_new_quantity(database: Database, whole: Scope) -> None:
    header = [*LOT_HEADER, "low_kg", "high_kg"]
    first = csv_of([*LOT, 1000, 1300], [*changed(LOT, lot_id="l2"), "", ""], header=header)
    upload(database, whole, first)
    upload(database, whole, csv_of([*LOT, 1000, 1300], header=header))
    upload(database, whole, csv_of([*changed(LOT, quantity_kg=900), "", 1100], header=header))
    with database.read() as session:
        assert spread_of(session, "l1") == [(1000, 1200, 1300), (900, 900, 1100)]
        assert spread_of(session, "l2") == []
    with pytest.raises(UploadRefused, match="1 fault") as refused:
        upload(database, whole, csv_of([*LOT, 1201, ""], header=header))
    assert faults(refused) == [(2, "low_kg", "low_kg, quantity_kg and high_kg in ascending order")]


def test_what_was_declared_of_a_lot_stays(database: Database, whole: Scope) -> None:
    upload(database, whole, csv_of(LOT))
    with pytest.raises(UploadRefused, match="1 fault; nothing was written") as refused:
        upload(database, whole, csv_of(changed(LOT, grade=2)))
    assert faults(refused) == [(2, "grade", "what this lot was declared with; declare another lot")]
    with database.write() as session:
        lot(session, "l1").status = LotStatus.WITHDRAWN
    with pytest.raises(UploadRefused, match="1 fault") as refused:
        upload(database, whole, csv_of(changed(LOT, quantity_kg=1)))
    assert faults(refused) == [(2, "lot_id", "a lot that is on offer; this one is withdrawn")]


def test_one_bad_row_among_many_writes_nothing_and_every_fault_is_told(database: Database, whole: Scope) -> None:
    rows = [changed(LOT, lot_id=f"l{n}") for n in range(1000)]
    for n in range(0, 1000, 27):
        rows[n] = changed(rows[n], site_id="nowhere")
    with pytest.raises(UploadRefused, match="38 faults; nothing was written") as refused:
        upload(database, whole, csv_of(*rows))
    assert faults(refused)[:2] == [(2, "site_id", "the code of a site of yours"), (29, "site_id", "the code of a site of yours")]
    with database.read() as session:
        assert (count(session, Lot), count(session, ImportBatch), count(session, Outbox)) == (0, 0, 0)


def test_a_report_lists_a_thousand_faults_and_counts_them_all(database: Database, whole: Scope) -> None:
    rows = [changed(LOT, lot_id=f"l{n}", site_id="x", product="y", grade=0) for n in range(1500)]
    with pytest.raises(UploadRefused, match="4500 faults") as refused:
        upload(database, whole, csv_of(*rows))
    assert (len(refused.value.issues), refused.value.total) == (MOST_LISTED, 4500)


def test_faults_of_form_reference_and_range_are_told_at_once(database: Database, whole: Scope) -> None:
    with pytest.raises(UploadRefused, match="faults") as refused:
        upload(
            database,
            whole,
            csv_of(
                changed(LOT, quantity_kg="NaN", supplier_id="b0"),
                changed(LOT, lot_id="l2", quantity_kg=10**9, grade=9, product="durian"),
                changed(LOT, lot_id="l\u200b3", available_until="2027-06-06"),
                changed(LOT, lot_id="l4", site_id="d0"),
                changed(LOT, lot_id="l" * 101),
            ),
        )
    assert [(row, column) for row, column, _ in faults(refused)] == [
        (2, "quantity_kg"), (2, "supplier_id"), (3, "product"), (3, "quantity_kg"), (4, "available_until"), (4, "lot_id"), (5, "site_id"),
        (6, "lot_id"),
    ]  # fmt: skip


def test_where_nothing_was_guessed_about_a_file_its_refusal_says_nothing_of_it(database: Database, whole: Scope) -> None:
    content = json.dumps([dict(zip(LOT_HEADER, changed(LOT, product="durian"), strict=True))]).encode()
    with pytest.raises(UploadRefused, match=r"^1 fault; nothing was written$"):
        upload(database, whole, content, media=Media.JSON)


def test_the_same_file_is_taken_in_once_unless_it_is_forced(database: Database, whole: Scope, market: Market) -> None:
    done = upload(database, whole, csv_of(LOT))
    with pytest.raises(AlreadyImported, match=f"imported already, as {done.uid}") as refused:
        upload(database, whole, csv_of(LOT))
    assert refused.value.uid == done.uid
    assert upload(database, whole, csv_of(LOT), Wanted(force=True, confirmed=True)).same == 1
    own = Scope(market.association.id, market.cooperative.id)
    assert upload(database, own, csv_of(LOT)).same == 1


def test_a_dry_run_says_what_would_happen_and_writes_nothing(database: Database, whole: Scope) -> None:
    done = upload(database, whole, csv_of(*[changed(LOT, lot_id=f"l{n}") for n in range(7)]), Wanted(dry_run=True))
    assert (done.uid, done.new, len(done.preview)) == (None, 7, 5)
    assert done.preview[0]["quantity_kg"] == "1200"
    assert "read as utf-8, separated by comma" in done.notes
    with database.read() as session:
        assert (count(session, Lot), count(session, ImportBatch)) == (0, 0)


def test_a_guessed_encoding_must_be_confirmed(database: Database, whole: Scope) -> None:
    content = csv_of(changed(LOT, lot_id="đ")).decode().encode("cp1258")
    with pytest.raises(NeedsConfirmation, match="encoding: guessed to be cp1258"):
        upload(database, whole, content, Wanted())
    assert "encoding: guessed to be cp1258; say it if that is right" in upload(database, whole, content, Wanted(dry_run=True)).notes
    upload(database, whole, content)
    with database.read() as session:
        assert lot(session, "đ").quantity_kg == 1200


def test_unusual_quantities_and_past_windows_must_be_confirmed(database: Database, whole: Scope) -> None:
    upload(database, whole, csv_of(*[changed(LOT, lot_id=f"l{n}") for n in range(5)]))
    slip = csv_of(changed(LOT, lot_id="slip", quantity_kg=12))
    with pytest.raises(NeedsConfirmation, match="quantity_kg: slip has 12 kg, where 1200 kg are usual"):
        upload(database, whole, slip, Wanted())
    with pytest.raises(NeedsConfirmation, match="available_until: 1 new lots can't be picked up any more"):
        upload(database, whole, csv_of(changed(LOT, lot_id="late")), Wanted(), at=NOON + timedelta(days=30))
    assert upload(database, whole, slip).new == 1


def test_the_day_is_the_day_in_vietnam(database: Database, whole: Scope) -> None:
    last_minute = datetime(2027, 6, 9, 16, 59, tzinfo=UTC)
    assert upload(database, whole, csv_of(LOT), Wanted(dry_run=True), at=last_minute).notes == ["read as utf-8, separated by comma"]
    with pytest.raises(NeedsConfirmation, match="before 2027-06-10"):
        upload(database, whole, csv_of(LOT), Wanted(), at=last_minute + timedelta(minutes=1))


def test_a_cooperative_uploads_only_its_own(database: Database, market: Market) -> None:
    with database.write() as session:
        supply = {"association_id": market.association.id, "side": Side.SUPPLY, "kind": OrganisationKind.COOPERATIVE}
        other = Organisation(**supply, code="s1", name="Hợp tác xã khác")
        session.add(other)
        session.flush()
        session.add(
            Site(association_id=market.association.id, organisation_id=other.id, code="c1", kind=SiteKind.COOPERATIVE, lat=21, lon=106)
        )
    own, theirs = Scope(market.association.id, market.cooperative.id), Scope(market.association.id, other.id)
    upload(database, theirs, csv_of(changed(LOT, lot_id="taken", site_id="c1", supplier_id="s1")))
    with pytest.raises(UploadRefused, match="faults") as refused:
        upload(
            database,
            own,
            csv_of(changed(LOT, lot_id="taken"), changed(LOT, lot_id="b", supplier_id="s1"), changed(LOT, lot_id="c", site_id="c1")),
        )
    assert [(row, column) for row, column, _ in faults(refused)] == [(2, "lot_id"), (3, "supplier_id"), (4, "site_id")]
    with database.read() as session:
        assert lot(session, "taken").supplier_id == other.id


def test_a_cut_below_what_is_promised_is_refused_by_its_row_dry_or_not(database: Database, market: Market, whole: Scope) -> None:
    upload(database, whole, csv_of(LOT))
    with database.write() as session:
        market.session = session
        transitions.hold(session, [Wish(lot(session, "l1").id, market.line(1000).id, 1000)], NOON + timedelta(hours=2), act())
    for dry in (True, False):
        with pytest.raises(UploadRefused, match="1 fault") as refused:
            upload(database, whole, csv_of(changed(LOT, quantity_kg=500)), Wanted(confirmed=True, dry_run=dry))
        (issue,) = refused.value.issues
        assert (issue.row, issue.column, issue.expected) == (2, "quantity_kg", "at least 1000 kg: so much is promised or gone")
    with database.read() as session:
        assert lot(session, "l1").quantity_kg == 1200


def test_a_lot_of_nothing_is_refused(database: Database, market: Market, whole: Scope) -> None:
    with pytest.raises(UploadRefused, match="1 fault") as refused:
        upload(database, whole, csv_of(changed(LOT, quantity_kg=0)))
    assert refused.value.issues[0].column == "quantity_kg"


def test_everything_that_its_owner_exports_comes_back_as_it_was(database: Database, market: Market, whole: Scope) -> None:
    codes = ["'-7", "''=1", "-7", "'l", "@a", "l1"]
    upload(database, whole, sheets.as_csv(sheets.Table(LOT_HEADER, [changed(LOT, lot_id=code) for code in codes])))
    upload(database, whole, lines_of(LINE), table="demands")
    with database.read() as session:
        exported = {"lots": sheets.lots(session, whole), "demands": sheets.demands(session, whole)}
    assert [row[0] for row in exported["lots"].rows] == codes
    for table, content in exported.items():
        again = upload(database, whole, sheets.as_csv(content), wanted=Wanted(confirmed=True, force=True), table=table)
        assert (again.new, again.changed, again.same) == (0, 0, len(content.rows))
    edited = [[*row[:5], 900, *row[6:]] for row in exported["lots"].rows]
    done = upload(database, whole, sheets.as_csv(sheets.Table(exported["lots"].header, edited)))
    assert (done.new, done.changed) == (0, len(codes))


def test_new_lines_are_asked_for_with_what_they_accept_and_require(database: Database, whole: Scope) -> None:
    assert upload(database, whole, lines_of(LINE), table="demands").new == 1
    with database.read() as session:
        found = line(session, "d1")
        assert (found.quantity_kg, found.bid_vnd_per_kg, found.max_suppliers) == (800, 27_000, None)
        assert [(need.scheme, need.min_level) for need in found.requirements] == [("VietGAP", 0), ("OCOP", 3)]
        assert len(load(session, whole.association_id).problem.lines.id) == 1
    assert upload(database, whole, lines_of(LINE) + b"\n", table="demands").same == 1


def test_a_known_line_changes_and_keeps_what_kilograms_were_promised_to(database: Database, market: Market, whole: Scope) -> None:
    upload(database, whole, lines_of(changed(LINE, LINE_HEADER, requires="")), table="demands")
    done = upload(database, whole, lines_of(changed(LINE, LINE_HEADER, quantity_kg=900, requires="VietGAP")), table="demands")
    assert done.changed == 1
    with database.write() as session:
        line(session, "d1").status = LineStatus.CONFIRMED
    with pytest.raises(UploadRefused, match="2 faults") as refused:
        upload(database, whole, lines_of(changed(LINE, LINE_HEADER, max_grade=1, requires="", quantity_kg=950)), table="demands")
    assert [(row, column) for row, column, _ in faults(refused)] == [(2, "max_grade"), (2, "requires")]
    assert upload(database, whole, lines_of(changed(LINE, LINE_HEADER, requires="VietGAP", quantity_kg=950)), table="demands").changed == 1


def test_faulty_lines_are_told_with_their_cells(database: Database, whole: Scope) -> None:
    with pytest.raises(UploadRefused, match="faults") as refused:
        upload(
            database,
            whole,
            csv_of(
                [*changed(LINE, LINE_HEADER, product="lychee;durian", buyer_id="s0"), 900],
                [*changed(LINE, LINE_HEADER, line_id="d2", site_id="c0", deliver_until="2027-06-01"), 0],
                header=[*LINE_HEADER, "min_fill_kg"],
            ),
            table="demands",
        )
    assert [(row, column) for row, column, _ in faults(refused)] == [
        (2, "buyer_id"), (2, "min_fill_kg"), (2, "product"), (3, "deliver_until"), (3, "site_id"),
    ]  # fmt: skip


def test_leap_days_year_ends_and_week_53_are_days_like_others(database: Database, whole: Scope) -> None:
    ends = [("a", "29/02/2028", "2028-03-01"), ("b", "2026-12-28", "2027-01-03"), ("c", "2028-12-31", "2029-01-01")]
    upload(database, whole, csv_of(*[changed(LOT, lot_id=code, available_from=first, available_until=last) for code, first, last in ends]))
    with database.read() as session:
        lots = load(session, whole.association_id).problem.lots
        assert (lots.until_day - lots.from_day).tolist() == [1, 6, 1]
    with pytest.raises(UploadRefused, match="1 fault") as refused:
        upload(database, whole, csv_of(changed(LOT, lot_id="d", available_from="29/02/2027")))
    assert faults(refused)[0][2].endswith("this day does not exist")


def test_what_is_sold_by_hand_and_by_upload_is_the_same(database: Database, market: Market, whole: Scope) -> None:
    given = intake.LotIn(
        organisation=market.cooperative.uid, site=market.farm.uid, product="lychee", grade=1, quantity_kg=1200, ask_vnd_per_kg=15_000,
        available_from=date(2027, 6, 7), available_until=date(2027, 6, 9), shelf_life_days=7, litres_per_kg=2.2, code="l1",
    )  # fmt: skip
    with database.write() as session:
        intake.declare_lot(session, whole, given, "clerk Hoa")
    assert upload(database, whole, csv_of(LOT)).same == 1
