"""Accounts, keys, sessions, replies kept for repeated requests, webhooks and the audit trail."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base, Exposed, Keyed, Named, Versioned, between, length, now_utc, reference, word
from catalog.tenancy import Scope, owned, rule, within

__all__ = [
    "ApiKey", "AuditEvent", "AuditHead", "AuditSeal", "Delivery", "Endpoint", "IdempotencyKey", "KnownDevice", "LoginFailure", "LoginLink",
    "Outbox", "Passkey", "PasswordDemand", "Role", "RoleGrant", "SecondFactor", "ServiceSecret", "Session", "User",
]  # fmt: skip


class Role(StrEnum):
    """What an account may do, within its association or its organisation."""

    CLERK = "clerk"
    PROCUREMENT = "procurement"
    BROKER = "broker"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    PARTNER = "partner"


class EndpointState(StrEnum):
    """Whether a webhook endpoint is served."""

    ACTIVE = "active"
    DISABLED = "disabled"


class DeliveryState(StrEnum):
    """Where one delivery of one event to one endpoint stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class User(Exposed, Named, Versioned, Base):
    """A person who logs in; one without an association serves all of them."""

    __tablename__ = "user_account"

    association_id: Mapped[int | None] = reference("association.id")
    organisation_id: Mapped[int | None] = reference("organisation.id")
    login: Mapped[str] = mapped_column(length("login", 254), unique=True)
    password_hash: Mapped[str | None] = mapped_column(length("password_hash", 500))
    oidc_subject: Mapped[str | None] = mapped_column(length("oidc_subject", 500), unique=True)
    phone: Mapped[str | None] = mapped_column(length("phone", 40))
    language: Mapped[str] = mapped_column(CheckConstraint("language IN ('vi', 'en')", name="language_known"), default="vi")
    active: Mapped[bool] = mapped_column(default=True)
    failed_logins: Mapped[int] = mapped_column(between("failed_logins", 0, 10**9), default=0)
    locked_until: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]


class RoleGrant(Base):
    """A role of a user."""

    __tablename__ = "role_grant"

    user_id: Mapped[int] = reference("user_account.id", primary_key=True, index=False)
    role: Mapped[Role] = word("role", Role, primary_key=True)
    granted_at: Mapped[datetime] = mapped_column(default=now_utc)
    granted_by: Mapped[str] = mapped_column(length("granted_by", 200))


class ApiKey(Exposed, Versioned, Base):
    """A partner's key: only its hash is kept, and its first characters to recognise it by."""

    __tablename__ = "api_key"

    association_id: Mapped[int] = reference("association.id")
    organisation_id: Mapped[int | None] = reference("organisation.id")
    label: Mapped[str] = mapped_column(length("label", 200))
    prefix: Mapped[str] = mapped_column(length("prefix", 20), unique=True)
    key_hash: Mapped[str] = mapped_column(length("key_hash", 500))
    role: Mapped[Role] = word("role", Role)
    scopes: Mapped[list[str]] = mapped_column(default=list)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    replaces_id: Mapped[int | None] = reference("api_key.id")


class Session(Exposed, Base):
    """A login that can be revoked."""

    __tablename__ = "login_session"

    user_id: Mapped[int] = reference("user_account.id")
    token_hash: Mapped[str] = mapped_column(length("token_hash", 64, 64), unique=True)
    csrf_hash: Mapped[str] = mapped_column(length("csrf_hash", 64, 64))
    created_at: Mapped[datetime] = mapped_column(default=now_utc)
    seen_at: Mapped[datetime] = mapped_column(default=now_utc)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(length("address", 100, 0), default="")
    agent: Mapped[str] = mapped_column(length("agent", 500, 0), default="")


class KnownDevice(Keyed, Base):
    """A browser in which an account has logged in: only the hash of its token is kept."""

    __tablename__ = "known_device"

    user_id: Mapped[int] = reference("user_account.id")
    token_hash: Mapped[str] = mapped_column(length("token_hash", 64, 64), unique=True)
    seen_at: Mapped[datetime] = mapped_column(default=now_utc)


