"""Logging in with another organisation's account: only what the provider signed, for us, for this login, and just now."""

from __future__ import annotations

import time
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

from service.auth.oidc import OidcFailed, Provider
from service.db import Database
from service.http.admission import Service
from service.models import Role, User
from service.settings import Settings
from tests.service.api.conftest import Caller, World, add_user

ISSUER, CLIENT = "https://id.example.vn", "mca"
KEY, OTHER = RSAKey.generate_key(2048, {"kid": "1"}, private=True), RSAKey.generate_key(2048, {"kid": "1"}, private=True)


class Answer:
    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content

    def raise_for_status(self) -> Answer:
        return self

    def json(self) -> dict[str, Any]:
        return self.content


class FakeClient:
    """A provider that answers within the process."""

    claims: ClassVar[dict[str, Any]] = {}
    signed_with: ClassVar[Any] = KEY
    header: ClassVar[dict[str, Any]] = {"alg": "RS256", "kid": "1"}

    def __init__(self, **options: Any) -> None:
        self.options = options

    def __enter__(self) -> FakeClient:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def request(self, method: str, address: str, **_: Any) -> Answer:
        assert method == "GET"
        if address.endswith("openid-configuration"):
            ends = {"authorization_endpoint": f"{ISSUER}/auth", "token_endpoint": f"{ISSUER}/token", "jwks_uri": f"{ISSUER}/keys"}
            return Answer({"issuer": ISSUER, **ends})
        return Answer(dict(KeySet([KEY]).as_dict(private=False)))

    def create_authorization_url(self, address: str, nonce: str, code_verifier: str) -> tuple[str, str]:
        assert code_verifier
        return f"{address}?state=the-state&nonce={nonce}&redirect_uri={self.options['redirect_uri']}", "the-state"

    def fetch_token(self, address: str, code: str, code_verifier: str) -> dict[str, Any]:
        if code != "good":
            raise ValueError("invalid_grant")
        return {"id_token": jwt.encode(self.header, self.claims, self.signed_with, algorithms=[self.header["alg"]])}


@pytest.fixture
def provider(app: FastAPI, settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch) -> type[FakeClient]:
    named = settings.model_copy(update={"oidc_issuer": ISSUER, "oidc_client_id": CLIENT, "oidc_client_secret": "s"})
    app.state.service = Service(named, database)
    app.state.service.provider = Provider(named, FakeClient)
    for name in ("claims", "signed_with", "header"):
        monkeypatch.setattr(FakeClient, name, getattr(FakeClient, name))
    return FakeClient


@pytest.fixture
def lan(database: Database, world: World) -> User:
    with database.write() as session:
        return add_user(session, Role.BROKER, world.ours, oidc_subject=f"{ISSUER}|4711")


def came_back(guest: Caller, provider: type[FakeClient], code: str = "good", state: str = "the-state", **claims: Any) -> Any:
    begun = guest.get("/login/oidc", follow_redirects=False)
    assert begun.status_code == 303, begun.text
    nonce = parse_qs(urlsplit(begun.headers["location"]).query)["nonce"][0]
    now = int(time.time())
    usual = {"iss": ISSUER, "aud": CLIENT, "sub": "4711", "nonce": nonce, "iat": now, "exp": now + 300}
    provider.claims = {name: value for name, value in (usual | claims).items() if value is not None}
    cookie = f"mca_oidc={begun.cookies['mca_oidc']}"
    return guest.get("/login/oidc/callback", params={"code": code, "state": state}, headers={"cookie": cookie}, follow_redirects=False)


def test_whom_the_provider_vouches_for_is_logged_in(guest: Caller, provider: type[FakeClient], lan: User) -> None:
    back = came_back(guest, provider)
    assert (back.status_code, back.headers["location"]) == (303, "/"), back.text
    caller = Caller(guest.client, {"cookie": f"mca_session={back.cookies['mca_session']}"})
    assert caller.get("/account").json()["uid"] == lan.uid


WRONG: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example"},
    "for another": {"aud": "somebody-else"},
    "expired": {"exp": 1_000_000},
    "of another login": {"nonce": "x"},
    "no nonce": {"nonce": None},
    "nobody": {"sub": None},
    "without an account": {"sub": "4712"},
}


@pytest.mark.parametrize("what", WRONG)
def test_a_token_that_does_not_hold_is_refused(guest: Caller, provider: type[FakeClient], lan: User, what: str) -> None:
    back = came_back(guest, provider, **WRONG[what])
    assert (back.status_code, back.json()["code"]) == (401, "wrong_login")
    assert "mca_session" not in back.cookies


def test_a_token_signed_by_somebody_else_or_by_nobody_is_refused(guest: Caller, provider: type[FakeClient], lan: User) -> None:
    provider.signed_with = OTHER
    assert came_back(guest, provider).status_code == 401
    provider.signed_with, provider.header = OctKey.import_key("a-shared-secret-of-some-length-32"), {"alg": "HS256"}
    assert came_back(guest, provider).status_code == 401
    keys = KeySet([KEY])
    for text in ("eyJhbGciOiJub25lIn0.eyJzdWIiOiI0NzExIn0.", "nonsense", ""):
        with pytest.raises(OidcFailed, match="token doesn't hold"):
            Provider(Settings(oidc_issuer=ISSUER, oidc_client_id=CLIENT)).verified(text, "n", keys)


def test_another_state_another_code_or_no_cookie_begins_anew(guest: Caller, provider: type[FakeClient], lan: User) -> None:
    assert came_back(guest, provider, state="another").status_code == 401
    assert came_back(guest, provider, code="bad").status_code == 401
    assert guest.get("/login/oidc/callback", params={"code": "good", "state": "the-state"}, follow_redirects=False).status_code == 401


def test_without_a_provider_there_is_no_such_login(guest: Caller) -> None:
    refused = guest.get("/login/oidc", follow_redirects=False)
    assert (refused.status_code, refused.json()["code"]) == (404, "no_oidc")
