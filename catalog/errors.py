"""What supply refuses, in words that every way in can use: the terminal, an upload, the HTTP service.

None of them knows of HTTP. Each has a `code` that never changes and that programs may rely on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar


class DomainError(Exception):
    """A request that was understood and can't be done."""

    code: ClassVar[str] = "refused"


class NotFound(DomainError):
    """There is no such row, or none that the one who asks may see; the two can't be told apart.

    Attributes
    ----------
    kind : what was sought, such as ``lot``.
    name : its uid or code.
    """

    code = "not_found"

    def __init__(self, kind: str, name: str) -> None:
        self.kind, self.name = kind, name
        super().__init__(f"there is no {kind} {name!r}")


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong with what was sent in.

    Attributes
    ----------
    row : number of the row in an upload as a spreadsheet shows it; 0 for a single record.
    field : name of the field; two that contradict each other are joined by a comma.
    value : what stands there, shortened to 80 characters.
    expected : what should stand there.
    """

    row: int
    field: str
    value: str
    expected: str

    def __str__(self) -> str:
        place = (f"row {self.row} " if self.row else "") + self.field
        return f"{place} {self.value!r}: {self.expected}"


def fault(field: str, value: object, expected: str, row: int = 0) -> Fault:
    """Return a fault with its value shortened."""
    return Fault(row, field, str(value)[:80], expected)


class Invalid(DomainError):
    """What was sent in is wrong; every fault of it is in `faults`, and nothing was written."""

    code = "invalid"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        shown = "\n".join(map(str, self.faults[:20]))
        more = f"\n... and {len(self.faults) - 20} more" if len(self.faults) > 20 else ""
        super().__init__(f"{len(self.faults)} fault{'s' * (len(self.faults) != 1)}\n{shown}{more}")


class NeedsConfirmation(DomainError):
    """What was sent in is possible but unlikely; send it again as confirmed if it is meant.

    Attributes
    ----------
    field : the doubtful field; two are joined by a comma.
    doubt : what is odd about it.
    """

    code = "needs_confirmation"

    def __init__(self, field: str, doubt: str) -> None:
        self.field, self.doubt = field, doubt
        super().__init__(f"{field}: {doubt}")


class Conflict(DomainError):
    """Somebody else was first.

    Attributes
    ----------
    who, when : the one who was first, and the moment; None where nobody in particular was.
    """

    code = "conflict"

    def __init__(self, message: str, who: str | None = None, when: datetime | None = None) -> None:
        self.who, self.when = who, when
        by = f" ({who}, {when.isoformat(timespec='seconds')})" if who and when else ""
        super().__init__(message + by)


class Stale(Conflict):
    """The row has changed since it was read; `version` is what it is now."""

    code = "stale"

    def __init__(self, kind: str, name: str, version: int, who: str | None = None, when: datetime | None = None) -> None:
        self.version = version
        super().__init__(f"{kind} {name} has changed since it was read and is at version {version}", who, when)


class AlreadyThere(Conflict):
    """A code is taken, or a file has been imported before."""

    code = "already_there"


class AlreadyImported(AlreadyThere):
    """The same file has been taken in before; `uid` names that import."""

    code = "already_imported"

    def __init__(self, uid: str, who: str, when: datetime) -> None:
        self.uid = uid
        super().__init__(f"this file has been imported already, as {uid}", who, when)