class LoginFailure(Base):
    """Wrong passwords for an account from one place, an address or a known device."""

    __tablename__ = "login_failure"

    user_id: Mapped[int] = reference("user_account.id", primary_key=True, index=False)
    place: Mapped[str] = mapped_column(length("place", 100, 0), primary_key=True)
    failures: Mapped[int] = mapped_column(between("failures", 0, 10**9), default=0)
    last_at: Mapped[datetime] = mapped_column(default=now_utc)
    blocked_until: Mapped[datetime | None]


class LoginLink(Exposed, Base):
    """A link by which the owner of an account chooses a password, once; only the hash of its token is kept."""

    __tablename__ = "login_link"

    user_id: Mapped[int] = reference("user_account.id")
    token_hash: Mapped[str] = mapped_column(length("token_hash", 64, 64), unique=True)
    made_at: Mapped[datetime] = mapped_column(default=now_utc)
    made_by: Mapped[str] = mapped_column(length("made_by", 200))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SecondFactor(Base):
    """The secret of an account's authenticator program, enciphered; in force once it is confirmed."""

    __tablename__ = "second_factor"

    user_id: Mapped[int] = reference("user_account.id", primary_key=True, index=False)
    secret: Mapped[bytes]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(between("last_step", 0, 10**12), default=0)


class Passkey(Exposed, Base):
    """A device's public key, by which an account logs in without a password."""

    __tablename__ = "passkey"

    user_id: Mapped[int] = reference("user_account.id")
    credential_id: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(between("sign_count", 0, 2**32 - 1), default=0)
    name: Mapped[str] = mapped_column(length("name", 100))
    made_at: Mapped[datetime] = mapped_column(default=now_utc)
    used_at: Mapped[datetime | None]


class PasswordDemand(Base):
    """An account whose owner must choose another password before anything else, such as one that somebody else has set."""

    __tablename__ = "password_demand"

    user_id: Mapped[int] = reference("user_account.id", primary_key=True, index=False)
    asked_at: Mapped[datetime] = mapped_column(default=now_utc)


class AuditSeal(Base):
    """A chain's head as it was at a moment, signed with a key that isn't in the database."""

    __tablename__ = "audit_seal"

    chain: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(between("seq", 1, 10**15))
    hash: Mapped[str] = mapped_column(length("hash", 64, 64))
    at: Mapped[datetime]
    signature: Mapped[str] = mapped_column(length("signature", 64, 64))


class ServiceSecret(Base):
    """A random secret that the service made for itself, such as the one that signs cursors; every process uses the same."""

    __tablename__ = "service_secret"

    name: Mapped[str] = mapped_column(length("name", 100), primary_key=True)
    value: Mapped[bytes]


class IdempotencyKey(Keyed, Base):
    """The reply to a write, kept so that the same request again gets the same answer; `key` is the hash of what the client sent."""

    __tablename__ = "idempotency_key"
    __table_args__ = (UniqueConstraint("principal", "method", "path", "key"), Index(None, "created_at"))

    principal: Mapped[str] = mapped_column(length("principal", 200))
    method: Mapped[str] = mapped_column(length("method", 10))
    path: Mapped[str] = mapped_column(length("path", 1000))
    key: Mapped[str] = mapped_column(length("key", 255))
    body_sha256: Mapped[str] = mapped_column(length("body_sha256", 64, 64))
    created_at: Mapped[datetime] = mapped_column(default=now_utc)
    status: Mapped[int | None] = mapped_column(between("status", 100, 599))
    headers: Mapped[dict[str, Any] | None]
    body: Mapped[bytes | None]


