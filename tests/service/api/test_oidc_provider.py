"""Logging in at a provider over HTTP, with the library that speaks the protocol: the code flow, PKCE, and the client's secret."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI, Form, Request
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from service.auth.oidc import OidcFailed, Provider
from service.db import Database
from service.http.admission import Service
from service.models import Role
from service.settings import Settings
from tests.service.api.conftest import Caller, World, add_user
from tests.service.api.generated import served

KEY = RSAKey.generate_key(2048, {"kid": "1"}, private=True)
CLIENT, SECRET = "mca", "a-secret/of+mca"


class House:
    """A provider of identities: it hands out a code for an address that a browser was sent to, and a token for the code, once."""

    def __init__(self) -> None:
        self.app, self.address, self.codes = FastAPI(), "", dict[str, dict[str, str]]()
        self.app.get("/.well-known/openid-configuration")(self.about)
        self.app.get("/keys")(self.keys)
        self.app.post("/token")(self.token)

    def about(self) -> dict[str, str]:
        ends = {"authorization_endpoint": f"{self.address}/auth", "token_endpoint": f"{self.address}/token"}
        return {"issuer": self.address, "jwks_uri": f"{self.address}/keys", **ends}

    def keys(self) -> dict[str, Any]:
        return dict(KeySet([KEY]).as_dict(private=False))

    def consent(self, address: str) -> tuple[str, str]:
        """Let a person agree; return the code and the state that the browser brings back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert (asked["response_type"], asked["client_id"], asked["code_challenge_method"]) == ("code", CLIENT, "S256")
        assert "openid" in asked["scope"].split()
        self.codes["the-code"] = asked
        return "the-code", asked["state"]

    def token(
        self, request: Request, code: Annotated[str, Form()], code_verifier: Annotated[str, Form()], redirect_uri: Annotated[str, Form()]
    ) -> dict[str, Any]:
        asked = self.codes.pop(code)
        assert redirect_uri == asked["redirect_uri"]
        digest = base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).rstrip(b"=").decode()
        assert digest == asked["code_challenge"]
        shown = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        assert shown == f"{CLIENT}:{SECRET}"
        now = int(time.time())
        claims = {"iss": self.address, "aud": CLIENT, "sub": "4711", "nonce": asked["nonce"], "iat": now, "exp": now + 300}
        token = jwt.encode({"alg": "RS256", "kid": "1"}, claims, KEY, algorithms=["RS256"])
        return {"access_token": "x", "token_type": "Bearer", "id_token": token}


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    made = House()
    with served(made.app) as address:
        made.address = address
        yield made


def settings_for(address: str, settings: Settings) -> Settings:
    return settings.model_copy(update={"oidc_issuer": address, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET})


def test_somebody_logs_in_at_a_real_provider_once(
    house: House, app: FastAPI, settings: Settings, database: Database, world: World, guest: Caller
) -> None:
    app.state.service = Service(settings_for(house.address, settings), database)
    with database.write() as session:
        lan = add_user(session, Role.BROKER, world.ours, oidc_subject=f"{house.address}|4711")
    begun = guest.get("/login/oidc", follow_redirects=False)
    assert begun.status_code == 303, begun.text
    code, state = house.consent(begun.headers["location"])
    back: dict[str, Any] = {
        "params": {"code": code, "state": state, "iss": house.address, "session_state": "x", "scope": "openid", "authuser": "0"},
        "headers": {"cookie": f"mca_oidc={begun.cookies['mca_oidc']}"},
    }
    mixed_up = back | {"params": back["params"] | {"iss": "https://evil.example"}}
    assert guest.get("/login/oidc/callback", follow_redirects=False, **mixed_up).status_code == 401
    done = guest.get("/login/oidc/callback", follow_redirects=False, **back)
    assert (done.status_code, done.headers["location"]) == (303, "/"), done.text
    caller = Caller(guest.client, {"cookie": f"mca_session={done.cookies['mca_session']}"})
    assert caller.get("/account").json()["uid"] == lan.uid
    assert guest.get("/login/oidc/callback", follow_redirects=False, **back).status_code == 401


def test_a_provider_that_is_away_or_calls_itself_something_else_is_no_way_in(house: House) -> None:
    for address in (house.address + "/", "http://127.0.0.1:9"):
        named = Settings(oidc_issuer=address, oidc_client_id=CLIENT)
        with pytest.raises(OidcFailed, match=r"can't be reached|calls itself something else"):
            Provider(named).begin("http://mca.test/callback")
