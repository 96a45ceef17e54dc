"""The pages of every register: list, form, history and workbook, made of its description."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import select
from starlette.responses import Response

from catalog import communes
from catalog.errors import Fault, Invalid, fault
from catalog.tenancy import find
from service.http.context import Uid, before
from service.models import AuditEvent, User
from service.web.context import PageContext, PageRequest
from service.web.lists import part
from service.web.pages import Pages
from service.web.registers.fields import Field, Kind
from service.web.registers.register import Register, Values, in_form, shown

MOST_EVENTS = 200


def declare(register: Register) -> Pages:
    """Return the pages of a register."""
    pages = Pages(register.key)
    _declare_list(pages, register)
    _declare_new(pages, register)
    _declare_row(pages, register)
    return pages


def _declare_list(pages: Pages, register: Register) -> None:
    @pages.get(register.path, may=register.read)
    def show_list(visit: PageRequest) -> Response:
        """Show the register's rows, those that are searched for."""
        asked = dict(parse_qsl(visit.query))
        searched = asked.get("q", "")[:100]
        rows, following = part(visit, register.rows(visit, searched, asked), register.order)
        cells = register.values(visit, rows)
        options = {one.name: register.options(visit, one) for one in register.listed if one.kind is Kind.CHOICE}
        return visit.show(
            "registers/list.html",
            register=register,
            rows=list(zip(rows, cells, strict=True)),
            cell=lambda one, values: _cell(visit, one, values, options.get(one.name, ())),
            filters=[(one, one.options(visit), asked.get(one.name, "")) for one in register.filters],
            searched=searched,
            narrowed=bool(searched) or any(asked.get(one.name) for one in register.filters),
            more=following,
            writes=visit.principal.may(register.write),
            workbook=f"/sheets/{register.key}/workbook?{urlencode([pair for pair in asked.items() if pair[0] != 'after'])}",
        )

    show_list.__name__ = f"list_{register.key}"


def _cell(visit: PageContext, one: Field, values: Values, options: Any) -> str:
    if one.kind in (Kind.REFERENCE, Kind.COMMUNE):
        return str(values.get(f"{one.name}:shown") or values.get(one.name) or "")
    return shown(visit, one, values.get(one.name), options)


def _declare_new(pages: Pages, register: Register) -> None:
    def form(visit: PageContext) -> Response:
        return show_form(visit, register, None, _usual(visit, register))

    @pages.get(f"{register.path}/new", may=register.write)
    def show_new(visit: PageRequest) -> Response:
        """Show the form of a new row."""
        return form(visit)

    @pages.post(f"{register.path}/new", may=register.write, form=form)
    def add(visit: PageRequest) -> Response:
        """Add a row."""
        row = register.add(visit, read_form(visit, register, None))
        visit.did(register.verbs[0], row)
        after = visit.form.get("after")
        place = after if after.startswith("/") else f"{register.path}/{row.uid}"
        return visit.go(place, visit.say("%(name)s is on file.", name=register.name_of(row)))


def _usual(visit: PageContext, register: Register) -> Values:
    """Return what a new row's form holds: what the address says, or what is usual."""
    asked = dict(parse_qsl(visit.query))
    found = {one.name: _asked_for(one, asked[one.name]) if asked.get(one.name) else one.usual for one in register.fields}
    for one in register.fields:
        if one.needed and one.kind is Kind.REFERENCE and found[one.name] is None:
            options = register.options(visit, one)
            found[one.name] = options[0][0] if len(options) == 1 else None
    return found


def _asked_for(one: Field, text: str) -> Any:
    """Return a value that an address names, for a form that is filled in already; what can't be read is left out."""
    if one.kind in (Kind.CHOICE, Kind.REFERENCE, Kind.COMMUNE):
        return text
    try:
        return one.parse(text)
    except ValueError:
        return None


def show_form(visit: PageContext, register: Register, row: Any, values: Mapping[str, Any]) -> Response:
    """Show the form of a row, or of a new one where there is none."""
    inputs = [
        (one, in_form(one, values.get(one.name), visit), register.options(visit, one), values.get(f"{one.name}:shown") or "")
        for one in register.fields
    ]
    more = register.extra
    extra = more(visit, row) if row is not None and more is not None else {}
    return visit.show(
        "registers/form.html",
        register=register,
        row=row,
        name=register.title_for(visit, row) if row is not None else "",
        groups=[(key, list(group)) for key, group in groupby(inputs, key=lambda one: (one[0].section, one[0].number))],
        gone={one.name for one in register.fields if one.kind is Kind.COMMUNE and not _exists(values.get(one.name))},
        after=dict(parse_qsl(visit.query)).get("then", ""),
        writes=visit.principal.may(register.write),
        extra=extra,
    )