class Endpoint(Exposed, Versioned, Base):
    """Where a partner receives events, and the secrets that sign them; two while one is being replaced."""

    __tablename__ = "webhook_endpoint"

    association_id: Mapped[int] = reference("association.id")
    organisation_id: Mapped[int | None] = reference("organisation.id")
    url: Mapped[str] = mapped_column(length("url", 2000))
    secret: Mapped[str] = mapped_column(length("secret", 200))
    previous_secret: Mapped[str | None] = mapped_column(length("previous_secret", 200))
    previous_until: Mapped[datetime | None]
    events: Mapped[list[str]] = mapped_column(default=list)
    state: Mapped[EndpointState] = word("state", EndpointState, default=EndpointState.ACTIVE)
    disabled_why: Mapped[str] = mapped_column(length("disabled_why", 500, 0), default="")


class Outbox(Exposed, Base):
    """An event to tell partners of, written in the transaction that caused it."""

    __tablename__ = "outbox_event"

    association_id: Mapped[int] = reference("association.id")
    organisation_id: Mapped[int | None] = reference("organisation.id")
    kind: Mapped[str] = mapped_column(length("kind", 100))
    payload: Mapped[dict[str, Any]]
    at: Mapped[datetime] = mapped_column(default=now_utc)


class Delivery(Exposed, Base):
    """One event on its way to one endpoint."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "event_id"),
        Index(
            "ix_webhook_delivery_due", "due_at", "id", sqlite_where=text("state = 'pending'"), postgresql_where=text("state = 'pending'")
        ),
    )

    endpoint_id: Mapped[int] = reference("webhook_endpoint.id", index=False)
    event_id: Mapped[int] = reference("outbox_event.id")
    state: Mapped[DeliveryState] = word("state", DeliveryState, default=DeliveryState.PENDING)
    attempts: Mapped[int] = mapped_column(between("attempts", 0, 1000), default=0)
    due_at: Mapped[datetime] = mapped_column(default=now_utc)
    delivered_at: Mapped[datetime | None]
    status: Mapped[int | None] = mapped_column(between("status", 100, 599))
    response: Mapped[str] = mapped_column(length("response", 2048, 0), default="")


class AuditEvent(Base):
    """Who did what, what was before and after, and why; chained by hashes, never changed, never deleted."""

    __tablename__ = "audit_event"
    __table_args__ = (Index(None, "association_id", "object_kind", "object_uid", "seq"), Index(None, "chain", "object_uid"))

    chain: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(between("seq", 1, 10**15), primary_key=True, autoincrement=False)
    association_id: Mapped[int | None] = reference("association.id", index=False)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(length("actor", 200))
    on_behalf_of: Mapped[str] = mapped_column(length("on_behalf_of", 200, 0), default="")
    address: Mapped[str] = mapped_column(length("address", 100, 0), default="")
    action: Mapped[str] = mapped_column(length("action", 100))
    object_kind: Mapped[str] = mapped_column(length("object_kind", 100))
    object_uid: Mapped[str] = mapped_column(length("object_uid", 200, 0))
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    why: Mapped[str] = mapped_column(length("why", 2000, 0), default="")
    request_id: Mapped[str] = mapped_column(length("request_id", 100, 0), default="")
    prev_hash: Mapped[str] = mapped_column(length("prev_hash", 64, 64))
    hash: Mapped[str] = mapped_column(length("hash", 64, 64))


class AuditHead(Base):
    """The end of each chain: locked while an event is added, and proof that none was cut off."""

    __tablename__ = "audit_head"

    chain: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int]
    hash: Mapped[str] = mapped_column(length("hash", 64, 64))


def _association_only(scope: Scope) -> list[ColumnElement[bool]]:
    """Return the condition that one of the association's own people asks; an organisation sees none of the trail."""
    return [AuditEvent.association_id == scope.association_id, *([] if scope.organisation_id is None else [false()])]


# Who sees which rows. A user without an association is seen by nobody but himself.
owned(User, User.organisation_id)
within(Session, Session.user_id, User)
within(LoginLink, LoginLink.user_id, User)
within(Passkey, Passkey.user_id, User)
owned(ApiKey, ApiKey.organisation_id)
rule(AuditEvent, _association_only)
