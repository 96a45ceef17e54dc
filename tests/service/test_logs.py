"""Logs are lines of JSON, and no secret stands in them."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from service import logs

SECRETS: dict[str, Any] = {
    "password": {"password": "hunter2hunter2"},
    "nested": {"body": {"new_password": "hunter2hunter2"}},
    "bearer": {"note": "Authorization: Bearer hunter2hunter2"},
    "key": {"note": "used mca_hunter2hunter2hunter2"},
    "webhook": {"note": "whsec_hunter2hunter2"},
    "address": {"note": "postgresql://mca:hunter2hunter2@host/mca"},
    "cookie": {"note": "mca_session=hunter2hunter2; path=/"},
    "phone": {"phone": "hunter2hunter2"},
    "token": {"note": "eyJhunter2hunter2.hunter2hunter2.x"},
    "assignment": {"note": "password = 'hunter2hunter2'"},
}


def logged(level: str, **fields: Any) -> str:
    stream = io.StringIO()
    logs.configure("info", stream)
    getattr(logs.get("test"), level)("said", **fields)
    logs.configure("error")
    return stream.getvalue()


@pytest.mark.parametrize("what", SECRETS)
def test_a_secret_never_stands_in_a_log(what: str) -> None:
    line = logged("info", **SECRETS[what])
    assert "hunter2" not in line
    assert logs.HIDDEN in line


def test_a_vietnamese_telephone_number_is_hidden_in_running_text() -> None:
    assert "912 345 678" not in logged("info", note="gọi 0912 345 678 nhé")
    assert "912345678" not in logged("info", note="gọi +84912345678")


def test_a_secret_in_a_traceback_is_hidden() -> None:
    try:
        raise ValueError("password=hunter2hunter2")
    except ValueError as error:
        line = logged("error", exc_info=error)
    assert "hunter2" not in line
    assert "ValueError" in line


def test_a_line_is_one_object_with_its_level_and_time() -> None:
    said = json.loads(logged("warning", kg=5))
    assert (said["event"], said["level"], said["kg"]) == ("said", "warning", 5)
    assert said["timestamp"].endswith("Z")


def test_what_is_below_the_level_is_not_said() -> None:
    assert logged("debug") == ""
