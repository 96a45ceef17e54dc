"""One attempt: what is sent, and what becomes of it whatever the receiver does."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from service.webhooks.signing import body_of, headers_of, new_secret
from service.webhooks.transport import MOST_READ_BYTES, Outcome, post
from tests.service.webhooks.receiver import Receiver, receiving

AT = datetime(2027, 6, 7, 5, 0, tzinfo=UTC)
BODY = body_of("e1", "lot.declared", AT, {"lot": "Vải thiều", "kg": 1200})


def send(receiver: Receiver, timeout_s: float = 5.0, keys: list[str] | None = None) -> Outcome:
    headers = headers_of("e1", BODY, datetime.now(UTC), keys or [new_secret()])
    return post(receiver.url, headers, BODY, timeout_s=timeout_s, local=True)


def test_a_message_is_signed_the_way_that_receivers_libraries_check() -> None:
    key = new_secret()
    with receiving() as receiver:
        assert send(receiver, keys=[key]) == Outcome(200, "ok")
    headers, body = receiver.got[0]
    assert Webhook(key).verify(body, headers) == {
        "id": "e1", "type": "lot.declared", "timestamp": "2027-06-07T05:00:00.000+00:00", "data": {"kg": 1200, "lot": "Vải thiều"},
    }  # fmt: skip
    assert headers["host"] == f"127.0.0.1:{receiver.port}"


def test_while_a_secret_is_replaced_both_check() -> None:
    old, new = new_secret(), new_secret()
    headers = headers_of("e1", BODY, datetime.now(UTC), [new, old])
    for key in (old, new):
        Webhook(key).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Webhook(new_secret()).verify(BODY, headers)


@pytest.mark.parametrize(("minutes", "fault"), [(-6, "too old"), (6, "too new")])
def test_a_message_of_another_time_is_refused_by_the_receiver(minutes: int, fault: str) -> None:
    key = new_secret()
    headers = headers_of("e1", BODY, datetime.now(UTC) + timedelta(minutes=minutes), [key])
    with pytest.raises(WebhookVerificationError, match=fault):
        Webhook(key).verify(BODY, headers)


def test_a_message_that_was_changed_is_refused_by_the_receiver() -> None:
    key = new_secret()
    headers = headers_of("e1", BODY, datetime.now(UTC), [key])
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Webhook(key).verify(BODY.replace(b"1200", b"9200"), headers)
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Webhook(key).verify(BODY, headers | {"webhook-id": "e2"})


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_a_failure_and_is_not_followed(status: int) -> None:
    with receiving() as receiver:
        receiver.answers = [status]
        outcome = send(receiver)
    assert (outcome.status, outcome.delivered, len(receiver.got)) == (status, False, 1)


@pytest.mark.parametrize(("status", "delivered", "gone"), [(200, True, False), (204, True, False), (410, False, True), (500, False, False)])
def test_only_an_answer_of_success_counts(status: int, delivered: bool, gone: bool) -> None:
    assert (Outcome(status, "").delivered, Outcome(status, "").gone) == (delivered, gone)


def test_of_a_huge_answer_only_the_start_is_read() -> None:
    sent: list[int] = []

    def huge(handler: BaseHTTPRequestHandler, status: int) -> None:
        handler.send_response(status)
        handler.send_header("content-length", str(10_000_000))
        handler.end_headers()
        # The sender has hung up by then.
        with suppress(OSError):
            sent.extend(handler.wfile.write(b"x\x00" * 500) for _ in range(10_000))

    with receiving() as receiver:
        receiver.reply = huge
        outcome = send(receiver)
    assert (outcome.status, set(outcome.response), len(outcome.response)) == (200, {"x"}, MOST_READ_BYTES // 2)
    assert sum(sent) < 10_000_000


def test_a_receiver_that_sends_a_byte_now_and_then_is_cut_off() -> None:
    def drip(handler: BaseHTTPRequestHandler, _status: int) -> None:
        pause = threading.Event()
        with suppress(OSError):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nx: ")
            for _ in range(600):
                handler.wfile.write(b"x")
                pause.wait(0.05)

    with receiving() as receiver:
        receiver.reply = drip
        assert send(receiver, timeout_s=0.3) == Outcome(None, "no answer within 0.3 s")


def test_a_receiver_that_speaks_no_http_or_is_not_there_is_a_failure() -> None:
    def nonsense(handler: BaseHTTPRequestHandler, _status: int) -> None:
        handler.wfile.write(b"HTTP/9.9 nonsense\r\n\r\n")

    with receiving() as receiver:
        receiver.reply = nonsense
        assert send(receiver).response.startswith("no answer: ")
    assert send(receiver).response.startswith("no answer: ConnectionRefusedError")


def test_a_name_is_looked_up_once_and_the_connection_goes_where_it_was_judged_to(monkeypatch: pytest.MonkeyPatch) -> None:
    real, asked = socket.getaddrinfo, []

    def rebinding(host: str, *rest: Any, **named: Any) -> Any:
        if host != "hook.test":
            return real(host, *rest, **named)
        asked.append(host)
        return real("127.0.0.1" if len(asked) == 1 else "169.254.169.254", *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    with receiving() as receiver:
        outcome = post(f"http://hook.test:{receiver.port}/", headers_of("e1", BODY, AT, [new_secret()]), BODY, timeout_s=5, local=True)
    assert (outcome.status, asked, receiver.got[0][0]["host"]) == (200, ["hook.test"], f"hook.test:{receiver.port}")


def test_an_address_inside_is_refused_at_the_moment_of_sending_too() -> None:
    with receiving() as receiver:
        outcome = post(receiver.url, {}, BODY, timeout_s=5)
        metadata = post("http://169.254.169.254/latest/meta-data/", {}, BODY, timeout_s=5, local=True)
    assert (outcome.status, receiver.got) == (None, [])
    assert metadata.response == "not sent: expected a public address; 169.254.169.254 is 169.254.169.254"
