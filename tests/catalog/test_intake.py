"""Supply comes in checked: every fault at once, nothing half-written, and nobody touches another's rows."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from catalog import changes, intake
from catalog.changes import OrganisationChange
from catalog.errors import AlreadyThere, Invalid, NeedsConfirmation, NotFound, Stale
from catalog.intake import CertificateIn, LotChange, LotIn, MemberIn, OrganisationIn, ProductIn, SiteIn
from catalog.models import ForecastRevision, Lot, LotShare, LotStatus, Organisation, OrganisationKind, Site, SiteKind, Unit
from catalog.tenancy import Scope, find, page, scope_of, visible
from service.all_tables import ROOMS
from service.db import Database
from service.planning.ledger.conservation import discrepancies
from tests.sample_market import TODAY, Market


def given(market: Market, **more: Any) -> LotIn:
    usual: dict[str, Any] = {
        "organisation": market.cooperative.uid,
        "site": market.farm.uid,
        "product": "lychee",
        "grade": 1,
        "quantity_kg": 1000,
        "available_from": TODAY,
        "available_until": TODAY + timedelta(days=2),
        "shelf_life_days": 7,
        "ask_vnd_per_kg": 15_000,
    }
    return LotIn(**(usual | more))


def scope(market: Market) -> Scope:
    return Scope(market.association.id)


def test_a_lot_is_declared_with_what_its_product_says(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        market.product.shelf_life_days, market.product.cold, market.product.litres_per_kg = 9, True, 2.2
        lot = intake.declare_lot(
            session, scope(market), given(market, shelf_life_days=None, quantity_kg=None, amount="1,5", unit="tấn"), "Hoa"
        )
        assert (lot.quantity_kg, lot.stated_amount, lot.stated_unit) == (1500, "1,5", Unit.TAN)
        assert (lot.shelf_life_days, lot.cold, lot.litres_per_kg, lot.code) == (9, True, 2.2, lot.uid)
        assert (lot.supplier_id, lot.status, lot.updated_by) == (market.cooperative.id, LotStatus.DECLARED, "Hoa")


def test_pieces_are_weighed_by_their_product_on_their_day(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        intake.set_unit(session, scope(market), "lychee", Unit.QUA, 1000, date(2026, 1, 1), "weighed")
        intake.set_unit(session, scope(market), "lychee", Unit.QUA, 1200, date(2027, 7, 1), "weighed again")
        pieces = {"quantity_kg": None, "amount": "300", "unit": "quả"}
        assert intake.declare_lot(session, scope(market), given(market, **pieces), "Hoa").quantity_kg == 300
        later = {"available_from": date(2027, 7, 1), "available_until": date(2027, 7, 2)}
        assert intake.declare_lot(session, scope(market), given(market, **pieces, **later), "Hoa").quantity_kg == 360
        with pytest.raises(Invalid, match="amount '5': this product has no weight per thùng"):
            intake.declare_lot(session, scope(market), given(market, quantity_kg=None, amount="5", unit="thùng"), "Hoa")


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "window": ({"available_until": TODAY - timedelta(days=1)}, "available_from,available_until '2027-06-07..2027-06-06'"),
    "century": ({"available_from": date(999, 1, 1)}, "available_from,available_until '0999-01-01"),
    "grade": ({"grade": 4}, "grade '4': a grade of lychee"),
    "product": ({"product": "durian"}, "product 'durian': a product of yours"),
    "site": ({"site": "0" * 26}, "site '0+': a site of yours"),
    "variety": ({"variety": "u-hong"}, "variety 'u-hong': a variety of lychee"),
    "life": ({"shelf_life_days": None}, "shelf_life_days '': the days that lychee keeps"),
    "two quantities": ({"amount": "5", "unit": "tạ"}, "either quantity_kg, or amount and unit"),
    "no quantity": ({"quantity_kg": None}, "either quantity_kg, or amount and unit"),
    "ambiguous": ({"quantity_kg": None, "amount": "1.234", "unit": "kg"}, "can be read in two ways"),
    "shares": ({"shares": {"x": 400}}, "shares '400': kilograms that add up to 1000"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_lot_is_refused_with_its_field_and_the_remedy(database: Database, wrong: str) -> None:
    change, says = WRONG[wrong]
    with database.write() as session:
        market = Market(session)
        with pytest.raises(Invalid, match=says):
            intake.declare_lot(session, scope(market), given(market, **change), "Hoa")
        assert session.scalar(select(func.count()).select_from(Lot)) == 0


@pytest.mark.parametrize(
    "bad",
    [{"quantity_kg": -1}, {"quantity_kg": 0}, {"quantity_kg": 10**30}, {"quantity_kg": 1.5},
     {"quantity_kg": float("nan")}, {"quantity_kg": "5"},
     {"ask_vnd_per_kg": -1}, {"litres_per_kg": float("inf")}, {"supplier_id": 3}, {"note": "\x00"}, {"note": "\ud800"},
     {"available_from": "29/02/2027"},
     {"available_from": "2027-02-29"}, {"unit": "bushel"}],
)  # fmt: skip
def test_a_value_of_the_wrong_kind_never_gets_as_far_as_the_database(bad: dict[str, Any]) -> None:
    usual: dict[str, Any] = {
        "organisation": "o",
        "site": "s",
        "product": "p",
        "grade": 1,
        "available_from": TODAY,
        "available_until": TODAY,
        "ask_vnd_per_kg": 1,
    }
    with pytest.raises(ValidationError, match=f"(?i){next(iter(bad))}"):
        LotIn(**(usual | bad))


def test_the_faults_of_many_lots_carry_their_rows_and_nothing_is_written(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        many = [given(market, code="a"), given(market, grade=9), given(market, code="a"), given(market, product="x", site="y")]
        with pytest.raises(Invalid, match="4 faults") as refused:
            intake.declare_lots(session, scope(market), many, "Hoa")
        assert [(f.row, f.field) for f in refused.value.faults] == [(3, "grade"), (4, "code"), (5, "product"), (5, "site")]
        assert session.scalar(select(func.count()).select_from(Lot)) == 0


def test_kilograms_taken_for_tonnes_need_to_be_confirmed(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        for kg in (10_000, 12_000, 14_000):
            market.lot(kg)
        with pytest.raises(NeedsConfirmation, match="12 kg, where 12000 kg are usual"):
            intake.declare_lot(session, scope(market), given(market, quantity_kg=12), "Hoa")
        assert intake.declare_lot(session, scope(market), given(market, quantity_kg=12, confirmed=True), "Hoa").quantity_kg == 12
        assert intake.declare_lot(session, scope(market), given(market, quantity_kg=600), "Hoa").quantity_kg == 600


def test_members_shares_add_up_to_the_lot(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        members = [intake.add_member(session, scope(market), market.cooperative.uid, MemberIn(code=c, name=c), "Hoa") for c in "ab"]
        lot = intake.declare_lot(session, scope(market), given(market, shares={members[0].uid: 400, members[1].uid: 600}), "Hoa")
        shares = session.execute(
            select(LotShare.member_id, LotShare.kg).where(LotShare.lot_id == lot.id).order_by(LotShare.member_id)
        ).all()
        assert [tuple(row) for row in shares] == [(members[0].id, 400), (members[1].id, 600)]


def test_a_group_signs_through_its_sponsor(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        group = OrganisationIn(kind=OrganisationKind.GROUP, code="tht", name="Tổ hợp tác Sơn Phổi", sponsor=market.cooperative.uid)
        made = intake.add_organisation(session, scope(market), group, "Lan")
        lot = intake.declare_lot(session, scope(market), given(market, organisation=made.uid), "Hoa")
        assert (lot.organisation_id, lot.supplier_id) == (made.id, market.cooperative.id)
        for sponsor in (made.uid, market.buyer.uid):
            with pytest.raises(Invalid, match=r"sponsor '.*': a cooperative"):
                intake.add_organisation(session, scope(market), group.model_copy(update={"code": f"{sponsor}x", "sponsor": sponsor}), "Lan")


def test_a_name_is_the_same_in_either_unicode_form(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        composed = OrganisationIn(kind=OrganisationKind.COOPERATIVE, code="Hòa", name="Hợp tác xã Hòa")
        intake.add_organisation(session, scope(market), composed, "Lan")
        decomposed = OrganisationIn(kind=OrganisationKind.COOPERATIVE, code=unicodedata.normalize("NFD", "Hòa"), name="x")
        with pytest.raises(AlreadyThere, match=r"the code 'Hòa' is taken \(Lan"):
            intake.add_organisation(session, scope(market), decomposed, "Minh")


@pytest.mark.parametrize(
    ("lat", "lon", "doubt"), [(0.0, 0.0, "lies outside Vietnam$"), (106.2, 21.3, "swapped|degrees"), (48.1, 11.5, "outside Vietnam$")]
)
def test_a_place_outside_vietnam_is_doubted(database: Database, lat: float, lon: float, doubt: str) -> None:
    with database.write() as session:
        market = Market(session)
        site = SiteIn(code="x", kind=SiteKind.COOPERATIVE, name="Kho", lat=lat, lon=lon, organisation=market.cooperative.uid)
        with pytest.raises((NeedsConfirmation, Invalid), match=doubt):
            intake.add_site(session, scope(market), site, "Lan")


def test_a_site_outside_vietnam_is_taken_once_confirmed(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        site = SiteIn(code="x", kind=SiteKind.BUYER, name="Bằng Tường", lat=22.1, lon=106.76, organisation=market.buyer.uid)
        assert intake.add_site(session, scope(market), site, "Lan").search_key == "bang tuong"
        far = site.model_copy(update={"code": "y", "lat": 48.0, "confirmed": True})
        assert intake.add_site(session, scope(market), far, "Lan").lat == 48.0


def test_a_name_that_only_looks_like_anothers_must_be_confirmed(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        false = market.cooperative.name.replace("H", "\u041d").replace("x", "\u0445")
        given_ = OrganisationIn(kind=OrganisationKind.COOPERATIVE, code="s9", name=false)
        with pytest.raises(NeedsConfirmation, match="\u041d \u0445"):
            intake.add_organisation(session, scope(market), given_, "Lan")
        made = intake.add_organisation(session, scope(market), given_.model_copy(update={"confirmed": True}), "Lan")
        with pytest.raises(NeedsConfirmation, match="no Latin ones"):
            changes.change_organisation(session, scope(market), made.uid, OrganisationChange(name=false + " 2"), "Lan", None)
        changed = OrganisationChange(name=false + " 2", confirmed=True)
        assert changes.change_organisation(session, scope(market), made.uid, changed, "Lan", None).name == false + " 2"
        assert changes.change_organisation(session, scope(market), made.uid, OrganisationChange(phone="0204"), "Lan", None).phone == "0204"


def test_a_product_comes_with_its_ladder_and_varieties(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        product = ProductIn(code="pomelo", name="Bưởi", grades=("đặc biệt", "loại 1"), varieties={"dien": "Diễn"}, shelf_life_days=25)
        intake.add_product(session, scope(market), product, "Lan")
        lot = intake.declare_lot(
            session, scope(market), given(market, product="pomelo", grade=2, variety="dien", shelf_life_days=None), "Hoa"
        )
        assert (lot.variety_id, lot.shelf_life_days) == (1, 25)


def test_a_certificate_may_last_for_ever_but_not_backwards(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        proof: dict[str, Any] = {
            "organisation": market.cooperative.uid,
            "product": "lychee",
            "scheme": "VietGAP",
            "valid_from": date(2026, 1, 1),
        }
        row = intake.add_certificate(session, scope(market), CertificateIn(**proof, valid_until=date.max), "Lan")
        assert changes.suspend(session, scope(market), row.uid, TODAY, None, "residues").until_day is None
        with pytest.raises(Invalid, match="valid_from,valid_until"):
            intake.add_certificate(session, scope(market), CertificateIn(**proof, valid_until=date(2025, 1, 1)), "Lan")


def test_a_revision_keeps_the_forecast_it_replaces_and_moves_the_ledger(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        lot = market.lot(1000)
        change = LotChange(quantity_kg=800, low_kg=700, high_kg=900, reason="hail")
        assert intake.revise_lot(session, scope(market), lot.uid, change, "Hoa", version=1).version == 2
        revision = session.scalars(select(ForecastRevision)).one()
        assert (revision.expected_kg, revision.low_kg, revision.high_kg, revision.reason, revision.made_by) == (
            800,
            700,
            900,
            "hail",
            "Hoa",
        )
        assert discrepancies(session) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [({"quantity_kg": 5}, "reason '': why"), ({"available_until": date(2027, 1, 1), "reason": "r"}, "available_from,available_until"),
     ({"quantity_kg": 5, "low_kg": 6, "reason": "r"}, "in ascending order")],
)  # fmt: skip
def test_a_wrong_revision_is_refused(database: Database, change: dict[str, Any], says: str) -> None:
    with database.write() as session:
        market = Market(session)
        with pytest.raises(Invalid, match=says):
            intake.revise_lot(session, scope(market), market.lot().uid, LotChange(**change), "Hoa")


def test_what_was_said_in_another_unit_goes_with_the_quantity_that_it_was_said_of(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        lot = intake.declare_lot(session, scope(market), given(market, quantity_kg=None, amount="1,5", unit="tấn"), "Hoa")
        assert intake.revise_lot(session, scope(market), lot.uid, LotChange(note="a"), "Hoa").stated_amount == "1,5"
        revised = intake.revise_lot(session, scope(market), lot.uid, LotChange(quantity_kg=1200, reason="rain"), "Hoa")
        assert (revised.quantity_kg, revised.stated_amount, revised.stated_unit) == (1200, None, None)


def test_a_change_of_a_stale_copy_says_who_changed_it(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        lot = market.lot()
        intake.revise_lot(session, scope(market), lot.uid, LotChange(note="a"), "Lan", version=1)
        with pytest.raises(Stale, match=r"is at version 2 \(Lan,") as refused:
            intake.revise_lot(session, scope(market), lot.uid, LotChange(note="b"), "Minh", version=1)
        assert refused.value.version == 2


OTHERS: dict[str, Callable[[Session, Market, Market], object]] = {
    "a lot for another's cooperative": lambda s, us, them: intake.declare_lot(
        s, scope(us), given(us, organisation=them.cooperative.uid), "x"
    ),
    "a lot at another's site": lambda s, us, them: intake.declare_lot(s, scope(us), given(us, site=them.farm.uid), "x"),
    "a revision of another's lot": lambda s, us, them: intake.revise_lot(s, scope(us), them.lot().uid, LotChange(note="x"), "x"),
    "a member of another's cooperative": lambda s, us, them: intake.add_member(
        s, scope(us), them.cooperative.uid, MemberIn(code="a", name="a"), "x"
    ),
    "a neighbour's lot": lambda s, us, them: intake.revise_lot(s, Scope(us.association.id, 999), us.lot().uid, LotChange(note="x"), "x"),
}


@pytest.mark.parametrize("deed", OTHERS)
def test_nobody_can_touch_what_belongs_to_others(database: Database, deed: str) -> None:
    with database.write() as session:
        us, them = Market(session, "us"), Market(session, "them")
        with pytest.raises((NotFound, Invalid), match=r"there is no|of yours"):
            OTHERS[deed](session, us, them)


def test_an_organisation_sees_its_own_rows_and_its_groups_and_no_other(database: Database) -> None:
    with database.write() as session:
        us, them = Market(session, "us"), Market(session, "them")
        mine, theirs = us.lot(), them.lot()
        clerk, neighbour = Scope(us.association.id, us.cooperative.id), Scope(us.association.id, us.buyer.id)
        seen = {
            name: session.scalars(visible(Lot, s)).all() for name, s in (("broker", scope(us)), ("clerk", clerk), ("neighbour", neighbour))
        }
        assert seen == {"broker": [mine], "clerk": [mine], "neighbour": []}
        for name in (theirs.uid, "nonsense"):
            with pytest.raises(NotFound, match=f"there is no lot '{name}'"):
                find(session, scope(us), Lot, name)
        assert session.scalars(visible(Organisation, clerk)).all() == [us.cooperative]
        assert session.scalars(visible(Site, neighbour)).all() == [us.door]


def test_a_sponsor_sees_what_its_groups_offer(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        group = OrganisationIn(kind=OrganisationKind.GROUP, code="tht", name="Tổ hợp tác", sponsor=market.cooperative.uid)
        made = intake.add_organisation(session, scope(market), group, "Lan")
        theirs = intake.declare_lot(session, scope(market), given(market, organisation=made.uid), "Hoa")
        own = market.lot()
        sponsor = scope_of(session, market.association.id, market.cooperative.id)
        assert session.scalars(visible(Lot, sponsor).order_by(Lot.id)).all() == [theirs, own]
        assert session.scalars(visible(Lot, scope_of(session, market.association.id, made.id))).all() == [theirs]
        assert len(session.scalars(visible(Lot, scope_of(session, market.association.id, None))).all()) == 2


@pytest.mark.parametrize("descending", [False, True])
def test_a_list_of_one_cooperative_or_of_all_is_read_off_an_index_in_its_order(database: Database, descending: bool) -> None:
    with database.write() as session:
        market = Market(session)
        for _ in range(3):
            market.lot()
        if database.dialect == "postgresql":
            for way in ("seqscan", "bitmapscan", "sort"):
                session.execute(text(f"SET LOCAL enable_{way} = off"))
        orders: list[Any] = [Lot.created_at, Lot.available_from, Lot.quantity_kg, Lot.ask_vnd_per_kg]
        own = (Scope(market.association.id, market.cooperative.id), Lot.created_at, "ix_lot_organisation_id_created_at_id")
        for eyes, first, index in (own, *((scope(market), column, f"ix_lot_association_id_{column.key}_id") for column in orders)):
            order = [column.desc() if descending else column for column in (first, Lot.id)]
            query = visible(Lot, eyes).order_by(*order).limit(51).compile(database.engine, compile_kwargs={"literal_binds": True})
            explain = "EXPLAIN QUERY PLAN" if database.dialect == "sqlite" else "EXPLAIN"
            steps = str(session.execute(text(f"{explain} {query}")).all())
            assert index in steps
            assert "Sort" not in steps
            assert "TEMP B-TREE" not in steps


def test_every_table_with_a_public_name_has_a_rule_of_who_sees_it() -> None:

    models = {
        model
        for room in ROOMS
        for model in vars(room).values()
        if isinstance(model, type) and hasattr(model, "uid") and hasattr(model, "__table__")
    }
    unruled = []
    for model in models:
        try:
            visible(model, Scope(1, 2))
        except LookupError:
            unruled.append(model.__name__)
    assert unruled == []


def test_a_list_is_read_part_by_part_without_gaps_or_repeats_while_rows_come_and_go(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        lots = [market.lot(available_from=TODAY + timedelta(days=n % 3), available_until=TODAY + timedelta(days=9)).id for n in range(25)]
        for descending in (False, True):
            seen: list[Lot] = []
            after = None
            while True:
                part = page(session, visible(Lot, scope(market)), (Lot.available_from, Lot.id), after, 4, descending=descending)
                seen += part.items
                if part.next is None:
                    break
                after = part.next
                extra = market.lot(
                    available_from=TODAY + timedelta(days=9 if descending else -1), available_until=TODAY + timedelta(days=9)
                )
                assert extra.id not in {lot.id for lot in part.items}
            known = [lot.id for lot in seen if lot.id in set(lots)]
            expected = sorted(lots, key=lambda i: ((i - lots[0]) % 3, i), reverse=descending)
            assert known == expected
