"""What every table shares: one metadata, portable column types, checks, keys and times.

One set of models serves SQLite (STRICT tables) and PostgreSQL. The types below therefore name, for each database, a type
that a STRICT table admits, and every text compares byte by byte on both, so that an order or a cursor means the same
on either. Constraints stand in the tables themselves; they hold whatever program writes.
"""

from __future__ import annotations

import secrets
import time
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    event,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, declared_attr, mapped_column, validates

from catalog import names

MAX_KG = 10_000_000
"""Largest mass of one lot, line or movement: ten thousand tonnes."""
MAX_VND_PER_KG = 1_000_000_000
MAX_VND = 9_000_000_000_000_000
MAX_RATE = 1e12
"""Largest rate that may have decimals, such as đồng per kilometre."""
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 12, 31)
CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


class _SqliteDate(sqlite.DATE):
    """A date kept as text, the only way a STRICT table can hold one."""


class _SqliteFlag(sqlite.BOOLEAN):
    """A truth value kept as 0 or 1."""


class _SqliteJson(sqlite.JSON):
    """A JSON document kept as text."""


@compiles(_SqliteDate, "sqlite")
@compiles(_SqliteJson, "sqlite")
def _as_text(_type: Any, _compiler: Any, **_kw: Any) -> str:
    return "TEXT"


@compiles(_SqliteFlag, "sqlite")
def _as_integer(_type: Any, _compiler: Any, **_kw: Any) -> str:
    return "INTEGER"


class Instant(TypeDecorator[datetime]):
    """A moment with its offset; naive times are refused, and what comes back is in UTC.

    SQLite keeps ``YYYY-MM-DDTHH:MM:SS.ffffffZ``, whose order as text is the order in time.
    """

    impl = DateTime(timezone=True)
    cache_ok = True
    _FORMAT: ClassVar[str] = "%Y-%m-%dT%H:%M:%S.%fZ"

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Return text on SQLite, timestamptz elsewhere."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse a naive time and turn the rest into UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs its offset from UTC")
        value = value.astimezone(UTC)
        return value.strftime(self._FORMAT).zfill(27) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the time in UTC."""
        if value is None:
            return None
        if isinstance(value, str):
            return datetime.strptime(value, self._FORMAT).replace(tzinfo=UTC)
        return value.astimezone(UTC)  # type: ignore[no-any-return]


WholeNumber = BigInteger().with_variant(Integer(), "sqlite")
PlainText = Text().with_variant(Text(collation="C"), "postgresql")
Day = Date().with_variant(_SqliteDate(), "sqlite")  # type: ignore[no-untyped-call]
Flag = Boolean(create_constraint=False).with_variant(_SqliteFlag(create_constraint=False), "sqlite")
Real: Double[float] = Double().with_variant(REAL(), "sqlite")
Json = JSON(none_as_null=True).with_variant(_SqliteJson(none_as_null=True), "sqlite")
"""A document as it was written, digit by digit; PostgreSQL's binary form would turn 1e22 into a whole number."""
Blob = LargeBinary()


class Words(TypeDecorator[StrEnum]):
    """One word of a closed list, kept as plain text; the column's check refuses any other."""

    impl = Text
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Refuse a word that isn't in the list."""
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """Return the member of the enumeration."""
        return None if value is None else self.words(value)


