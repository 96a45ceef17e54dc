"""Who is let in: the request's key or cookie, its permission, its rate, and whether our own page sent it."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session as DbSession
from starlette.requests import Request

from catalog.base import now_utc
from service import logs
from service.audit import Deed, record_rarely
from service.auth import csrf, principal, tokens
from service.auth.credential_cache import Memory
from service.auth.failures import place_of
from service.auth.keyring import key_path, load_key
from service.auth.oidc import Provider
from service.auth.passkeys import Challenges
from service.auth.permissions import Permission
from service.auth.principal import NotKnown, Principal
from service.db import Database
from service.http.connections import Connections
from service.http.context import RequestContext
from service.http.cursors import Cursors
from service.http.limits import Limits
from service.http.places import Places, Turns
from service.http.problems import Refused
from service.models import ApiKey, ServiceSecret, Session
from service.searching import Searches
from service.settings import Settings, networks

COOKIE, CSRF_COOKIE = "mca_session", "mca_csrf"
DEVICE_COOKIE, ASSOCIATION_COOKIE = "mca_device", "mca_association"
ASSOCIATION = "mca-association"
OF_OWN_ACCOUNT = ("/account", "/logins", "/logout", "/sign-out")
"""Addresses that stay open to somebody who must see to his account first."""
THREADS_SHARE = 4
"""One account works on one part in so many of the threads; what else it asks for waits without one."""
GUEST = Principal("guest", "guest", (), frozenset(), None, None, None, 0)
"""Who asks where nobody needs to say who he is."""
DENIED_PAUSE = timedelta(hours=1)
"""One account or key leaves one mark in that time for each permission that it lacks."""
log = logs.get(__name__)


class Service:
    """What every request of one process shares."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings, self.database = settings, database
        self.limits = Limits(settings)
        self.provider = Provider(settings)
        self.memory = Memory(settings.remember_seconds)
        self.proxies = networks(settings.trusted_proxies)
        self.uploads, self.streams = Places(3), Places(settings.event_streams, 4)
        self.challenges, self.turns = Challenges(), Turns(max(1, settings.request_threads // THREADS_SHARE))
        self.searches, self.connections = Searches(settings.search_processes), Connections()
        self.idle = timedelta(minutes=settings.session_idle_minutes)
        self._cursors: Cursors | None = None
        self._key: bytes | None = None
        self._lock = threading.Lock()

    @property
    def cursors(self) -> Cursors:
        """What signs cursors, with the secret that all processes share."""
        with self._lock:
            if self._cursors is None:
                self._cursors = Cursors(secret_of(self.database, "cursors"))
            return self._cursors

    @property
    def key(self) -> bytes:
        """The service's own key, from its file."""
        with self._lock:
            if self._key is None:
                self._key = load_key(key_path(self.settings.key_file, self.settings.database_url))
            return self._key


def secret_of(database: Database, name: str) -> bytes:
    """Return a secret of the service, made when it is first wanted."""
    wanted = select(ServiceSecret.value).where(ServiceSecret.name == name)
    with database.read() as session:
        found = session.scalar(wanted)
    if found is None:
        with database.write() as session:
            found = session.scalar(wanted)
            if found is None:
                found = secrets.token_bytes(32)
                session.add(ServiceSecret(name=name, value=found))
    return found


@dataclass(frozen=True)
class Shown:
    """What a request shows of who it is from."""

    key: str | None
    cookie: str | None


def admit(service: Service, request: Request, may: Permission | None, *, by_form: bool = False) -> RequestContext:
    """Return the request as a route gets it.

    Parameters
    ----------
    may : the permission that it needs; None for everybody.
    by_form : whether the token against forged requests comes with a form, which is read later: then `check_token` sees to it.

    Raises
    ------
    Refused
        With 401, 403 or 429.
    """
    address = request.client.host if request.client else ""
    shown = _shown(request)
    who = GUEST
    headers: dict[str, str]
    if may is not None:
        who, headers = _identified(service, request, shown, address)
        # A refusal says as well how often one still may; the edge sees to it.
        request.state.rate = headers
        _check_meant(service, request, who, by_form=by_form)
        if who.demand is not None and not _is_of_own_account(request.url.path):
            raise Refused(403, who.demand.value, "see to it on the page of your own account first", headers=headers)
        if not who.may(may):
            _note_denied(service, request, who, may, address)
            raise Refused(403, "forbidden", f"this needs the permission {may.value}", headers=headers, facts={"permission": may.value})
        if who.stale:
            _mark_seen(service.database, who)
    else:
        headers = request.state.rate = service.limits.admit(service.limits.guests, place_of(address, None))
    return RequestContext(
        who, service, getattr(request.state, "request_id", ""), address[:100], request.url.path, request.headers.get("if-match"),
        request.headers.get("if-none-match"), headers,
    )  # fmt: skip


def _is_of_own_account(path: str) -> bool:
    """Return whether an address is one at which somebody sees to his own account."""
    place = path.removeprefix("/api/v1")
    return any(place == own or place.startswith(own + "/") for own in OF_OWN_ACCOUNT)


def _shown(request: Request) -> Shown:
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    return Shown(key.strip() if kind.lower() == "bearer" else None, request.cookies.get(COOKIE))


def _identified(service: Service, request: Request, shown: Shown, address: str) -> tuple[Principal, dict[str, str]]:
    """Return who asks and how often he still may."""
    try:
        if shown.key is None and (shown.cookie is None or "authorization" in request.headers):
            raise NotKnown
        mark = tokens.token_hash(shown.key) if shown.key is not None else "c" + tokens.token_hash(shown.cookie or "")
        who = service.memory.find(mark)
        if who is None:
            with service.database.read() as session:
                who = _owner(service, session, shown)
            service.memory.keep(mark, who, who.expires_at)
        headers = service.limits.admit(service.limits.known, who.uid)
        association = request.headers.get(ASSOCIATION) or (_chosen(request) if who.scope is None and not who.is_key else "")
        if association:
            with service.database.read() as session:
                who = principal.within(session, who, association)
        return who, headers
    except NotKnown:
        headers = service.limits.admit(service.limits.guests, place_of(address, None))
        raise Refused(
            401, "not_authenticated", "log in, or send a valid key", headers={**headers, "WWW-Authenticate": 'Bearer realm="mca"'}
        ) from None


def _owner(service: Service, session: DbSession, shown: Shown) -> Principal:
    if shown.key is not None:
        return principal.of_key(session, shown.key)
    needs = service.settings.second_factor_for_staff
    return principal.of_session(session, shown.cookie or "", service.idle, staff_needs_second=needs)


def _chosen(request: Request) -> str:
    """Return the association that an administrator of all of them has chosen on a page."""
    return request.cookies.get(ASSOCIATION_COOKIE, "")[:100]


def _check_meant(service: Service, request: Request, who: Principal, *, by_form: bool) -> None:
    headers: Mapping[str, str] = request.headers
    address = service.settings.public_url
    if who.is_key:
        return
    if csrf.from_elsewhere(headers, address) if by_form else csrf.forged(request.method, headers, who.csrf_hash, address):
        raise _not_meant()


def check_token(who: Principal, token: str) -> None:
    """Refuse a write by cookie that doesn't bear its login's token.

    Raises
    ------
    Refused
        With 403.
    """
    if not who.is_key and not csrf.fits(token, who.csrf_hash):
        raise _not_meant()


def _not_meant() -> Refused:
    return Refused(403, "csrf", f"a write by cookie comes from our own page, with its token as {csrf.HEADER.title()}")


def _note_denied(service: Service, request: Request, who: Principal, may: Permission, address: str) -> None:
    """Keep in the trail that somebody tried to change what he may not; reading is only logged."""
    log.warning("denied", who=who.uid, permission=may.value, method=request.method)
    if request.method in csrf.SAFE:
        return
    deed = Deed(
        who.association_id, who.uid, "denied", "permission", may.value, None, {"method": request.method, "path": request.url.path[:500]},
        address=address[:100], request_id=getattr(request.state, "request_id", ""),
    )  # fmt: skip
    if not service.limits.denied.take(who.uid).allowed:
        return
    with service.database.write() as session:
        record_rarely(session, deed, now_utc(), DENIED_PAUSE)


def _mark_seen(database: Database, who: Principal) -> None:
    """Write down that a key or login was used, once a minute at most."""
    with database.write() as session:
        if who.session_id is None:
            session.execute(update(ApiKey).where(ApiKey.id == who.row_id).values(last_used_at=now_utc(), updated_at=ApiKey.updated_at))
        else:
            session.execute(update(Session).where(Session.id == who.session_id).values(seen_at=now_utc()))