def _exists(code: str | None) -> bool:
    """Return whether a commune is one of today; none is as good."""
    return code is None or communes.exists(code)


def read_form(visit: PageContext, register: Register, row: Any) -> Values:
    """Return the values of a form's fields; every fault is raised at once.

    Raises
    ------
    Invalid
        With each of them.
    """
    values: Values = {}
    faults: list[Fault] = []
    for one in register.fields:
        if row is not None and one.fixed:
            continue
        text = visit.form.get(one.name)
        if one.kind is Kind.FLAG:
            values[one.name] = bool(text)
            continue
        try:
            values[one.name] = one.parse(text, register.options(visit, one))
        except ValueError as error:
            faults.append(fault(one.name, text, str(error)))
            continue
        if one.needed and values[one.name] in (None, ()):
            faults.append(fault(one.name, "", "a value"))
    if faults:
        raise Invalid(faults)
    values["confirmed"] = bool(visit.form.get("confirmed"))
    return values


def _declare_row(pages: Pages, register: Register) -> None:
    def form(visit: PageContext) -> Response:
        row = find(visit.session, visit.scope, register.model, visit.params["uid"])
        return show_form(visit, register, row, register.values(visit, [row])[0])

    @pages.get(f"{register.path}/{{uid}}", may=register.read)
    def show_row(visit: PageRequest, uid: Uid) -> Response:
        """Show a row with the form that changes it."""
        visit.params = {"uid": uid}
        return form(visit)

    @pages.post(f"{register.path}/{{uid}}", may=register.write, form=form)
    def change(visit: PageRequest, uid: Uid) -> Response:
        """Change a row: what differs from what it holds."""
        row = find(visit.session, visit.scope, register.model, uid, lock=True)
        given, held, was = read_form(visit, register, row), register.values(visit, [row])[0], before(row)
        changed = {name: value for name, value in given.items() if name == "confirmed" or _is_changed(held, name, value)}
        version = visit.form.get("version")
        row = register.change(visit, row, changed, int(version) if version.isdecimal() else None)
        visit.did(register.verbs[1], row, was)
        return visit.go(f"{register.path}/{uid}", visit.say("The change is saved."))

    @pages.get(f"{register.path}/{{uid}}/history", may=register.read)
    def show_history(visit: PageRequest, uid: Uid) -> Response:
        """Show who changed a row, when, and what was before and after."""
        row = find(visit.session, visit.scope, register.model, uid)
        return visit.show(
            "registers/history.html", register=register, row=row, name=register.title_for(visit, row), events=_events(visit, register, row)
        )


def _is_changed(held: Values, name: str, given: Any) -> bool:
    """Return whether a form's value isn't the row's; what stands for a commune in the form is its name."""
    return differs(held.get(name), given) and not (given and given == held.get(f"{name}:shown"))


def differs(held: Any, given: Any) -> bool:
    """Return whether a given value isn't what a row holds; empty lists and nothing are the same."""
    if isinstance(held, (list, tuple)) or isinstance(given, (list, tuple)):
        return tuple(held or ()) != tuple(given or ())
    return bool(held != given)


def _events(visit: PageContext, register: Register, row: Any) -> list[dict[str, Any]]:
    """Return what happened to a row, the latest first, in words."""
    mine = (AuditEvent.association_id == visit.scope.association_id, AuditEvent.object_kind == register.model.__tablename__)
    query = select(AuditEvent).where(*mine, AuditEvent.object_uid == row.uid).order_by(AuditEvent.seq.desc()).limit(MOST_EVENTS)
    events = list(visit.session.scalars(query))
    people = dict(visit.session.execute(select(User.uid, User.name).where(User.uid.in_({one.actor for one in events}))).all())
    labels = {register.columns.get(one.name, one.name): one for one in register.fields}
    return [
        {
            "at": one.at,
            "who": people.get(one.actor, visit.say("the service")),
            "added": one.before is None,
            "why": one.why,
            "changes": _changes(visit, labels, one),
        }
        for one in events
    ]


def _changes(visit: PageContext, labels: Mapping[str, Field], event: AuditEvent) -> list[tuple[str, str, str]]:
    """Return what an event changed: the field, what it held before, and what it holds since."""
    held, after = event.before or {}, event.after or {}
    told = [name for name in after if name in labels and (event.before is not None or after[name] not in (None, ""))]
    return [
        (labels[name].words(visit), _plain(visit, labels[name], held.get(name)), _plain(visit, labels[name], after[name])) for name in told
    ]


def _plain(visit: PageContext, one: Field, value: Any) -> str:
    """Return a value of the audit trail as people read it; references stay out, for the trail holds their numbers."""
    if one.kind is Kind.REFERENCE:
        return "…" if value is not None else ""
    return shown(visit, one, value) if isinstance(value, (bool, int, float)) and one.kind is not Kind.DAY else str(value or "")