class Base(DeclarativeBase):
    """The one declarative base; its metadata holds every table of the service."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: WholeNumber,
        str: PlainText,
        date: Day,
        datetime: Instant(),
        bool: Flag,
        float: Real,
        bytes: Blob,
        dict[str, Any]: Json,
        list[str]: Json,
    }


@event.listens_for(Column, "after_parent_attach")
def _check_value(column: Column[Any], table: Table) -> None:
    """PostgreSQL has types for truth values and dates; SQLite must be told what is one."""
    for kind, rule, suffix in ((Flag, f"{column.name} IN (0, 1)", "flag"), (Day, f"{column.name} = date({column.name})", "date")):
        if column.type is kind:
            table.append_constraint(CheckConstraint(rule, name=f"{column.name}_{suffix}").ddl_if(dialect="sqlite"))


@event.listens_for(Table, "after_parent_attach")
def _make_strict(table: Table, parent: object) -> None:
    """SQLite must refuse a value of the wrong type, as PostgreSQL does."""
    if parent is Base.metadata:
        table.dialect_options["sqlite"]["strict"] = True


def now_utc() -> datetime:
    """Return this host's time; leases and expiries use the database's own clock instead."""
    return datetime.now(UTC)


def new_uid() -> str:
    """Return 26 characters that name a row to the outside world: time-ordered, not guessable."""
    number = (int(time.time() * 1000) << 80) | secrets.randbits(80)
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def between(column: str, low: float, high: float) -> CheckConstraint:
    """Return a check that a number lies in a range; NaN and infinity lie in none."""
    return CheckConstraint(f"{column} BETWEEN {low!r} AND {high!r}", name=f"{column}_range", info={"column": column, "range": (low, high)})


def length(column: str, most: int, least: int = 1) -> CheckConstraint:
    """Return a check on the number of characters."""
    rule = f"length({column}) BETWEEN {least} AND {most}"
    return CheckConstraint(rule, name=f"{column}_length", info={"column": column, "length": (least, most)})


def one_of(column: str, words: type[StrEnum]) -> CheckConstraint:
    """Return a check that a text is one of an enumeration's values."""
    allowed = ", ".join(f"'{word.value}'" for word in words)
    return CheckConstraint(f"{column} IN ({allowed})", name=f"{column}_known")


def days_in_order(first: str, last: str, *, any_year: bool = False) -> CheckConstraint:
    """Return a check that a window of dates doesn't end before it starts, and lies in a sane century unless any year will do."""
    sane = "" if any_year else f" AND {first} >= '{FIRST_DAY}' AND {last} <= '{LAST_DAY}'"
    return CheckConstraint(f"{first} <= {last}{sane}", name=f"{first}_before_{last}")


def word(column: str, words: type[StrEnum], **options: Any) -> MappedColumn[Any]:
    """Return a column that holds one word of a closed list."""
    return mapped_column(Words(words), one_of(column, words), **options)


def reference(target: str, **options: Any) -> MappedColumn[Any]:
    """Return an indexed column that points at another table's row, which then can't be deleted."""
    return mapped_column(ForeignKey(target, ondelete="RESTRICT"), **{"index": True, **options})


class Keyed:
    """A table with a number of its own; in the order of insertion."""

    id: Mapped[int] = mapped_column(primary_key=True, sort_order=-10)


class Exposed(Keyed):
    """A row that the outside world may name: by `uid`, never by its number."""

    uid: Mapped[str] = mapped_column(length("uid", 26, 26), unique=True, default=new_uid, sort_order=-9)


class Versioned:
    """A row that people edit: `version` rises with every change, and a change of a stale copy is refused."""

    version: Mapped[int] = mapped_column(CheckConstraint("version >= 1", name="version_positive"), server_default="1", sort_order=90)
    created_at: Mapped[datetime] = mapped_column(default=now_utc, sort_order=91)
    updated_at: Mapped[datetime] = mapped_column(default=now_utc, onupdate=now_utc, sort_order=92)
    updated_by: Mapped[str] = mapped_column(length("updated_by", 200), default="system", sort_order=93)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805  SQLAlchemy hands over the class.
        """Let the mapper compare and raise the version."""
        return {"version_id_col": cls.version}


class Named:
    """A row with a name that people sort and search by; both keys follow the name by themselves."""

    name: Mapped[str] = mapped_column(length("name", 200), sort_order=-5)
    sort_key: Mapped[str] = mapped_column(length("sort_key", 4000), sort_order=-4)
    search_key: Mapped[str] = mapped_column(length("search_key", 400), sort_order=-3)

    @validates("name")
    def _name(self, _key: str, name: str) -> str:
        """Store the clean form, and keep the keys in step."""
        name = names.clean(name)
        self.sort_key, self.search_key = names.sort_key(name), names.search_key(name)
        return name
