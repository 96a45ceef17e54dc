"""Rows of a sheet on their way into the database: one by one, or thousands by a few statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import select

from catalog import names
from catalog.errors import Conflict, NeedsConfirmation
from catalog.models import Organisation
from catalog.tenancy import visible
from service.auth.account_batch import AccountBatch
from service.auth.accounts import UserIn
from service.http.context import before
from service.models import Role, User
from service.web.context import PageContext
from service.web.registers.register import Register, Values

Take = Callable[[PageContext, Values], str]
"""Takes a row in; returns ``new``, ``changed`` or ``same``."""
BY_NAME = ("organisations", "sites", "products", "members")
"""Registers whose rows are found by their whole name, too."""


class Taker:
    """Takes the rows of one sheet in."""

    def __init__(self, visit: PageContext) -> None:
        self.visit = visit

    def take(self, values: Values) -> str:
        """Take a row in; return whether it was ``new``, ``changed`` or the ``same``.

        Raises
        ------
        Invalid, Conflict, NotFound, NeedsConfirmation, ValueError
            If it can't be taken in; nothing of it is.
        """
        raise NotImplementedError

    def finish(self) -> None:
        """Write what is still to be written."""


class RowTaker(Taker):
    """Takes rows in one by one, each in a savepoint of its own."""

    def __init__(self, visit: PageContext, take: Take) -> None:
        super().__init__(visit)
        self._take = take

    def take(self, values: Values) -> str:
        """Take a row in; see `Taker.take`."""
        with self.visit.session.begin_nested():
            return self._take(self.visit, values)


class RegisterTaker(Taker):
    """Takes rows of a register in: a row whose key or name is known changes what it says, others are added."""

    def __init__(self, visit: PageContext, register: Register) -> None:
        super().__init__(visit)
        self._register = register
        self._batch = register.batch(visit) if register.batch is not None else None
        rows = list(visit.session.scalars(register.query(visit).order_by(*register.order)))
        self._held = {row.id: held for row, held in zip(rows, register.values(visit, rows), strict=True)}
        self._by_key: dict[tuple[str, Any], Any] = {}
        self._by_name: dict[tuple[str, str, str], list[Any]] = defaultdict(list)
        for row in rows:
            self._note(row, self._owner(self._held[row.id]))

    def _owner(self, values: Values) -> str:
        """Return within what a key or a name is unique: a member's organisation."""
        return str(values.get("organisation")) if self._register.key == "members" else ""

    def _note(self, row: Any, owner: str) -> None:
        self._by_key.setdefault((owner, getattr(row, self._register.key_field)), row)
        if self._register.key in BY_NAME:
            self._by_name[owner, names.search_key(row.name), row.name].append(row)

    def take(self, values: Values) -> str:
        """Take a row in; see `Taker.take`."""
        row = self._known(values)
        if row is None:
            self._add(values)
            return "new"
        held = self._held.get(row.id)
        if held is None:
            # The same row stands twice in the sheet.
            return "same"
        changed = {name: value for name, value in values.items() if self._is_changed(held, name, value)}
        if not changed:
            return "same"
        earlier = before(row)
        with self.visit.session.begin_nested():
            self._register.change(self.visit, row, {**changed, "confirmed": True}, None)
        self.visit.did(self._register.verbs[1], row, earlier)
        return "changed"

    def _is_changed(self, held: Values, name: str, value: Any) -> bool:
        if name == "confirmed" or value is None or self._register.field(name).fixed:
            return False
        if isinstance(value, tuple):
            return tuple(held.get(name) or ()) != value
        shown = held.get(f"{name}:shown")
        return held.get(name) != value and not (
            isinstance(value, str) and bool(shown) and names.search_key(str(shown)) == names.search_key(value)
        )

    def _known(self, values: Values) -> Any:
        """Return the row that a sheet's row is about: by its key, or by its whole name within its kind and owner."""
        owner, key = self._owner(values), values.get(self._register.key_field)
        if key:
            return self._by_key.get((owner, key))
        if self._register.key not in BY_NAME or not values.get("name"):
            return None
        rows = self._by_name.get((owner, names.search_key(values["name"]), names.clean(values["name"])), [])
        if self._register.key == "members":
            return self._person(rows, values)
        return rows[0] if len(rows) == 1 else None

    def _person(self, rows: Sequence[Any], values: Values) -> Any:
        """Return the member of a name that is meant; people of one cooperative may have the same name.

        Raises
        ------
        NeedsConfirmation
            If it isn't certain that another person is meant.
        """
        phone = values.get("phone")
        same = [row for row in rows if phone and row.phone == phone]
        if same or not rows or values.get("confirmed"):
            return same[0] if same else None
        on_file = [row for row in rows if row.id in self._held]
        unlike = [row for row in rows if phone and row.phone]
        if len(on_file) == 1 == len(rows) and not unlike:
            return on_file[0]
        if len(unlike) == len(rows) and not on_file:
            return None
        raise NeedsConfirmation("name", "another person of this name is a member already: somebody else?")

    def _add(self, values: Values) -> None:
        register = self._register
        given = {one.name: one.usual if values.get(one.name) is None else values[one.name] for one in register.fields}
        given["confirmed"] = values.get("confirmed", False)
        owner = self._owner(values)
        if self._batch is not None:
            self._note(self._batch.add(given), owner)
            return
        with self.visit.session.begin_nested():
            row = register.add(self.visit, given)
        self.visit.did(register.verbs[0], row)
        self._note(row, owner)

    def finish(self) -> None:
        """Write the rows that are added together."""
        if self._batch is not None:
            for verb, row in self._batch.finish():
                self.visit.did(verb, row)


class AccountTaker(Taker):
    """Makes accounts without passwords; a telephone number is the login where there is no other."""

    def __init__(self, visit: PageContext) -> None:
        super().__init__(visit)
        self._batch = AccountBatch(visit.session, visit.scope, visit.by, visit.principal.roles)
        homes = select(User.login, User.name, Organisation.uid, Organisation.name)
        query = homes.outerjoin(Organisation, Organisation.id == User.organisation_id)
        known = query.where(User.id.in_(visible(User, visit.scope).with_only_columns(User.id)))
        self._known = {login: (name, home, shown) for login, name, home, shown in visit.session.execute(known)}

    def take(self, values: Values) -> str:
        """Take a row in; see `Taker.take`."""
        login = (values.get("login") or (values.get("phone") or "").replace(" ", "")).lower()
        if not login:
            raise ValueError("a login or a telephone number")
        known = self._known.get(login)
        if known is not None:
            if (names.search_key(known[0]), known[1]) != (names.search_key(values["name"]), values["organisation"]):
                raise Conflict(f"the login {login} belongs to {known[0]}, {known[2] or '–'}")
            return "same"
        given = UserIn(
            login=login, name=values["name"], roles=(Role(values["role"]),), organisation=values["organisation"], phone=values.get("phone")
        )
        self._batch.add(given)
        self._known[login] = (given.name, values["organisation"], "")
        return "new"

    def finish(self) -> None:
        """Write the accounts."""
        for row in self._batch.finish():
            self.visit.did("user.add", row)
