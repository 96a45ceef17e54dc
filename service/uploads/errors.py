"""Why an upload is refused."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.errors import DomainError
from matching.model.errors import InputIssue

MOST_LISTED = 1000


class UploadRefused(DomainError):
    """Rows of an upload are wrong, and nothing was written.

    Attributes
    ----------
    issues : the first thousand faults, by row.
    total : how many there are.
    notes : how the file was read.
    """

    code = "invalid_upload"

    def __init__(self, issues: Sequence[InputIssue], total: int, notes: Sequence[str]) -> None:
        self.issues, self.total, self.notes = tuple(issues[:MOST_LISTED]), total, tuple(notes)
        how = f" ({'; '.join(notes)})" if notes else ""
        super().__init__(f"{total} fault{'s' * (total != 1)}; nothing was written{how}")


class UploadUnreadable(DomainError):
    """The file can't be read as a table."""

    code = "unreadable_upload"


class UploadTooLarge(DomainError):
    """The file holds more than is read at one time."""

    code = "upload_too_large"
