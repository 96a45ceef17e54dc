"""Why a backup, or its restoring, can't be done."""

from __future__ import annotations


class UpkeepError(RuntimeError):
    """It can't be done, and nothing was changed; the message says what to do."""
