"""The manual page, made from the commands themselves: ``python -m service.cli.manual > docs/mca.1``."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from typer.main import get_command

from service.cli import status
from service.cli.main import app

TITLE = '.TH MCA 1 "" "mca" "User Commands"'
ENVIRONMENT = (
    ("MCA_DATABASE_URL", "Where the service's data live. docs/operating.md lists every setting of the service."),
    ("LC_ALL, LC_MESSAGES, LANG", "A Vietnamese locale makes explanations and workbooks Vietnamese; --lang decides otherwise."),
    ("NUMBA_CACHE_DIR", "Folder for compiled loops where those of the installation don't fit this machine."),
)
KINDS = {"INT": "N", "INTEGER": "N", "FLOAT": "NUMBER"}
"""How values without a name of their own are shown."""


def manual() -> str:
    """Return the page as troff."""
    root = get_command(app)
    lines = [TITLE, ".SH NAME", r"mca \- match cooperatives' harvest with buyers' demand, trucks included"]
    lines += [".SH SYNOPSIS", ".B mca", r"\fICOMMAND\fR [\fIARGUMENTS\fR]"]
    lines += [".SH DESCRIPTION", _plain(root.help or ""), "An input is a folder of CSV tables or an .xlsx workbook."]
    lines += [".SH COMMANDS", *_commands(root, "mca")]
    lines += [".SH EXIT STATUS", *_items(_statuses())]
    lines += [".SH ENVIRONMENT", *_items(ENVIRONMENT)]
    return "\n".join(lines) + "\n"


def _commands(group: Any, path: str) -> Iterator[str]:
    for name, command in sorted(group.commands.items()):
        if command.hidden:
            continue
        if hasattr(command, "commands"):
            yield from _commands(command, f"{path} {name}")
            continue
        yield from (f'.SS "{path} {name}{_arguments(command)}"', _plain(command.help or ""))
        options = ((_names(one), one.help or "") for one in command.params if one.param_type_name == "option" and not one.hidden)
        yield from _items(options)


def _arguments(command: Any) -> str:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    return "".join(f" {one.metavar or one.name.upper()}" for one in arguments)


def _names(option: Any) -> str:
    names = ", ".join([*option.opts, *option.secondary_opts])
    if option.is_flag:
        return names
    choices = getattr(option.type, "choices", None)
    kind = option.type.name.upper().removesuffix(" RANGE")
    return f"{names} {option.metavar or ('|'.join(map(str, choices)) if choices else KINDS.get(kind, kind))}"


def _statuses() -> Iterator[tuple[str, str]]:
    """Yield each exit status with the text below it."""
    body = ast.parse(inspect.getsource(status)).body
    for named, text in pairwise(body):
        if isinstance(named, ast.Assign) and isinstance(text, ast.Expr):
            yield str(ast.literal_eval(named.value)), str(ast.literal_eval(text.value))


def _items(items: Any) -> Iterator[str]:
    for name, text in items:
        yield from (".TP", rf"\fB{_escaped(name)}\fR", _plain(text))


def _plain(text: str) -> str:
    """Return a text on one line; a full stop or an apostrophe at its start would be an instruction."""
    line = _escaped(" ".join(text.replace("``", "").split()))
    return rf"\&{line}" if line.startswith((".", "'")) else line


def _escaped(text: str) -> str:
    return text.replace("\\", r"\e").replace("-", r"\-")


if __name__ == "__main__":
    sys.stdout.write(manual())
