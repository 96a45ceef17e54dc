"""What every command of the service shares: its settings, its database, and how it says that something is wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from service.cli.status import BAD_INPUT

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from catalog.models import Association
    from service.db import Database
    from service.settings import Settings

COMMAND_LINE = "command line"
Done = TypeVar("Done")


def settings_or_exit() -> Settings:
    """Return the settings, or leave with every wrong one named."""
    from service.settings import BadSettings, read_settings

    try:
        return read_settings()
    except BadSettings as error:
        raise refusal(error) from error


@contextmanager
def opened(*, any_schema: bool = False) -> Iterator[Database]:
    """Open the database of the settings for one command; its refusals become sentences and an exit status.

    Parameters
    ----------
    any_schema : let the command work on a database of another version of the schema, or of none.
    """
    from sqlalchemy.exc import OperationalError

    from catalog.errors import DomainError
    from matching.model.errors import BadInput
    from service.auth.keyring import KeyFileError
    from service.db import Database, SchemaMismatch
    from service.maintenance.errors import UpkeepError
    from service.seals import AnchorError

    settings = settings_or_exit()
    database = Database(settings.database_url, settings.database_pool)
    try:
        if not any_schema:
            database.require_schema()
        yield database
    except OperationalError as error:
        raise refusal(f"the database can't be reached: {' '.join(str(error.orig).split())}") from error
    except BadInput as error:
        _show_issues(error)
        raise typer.Exit(BAD_INPUT) from error
    except (SchemaMismatch, UpkeepError, DomainError, KeyFileError, AnchorError) as error:
        raise refusal(error) from error
    finally:
        database.close()


def refusal(why: object) -> typer.Exit:
    """Say why something can't be done, and return what to raise."""
    from service.cli.terminal import console, show_failure

    for line in str(why).splitlines():
        show_failure(console(stderr=True), line)
    return typer.Exit(BAD_INPUT)


def say(text: str, facts: Mapping[str, Any], *, as_json: bool) -> None:
    """Print a sentence for people, or the facts behind it for programs."""
    sys.stdout.write((json.dumps(facts, ensure_ascii=False) if as_json else text) + "\n")


def association_of(session: Session, code: str) -> Association:
    """Return the association of a code.

    Raises
    ------
    NotFound
        If there is none.
    """
    from unicodedata import normalize

    from sqlalchemy import select

    from catalog.errors import NotFound
    from catalog.models import Association

    found = session.scalars(select(Association).where(Association.code == normalize("NFC", code))).one_or_none()
    if found is None:
        raise NotFound("association", code)
    return found


def writing(database: Database, work: Callable[[Session], Done]) -> Done:
    """Do a piece of work in one transaction; what the database refuses is said in the domain's words."""
    from sqlalchemy.exc import DBAPIError

    from service.http.database_errors import refusal as meaning

    try:
        with database.write() as session:
            return work(session)
    except DBAPIError as error:
        meant = meaning(error)
        if meant is None:
            raise
        raise meant from error


def _show_issues(error: Any) -> None:
    from service.cli.terminal import console, show_issues

    show_issues(console(stderr=True), "the input", error.issues, "nothing was written")
