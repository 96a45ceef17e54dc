"""Triggers: what the database itself sees to, whatever program writes to it.

1. A lot's declared quantity enters the ledger by itself, when the lot is inserted and when its quantity changes.
2. A ledger entry moves its kilograms in the balances of its lot, its promise and its line. The checks of those balances
   refuse a kilogram that isn't there, so no lot is sold beyond its quantity and no line promised beyond its demand.
3. Balances follow the ledger alone; nobody sets them by hand.
4. The ledger, the audit trail and the tables of a verified plan are never rewritten.

The statements are made of this module's own words alone.
"""
# ruff: noqa: S608

from __future__ import annotations

from service.planning.states import LOT_STATES, PROMISED_STATES, KgState

APPEND_ONLY = ("ledger_entry", "audit_event", "receipt_item", "terms", "terms_answer", "account_entry")
"""Tables whose rows are neither changed nor deleted."""
NOT_DELETED = ("receipt",)
"""Tables whose rows are never deleted, besides those."""
FIXED = ("run_input", "plan_trip", "plan_stop", "plan_allocation", "plan_leg", "plan_reason", "plan_price", "receipt")
"""Tables whose rows are never changed."""
_SAID = ("id", "uid", "association_id", "shipment_id", "site_id", "received_at", "received_by", "note")
EXCEPT = {"receipt": "OLD.photo_id IS NOT NULL OR " + " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in _SAID)}
"""Which changes of such a table are refused, where not all are: a receipt may be given a photograph, once."""
_SQLITE_NOW = "strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')"


def statements(dialect: str) -> list[str]:
    """Return the statements that create every trigger, for ``sqlite`` or ``postgresql``."""
    return _sqlite() if dialect == "sqlite" else _postgresql()


def _moved(states: tuple[KgState, ...]) -> str:
    """Return the assignments that take the entry's kilograms out of one state and into the other."""
    return ", ".join(
        f"{s}_kg = {s}_kg + CASE WHEN NEW.to_state = '{s}' THEN NEW.kg ELSE 0 END - CASE WHEN NEW.from_state = '{s}' THEN NEW.kg ELSE 0 END"
        for s in states
    )


_LOT_MOVES = (
    f"UPDATE lot_balance SET {_moved(LOT_STATES)}, quantity_kg = quantity_kg + CASE WHEN NEW.from_state = 'outside' THEN NEW.kg ELSE 0 END"
    " - CASE WHEN NEW.to_state = 'outside' THEN NEW.kg ELSE 0 END WHERE lot_id = NEW.lot_id"
)
_PROMISE_MOVES = (
    f"UPDATE promise SET {_moved(PROMISED_STATES)},"
    " returned_kg = returned_kg + CASE WHEN NEW.to_state = 'rejected' THEN NEW.kg ELSE 0 END WHERE id = NEW.promise_id"
)
_LINE_MOVES = (
    "UPDATE line_balance SET promised_kg = promised_kg + CASE WHEN NEW.from_state = 'offered' AND NEW.to_state = 'held' THEN NEW.kg"
    " WHEN NEW.to_state IN ('offered', 'rejected') THEN -NEW.kg ELSE 0 END"
    " WHERE line_id = (SELECT line_id FROM promise WHERE id = NEW.promise_id)"
)
_ENTRY = "INSERT INTO ledger_entry (lot_id, from_state, to_state, kg, at, actor, why)"
_ZEROS = ", ".join("0" for _ in LOT_STATES)
_NEW_BALANCE = f"INSERT INTO lot_balance (lot_id, quantity_kg, {', '.join(f'{s}_kg' for s in LOT_STATES)}) VALUES (NEW.id, 0, {_ZEROS})"
_NEW_LINE = "INSERT INTO line_balance (line_id, quantity_kg, promised_kg) VALUES (NEW.id, NEW.quantity_kg, 0)"
_LINE_QUANTITY = "UPDATE line_balance SET quantity_kg = NEW.quantity_kg WHERE line_id = NEW.id"
_PROMISE_EMPTY = " AND ".join(f"NEW.{s}_kg = 0" for s in (*PROMISED_STATES, "returned"))
_RETURNED = "NEW.returned_kg <> (SELECT coalesce(sum(kg), 0) FROM ledger_entry WHERE promise_id = NEW.id AND to_state = 'rejected')"


def _enters(source: str, target: str, kg: str, why: str, when: str, now: str) -> str:
    return f"{_ENTRY} SELECT NEW.id, '{source}', '{target}', {kg}, {now}, NEW.updated_by, '{why}' WHERE {when}"


def _declared(now: str) -> list[str]:
    return [_NEW_BALANCE, _enters("outside", "offered", "NEW.quantity_kg", "declared", "NEW.quantity_kg > 0", now)]


def _revised(now: str) -> list[str]:
    return [
        _enters("outside", "offered", "NEW.quantity_kg - OLD.quantity_kg", "revised", "NEW.quantity_kg > OLD.quantity_kg", now),
        _enters("offered", "outside", "OLD.quantity_kg - NEW.quantity_kg", "revised", "NEW.quantity_kg < OLD.quantity_kg", now),
    ]


def _sqlite_trigger(name: str, occasion: str, body: list[str]) -> str:
    return f"CREATE TRIGGER {name} {occasion} BEGIN {'; '.join(body)}; END"


def _refuse(message: str) -> list[str]:
    return [f"SELECT RAISE(ABORT, '{message}')"]


def _by_ledger(key: str, own: str, states: tuple[KgState, ...]) -> str:
    """Return the condition that a balance differs from what the ledger says."""
    return " OR ".join(
        f"NEW.{s}_kg <> (SELECT coalesce(sum(CASE WHEN to_state = '{s}' THEN kg ELSE -kg END), 0)"
        f" FROM ledger_entry WHERE {key} = NEW.{own} AND (to_state = '{s}' OR from_state = '{s}'))"
        for s in states
    )


def _sqlite() -> list[str]:
    follows = _refuse("balances follow the ledger alone")
    made = [
        _sqlite_trigger("lot_declared", "AFTER INSERT ON lot", _declared(_SQLITE_NOW)),
        _sqlite_trigger("lot_revised", "AFTER UPDATE OF quantity_kg ON lot", _revised(_SQLITE_NOW)),
        _sqlite_trigger("line_declared", "AFTER INSERT ON demand_line", [_NEW_LINE]),
        _sqlite_trigger("line_revised", "AFTER UPDATE OF quantity_kg ON demand_line", [_LINE_QUANTITY]),
        _sqlite_trigger("ledger_applied", "AFTER INSERT ON ledger_entry", [_LOT_MOVES, _PROMISE_MOVES, _LINE_MOVES]),
        _sqlite_trigger("promise_starts_empty", f"BEFORE INSERT ON promise WHEN NOT ({_PROMISE_EMPTY})", follows),
        _sqlite_trigger(
            "lot_balance_follows",
            f"AFTER UPDATE ON lot_balance WHEN {_by_ledger('lot_id', 'lot_id', (KgState.OFFERED,))}",
            follows,
        ),
        _sqlite_trigger(
            "promise_follows", f"AFTER UPDATE ON promise WHEN {_by_ledger('promise_id', 'id', PROMISED_STATES)} OR {_RETURNED}", follows
        ),
        _sqlite_trigger("lot_balance_kept", "BEFORE DELETE ON lot_balance", follows),
        _sqlite_trigger("line_balance_kept", "BEFORE DELETE ON line_balance", follows),
    ]
    made += [
        _sqlite_trigger(
            f"{table}_not_changed",
            f"BEFORE UPDATE ON {table}" + (f" WHEN {EXCEPT[table]}" if table in EXCEPT else ""),
            _refuse(f"{table} is never rewritten"),
        )
        for table in APPEND_ONLY + FIXED
    ]
    made += [
        _sqlite_trigger(f"{table}_not_deleted", f"BEFORE DELETE ON {table}", _refuse(f"{table} is never rewritten"))
        for table in (*APPEND_ONLY, *NOT_DELETED)
    ]
    return made


def _function(name: str, body: list[str], returns: str = "NEW") -> str:
    return f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {'; '.join(body)}; RETURN {returns}; END $$"


def _run(name: str, occasion: str, function: str, level: str = "ROW", when: str = "") -> str:
    condition = f" WHEN ({when})" if when else ""
    return f"CREATE TRIGGER {name} {occasion} FOR EACH {level}{condition} EXECUTE FUNCTION {function}()"


def _postgresql() -> list[str]:
    never = ["RAISE EXCEPTION '% is never rewritten', TG_TABLE_NAME USING ERRCODE = 'check_violation'"]
    follows = ["RAISE EXCEPTION 'balances follow the ledger alone' USING ERRCODE = 'check_violation'"]
    by_hand = "pg_trigger_depth() = 0"
    made = [
        _function("mca_lot_declared", _declared("clock_timestamp()")),
        _function("mca_lot_revised", _revised("clock_timestamp()")),
        _function("mca_line_declared", [_NEW_LINE]),
        _function("mca_line_revised", [_LINE_QUANTITY]),
        _function("mca_ledger_applied", [_LOT_MOVES, _PROMISE_MOVES, _LINE_MOVES]),
        _function("mca_balance_by_hand", follows, "NULL"),
        _function("mca_never_rewritten", never, "NULL"),
        _run("lot_declared", "AFTER INSERT ON lot", "mca_lot_declared"),
        _run("lot_revised", "AFTER UPDATE OF quantity_kg ON lot", "mca_lot_revised"),
        _run("line_declared", "AFTER INSERT ON demand_line", "mca_line_declared"),
        _run("line_revised", "AFTER UPDATE OF quantity_kg ON demand_line", "mca_line_revised"),
        _run("ledger_applied", "AFTER INSERT ON ledger_entry", "mca_ledger_applied"),
        _run("promise_starts_empty", "BEFORE INSERT ON promise", "mca_balance_by_hand", when=f"NOT ({_PROMISE_EMPTY})"),
        _run(
            "promise_follows",
            f"BEFORE UPDATE OF {', '.join(f'{s}_kg' for s in (*PROMISED_STATES, 'returned'))} ON promise",
            "mca_balance_by_hand",
            when=by_hand,
        ),
    ]
    for table in ("lot_balance", "line_balance"):
        made.append(_run(f"{table}_kept", f"BEFORE UPDATE OR DELETE ON {table}", "mca_balance_by_hand", when=by_hand))
        made.append(_run(f"{table}_not_truncated", f"BEFORE TRUNCATE ON {table}", "mca_balance_by_hand", "STATEMENT"))
    made += [
        _run(f"{table}_not_changed", f"BEFORE UPDATE ON {table}", "mca_never_rewritten", when=EXCEPT.get(table, "")) for table in FIXED
    ]
    made += [_run(f"{table}_not_deleted", f"BEFORE DELETE ON {table}", "mca_never_rewritten") for table in NOT_DELETED]
    for table in APPEND_ONLY:
        made.append(_run(f"{table}_not_changed", f"BEFORE UPDATE OR DELETE ON {table}", "mca_never_rewritten"))
        made.append(_run(f"{table}_not_truncated", f"BEFORE TRUNCATE ON {table}", "mca_never_rewritten", "STATEMENT"))
    return made
