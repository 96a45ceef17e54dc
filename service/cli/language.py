"""The language in which the command line explains."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Annotated

import typer


class Lang(StrEnum):
    """Language of the texts."""

    VI = "vi"
    EN = "en"


def own_language() -> Lang:
    """Return Vietnamese where the terminal's locale is Vietnamese, English elsewhere, as the command line itself speaks."""
    locale = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return Lang.VI if locale.startswith("vi") else Lang.EN


OwnLanguage = Annotated[
    Lang,
    typer.Option("--lang", "--language", default_factory=own_language, show_default="that of the terminal", help="Language of the texts."),
]
