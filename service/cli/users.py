"""`mca user`: the first administrator, and everybody else from the command line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from service.auth.roles import PersonRole
from service.cli.context import COMMAND_LINE, association_of, opened, refusal, say, writing

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from service.models import User

user = typer.Typer(name="user", help="Accounts.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


@user.command()
def add(
    login: Annotated[str, typer.Argument(metavar="LOGIN", help="The name to log in by, such as an address for mail.")],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Name as people write it.")],
    role: Annotated[PersonRole, typer.Option(help="What the account may do.")] = PersonRole.ADMINISTRATOR,
    association: Annotated[str | None, typer.Option("--association", metavar="CODE", help="Whom it belongs to.")] = None,
    organisation: Annotated[str | None, typer.Option("--organisation", metavar="CODE", help="A clerk's or purchaser's own.")] = None,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")] = False,
    must_change: Annotated[bool, typer.Option("--must-change", help="Let the owner choose another password at the first login.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add an account; without an association, an administrator of all of them. There is no default password."""
    from service.auth.passwords import check_strength, hashed

    with opened() as database:
        password = sys.stdin.readline().rstrip("\r\n") if password_stdin else _asked()
        check_strength(password, login.partition("@")[0], login)
        password_hash = hashed(password)
        made = writing(database, lambda session: _add(session, login, name, role, association, organisation, password_hash, must_change))
    say(f"{login} is {role.value} now.", {"id": made.uid, "login": made.login, "role": role.value}, as_json=as_json)


def _asked() -> str:
    if not sys.stdin.isatty():
        raise refusal("say --password-stdin to hand a password over without a terminal")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def _add(
    session: Session,
    login: str,
    name: str,
    role: PersonRole,
    association: str | None,
    organisation: str | None,
    password_hash: str,
    must_change: bool,
) -> User:
    """Add the account, and note it in the trail of its association."""
    from pydantic import ValidationError

    from catalog.errors import Invalid, fault
    from catalog.models import Organisation
    from catalog.tenancy import Scope, find_code
    from service import audit
    from service.auth import accounts, demands
    from service.db import now
    from service.models import Role

    owner = None if association is None else association_of(session, association)
    scope = None if owner is None else Scope(owner.id)
    home = None if organisation is None or scope is None else find_code(session, scope, Organisation, organisation)
    try:
        given = accounts.UserIn(login=login, name=name, roles=(Role(role.value),), organisation=None if home is None else home.uid)
    except ValidationError as error:
        raise Invalid([fault(".".join(map(str, one["loc"])), "", one["msg"]) for one in error.errors(include_input=False)]) from None
    made = accounts.add_user(session, scope, given, password_hash, COMMAND_LINE, [Role.ADMINISTRATOR])
    if must_change:
        demands.demand_password(session, made.id)
    chain = None if owner is None else owner.id
    deed = audit.Deed(chain, COMMAND_LINE, "user.add", "user_account", made.uid, after={"roles": [role.value]})
    audit.record(session, deed, now(session))
    return made
