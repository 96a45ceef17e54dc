"""What a route is handed: who asks, which rows he sees, a session of the right kind, and how to say what was done.

``asked: Reading`` for what only reads, ``asked: Writing`` for what changes something. The session is opened around the route's function
and closed, for writing committed, after it; see `service.http.routing`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Path, Request
from sqlalchemy.orm import Session

from catalog.base import Base, now_utc
from catalog.tenancy import Scope
from service.audit import Deed, changes, record_many, snapshot
from service.auth.principal import Principal
from service.db import Database, now
from service.http import etags
from service.http.cursors import Cursors
from service.http.problems import Refused
from service.planning.ledger.transitions import Act
from service.settings import Settings
from service.webhooks import audit_events as deeds

if TYPE_CHECKING:
    from service.http.admission import Service
    from service.http.idempotency import Claim

Uid = Annotated[
    str,
    Path(
        pattern="^[0-9a-hjkmnp-tv-z]{26}$",
        description="The 26 characters that name the row.",
        examples=["01k4h4m1r3v8w2x5y7z9abcdef"],
    ),
]


@dataclass
class RequestContext:
    """One request.

    Attributes
    ----------
    principal : who asks.
    service : what all requests share.
    request_id, address, path : name the request, where it came from, and what it is for.
    if_match, if_none_match : headers as they were sent.
    headers : of the answer; a route may add to them.
    deeds : what was done so far.
    claim : the ``Idempotency-Key`` of a write.
    rule : what holds for the route.
    """

    principal: Principal
    service: Service
    request_id: str
    address: str
    path: str
    if_match: str | None = None
    if_none_match: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    deeds: list[Deed] = field(default_factory=list)
    claim: Claim | None = None
    rule: Any = None
    _session: Session | None = None

    @property
    def settings(self) -> Settings:
        """The service's settings."""
        return self.service.settings

    @property
    def database(self) -> Database:
        """The service's database, for routes that open their own sessions."""
        return self.service.database

    @property
    def cursors(self) -> Cursors:
        """What signs places in lists."""
        return self.service.cursors

    @property
    def session(self) -> Session:
        """The open session; only within the route's function."""
        assert self._session is not None, "this route opens its own sessions"
        return self._session

    @property
    def scope(self) -> Scope:
        """Whose eyes the queries have.

        Raises
        ------
        Refused
            If an administrator of all associations hasn't said which one.
        """
        if self.principal.scope is None:
            raise Refused(422, "association_required", "say which association in the header MCA-Association")
        return self.principal.scope

    @property
    def by(self) -> str:
        """What the ledger, the audit trail and ``updated_by`` name the one who asks by."""
        return self.principal.uid

    @property
    def turn(self) -> str:
        """In whose turn the request is worked on: an account's or a key's, and an address's where nobody has logged in."""
        return self.by if self.principal.row_id else self.address

    @property
    def claimant(self) -> str:
        """Whose ``Idempotency-Key`` it is: the one who asks, in the association that he looks at."""
        scope = self.principal.scope
        return self.by if scope is None or self.principal.association_id is not None else f"{self.by}@{scope.association_id}"

    @property
    def version(self) -> int | None:
        """The version that the change was made on; see `etags.expected`."""
        return etags.expected(self.if_match)

    def act(self, why: str) -> Act:
        """Return the act of the one who asks, for the ledger."""
        return Act(self.by, why, now(self.session), address=self.address, request_id=self.request_id)

    def did(self, action: str, row: Any, before: dict[str, Any] | None = None, why: str = "", *, gone: bool = False) -> None:
        """Note a deed for the audit trail, where it is written down when all else has been done, and tell partners who listen.

        Parameters
        ----------
        action : such as ``lot.revise``.
        row : what it was done to; its uid and its table name it.
        before : `service.audit.snapshot` of the row before; None for a new one.
        why : the reason given.
        gone : whether the row is there no longer.
        """
        after = None if gone else snapshot(row)
        if before is not None and after is not None:
            before, after = changes(before, after)
        name = getattr(row, "uid", None) or str(getattr(row, "id", ""))
        self.note(action, row.__tablename__, name, before, after, why)
        deeds.tell(self.session, row.association_id if hasattr(row, "association_id") else None, action, row)

    def note(
        self, action: str, kind: str, uid: str, before: dict[str, Any] | None = None, after: dict[str, Any] | None = None, why: str = ""
    ) -> None:
        """Note a deed in the words given; see `did`."""
        scope = self.principal.scope
        association = scope.association_id if scope else self.principal.association_id
        self.deeds.append(
            Deed(association, self.by, action, kind, uid, before, after, why[:2000], address=self.address, request_id=self.request_id)
        )

    def flush_deeds(self) -> None:
        """Write the deeds down, as the last thing in the transaction."""
        if self.deeds:
            record_many(self.session, self.deeds, now_utc())


async def _asked(request: Request) -> RequestContext:
    asked: RequestContext = request.state.asked
    return asked


Reading = Annotated[RequestContext, Depends(_asked)]
"""A request that only reads."""
Writing = Annotated[RequestContext, Depends(_asked)]
"""A request that changes something: note each deed with `RequestContext.did`."""


def before(row: Base) -> dict[str, Any]:
    """Return what a row holds before it is changed, for `RequestContext.did`."""
    return snapshot(row)
