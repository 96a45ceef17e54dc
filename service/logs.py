"""Logs: one JSON object a line on standard error, with the request's id and without secrets."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog

HIDDEN = "[hidden]"
_SECRET_NAMES = re.compile(
    r"pass(word|wd|phrase)?|secret|token|authori[sz]ation|cookie|csrf|api_?key|^key$|phone|email|signature|idempotency", re.IGNORECASE
)
_SECRETS = re.compile(
    r"mca_[A-Za-z0-9_-]{8,}|whsec_[A-Za-z0-9+/=_-]+|eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_.-]+|(?<=://)[^/@\s]+:[^/@\s]+(?=@)"
    r"|(?i:bearer\s+\S+)|(?i:(?:mca_session|mca_csrf|password|passwd|secret|token)[\"']?\s*[=:]\s*[\"']?)[^\s\"',;&}]+"
    r"|(?<![\w.])(?:\+84|0)(?:[ .-]?\d){9}(?![\w.])"
)
LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure(level: str = "info", stream: TextIO | None = None) -> None:
    """Let everything be logged from a level on."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )


def get(name: str) -> Any:
    """Return the logger of a module."""
    return structlog.get_logger(source=name)


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Hide what must not stand in a log: by its name, and by what it looks like."""
    return {name: _clean(name, value) for name, value in event.items()}


def _clean(name: str, value: Any) -> Any:
    if _SECRET_NAMES.search(name) and value is not None:
        return HIDDEN
    if isinstance(value, str):
        return _SECRETS.sub(HIDDEN, value)
    if isinstance(value, Mapping):
        return {str(key): _clean(str(key), part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(name, part) for part in value]
    return value if isinstance(value, (int, float, bool)) or value is None else _SECRETS.sub(HIDDEN, str(value))
