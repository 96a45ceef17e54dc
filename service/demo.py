"""The sample season as a service that one can log in to: an association, one account per role, one key per side.

Passwords and keys are new each time, so that there are no known ones; they are printed, and written where only their owner can read
them, for the examples of the README.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from catalog.base import now_utc
from catalog.models import Association, Commune, Organisation, Site, SiteKind
from catalog.tenancy import Scope
from service import audit
from service.auth import accounts, keys, passwords, sessions
from service.auth.accounts import UserIn
from service.cli.season import take_in
from service.db import Database, now
from service.models import ApiKey, Role, User
from service.planning.parties import name_after_farms
from service.season import sample_folder

ASSOCIATION, NAME = "mua-vai", "Liên minh hợp tác xã mùa vải"
COOPERATIVE, BUYER = "phi-dien", "GO!"
BY = "mca serve --demo"
PEOPLE: dict[Role, str] = {
    Role.CLERK: "Nguyễn Thị Hoa",
    Role.PROCUREMENT: "Trần Văn Minh",
    Role.BROKER: "Lê Thị Lan",
    Role.MANAGER: "Phạm Văn Quân",
    Role.AUDITOR: "Đỗ Thị Nga",
    Role.ADMINISTRATOR: "Quản trị viên",
}
OF = {Role.CLERK: COOPERATIVE, Role.PROCUREMENT: BUYER}


@dataclass(frozen=True)
class Login:
    """An account of the demo with its password of today."""

    role: Role
    login: str
    password: str
    organisation: str


@dataclass(frozen=True)
class Demo:
    """Everything by which one gets in.

    Attributes
    ----------
    logins : one per role.
    facts : names of variables of a shell → keys and uids that examples use.
    """

    logins: list[Login]
    facts: dict[str, str]


def seed(database: Database) -> Demo:
    """Take the sample season in if it isn't there, and give every account of the demo a new password."""
    with database.write() as session:
        if session.scalars(select(Association.id).where(Association.code == ASSOCIATION)).first() is None:
            take_in(session, sample_folder(), ASSOCIATION, NAME)
            made = session.scalars(select(Association.id).where(Association.code == ASSOCIATION)).one()
            name_after_farms(session, made)
            name_communes(session, made)
        association_id = session.scalars(select(Association.id).where(Association.code == ASSOCIATION)).one()
        logins = [_account(session, association_id, role) for role in PEOPLE]
        facts = _facts(session, association_id)
        audit.record(session, audit.Deed(association_id, "system", "demo.seed", "association", ASSOCIATION, why=BY), now(session))
    database.tune()
    return Demo(logins, facts)


def name_communes(session: Session, association_id: int) -> None:
    """Put each farm of the sample season into the commune that its name ends with; the codes are the sample's, not the national ones."""
    farms = session.scalars(select(Site).where(Site.association_id == association_id, Site.kind == SiteKind.COOPERATIVE).order_by(Site.id))
    known: dict[str, Commune] = {}
    for farm in farms.all():
        name = farm.name.rpartition(", ")[2] if ", " in farm.name else ""
        if name and name not in known:
            known[name] = Commune(
                code=f"mau-{len(known) + 1:02}", name=name, province_code="mau", source="mùa vải mẫu; không phải mã quốc gia"
            )
            session.add(known[name])
            session.flush()
        if name:
            farm.commune_code = known[name].code
    session.flush()


def _account(session: Session, association_id: int, role: Role) -> Login:
    login, password = f"{role.value}@{ASSOCIATION}.example", secrets.token_urlsafe(15)
    code = OF.get(role)
    user = session.scalars(select(User).where(User.login == login)).one_or_none()
    if user is None:
        home = None if code is None else _organisation(session, association_id, code).uid
        given = UserIn(login=login, name=PEOPLE[role], roles=(role,), organisation=home)
        # The administrator looks after every association, so he belongs to none.
        scope = None if role is Role.ADMINISTRATOR else Scope(association_id)
        user = accounts.add_user(session, scope, given, None, BY, [Role.ADMINISTRATOR])
    sessions.revoke_all(session, user.id)
    user.password_hash, user.active = passwords.hashed(password), True
    session.flush()
    return Login(role, login, password, code or ("" if role is Role.ADMINISTRATOR else ASSOCIATION))


def _facts(session: Session, association_id: int) -> dict[str, str]:
    old = update(ApiKey).where(ApiKey.association_id == association_id, ApiKey.updated_by == BY, ApiKey.revoked_at.is_(None))
    session.execute(old.values(revoked_at=now_utc()).execution_options(synchronize_session=False))
    cooperative, buyer = (_organisation(session, association_id, code) for code in (COOPERATIVE, BUYER))

    def key(organisation: Organisation | None, role: Role) -> str:
        number = None if organisation is None else organisation.id
        return keys.issue(session, association_id, number, f"demo {role}", role, by=BY)[1]

    def door(organisation: Organisation) -> str:
        return session.scalars(select(Site.uid).where(Site.organisation_id == organisation.id).order_by(Site.id).limit(1)).one()

    return {
        "BROKER_KEY": key(None, Role.BROKER),
        "MANAGER_KEY": key(None, Role.MANAGER),
        "COOP_KEY": key(cooperative, Role.CLERK),
        "BUYER_KEY": key(buyer, Role.PROCUREMENT),
        "COOP": cooperative.uid,
        "COOP_SITE": door(cooperative),
        "BUYER": buyer.uid,
        "BUYER_SITE": door(buyer),
    }


def _organisation(session: Session, association_id: int, code: str) -> Organisation:
    mine: Any = (Organisation.association_id == association_id, Organisation.code == code)
    return session.scalars(select(Organisation).where(*mine)).one()


def write_logins(file: Path, demo: Demo, address: str) -> None:
    """Write what a shell needs to know, readable by its owner alone."""
    passwords_ = {f"{one.role.value.upper()}_PASSWORD": one.password for one in demo.logins}
    names = {f"{one.role.value.upper()}_LOGIN": one.login for one in demo.logins}
    facts = {"MCA": f"{address}/api/v1", **demo.facts, **names, **passwords_}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text("".join(f"export {name}='{value}'\n" for name, value in facts.items()), encoding="utf-8")
