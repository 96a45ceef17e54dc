"""Logging in with another organisation's accounts, by OpenID Connect: the code flow with PKCE, a state and a nonce.

The parts that speak the protocol come from authlib and joserfc, which the extra ``oidc`` brings; without them, or without an issuer in
the settings, there is no such login. Nobody gets an account by logging in: an account names its ``oidc_subject`` beforehand.
"""

from __future__ import annotations

import secrets
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from service.settings import Settings

ALGORITHMS = ["RS256", "ES256", "PS256", "EdDSA"]
"""Signatures that are taken; ``none`` and shared secrets are not among them."""
SCOPE = "openid"
GOOD_FOR_S = 600
FRESH_FOR_S = 3600
TIMEOUT_S = 10.0
LEEWAY_S = 60


class OidcFailed(Exception):
    """The provider can't be reached, or what it says doesn't hold."""


@dataclass(frozen=True)
class Begun:
    """A login that has begun: where to send the browser, and what it must bring back."""

    address: str
    state: str
    nonce: str
    verifier: str

    def as_bytes(self) -> bytes:
        """Return what is kept, signed, in the browser until it comes back."""
        return orjson.dumps([self.state, self.nonce, self.verifier, int(time.time())])


class Provider:
    """One OpenID Connect provider.

    Parameters
    ----------
    settings : name the issuer and this service's account there.
    new_client : makes the client that carries the requests; a test hands in one that asks nobody.
    """

    def __init__(self, settings: Settings, new_client: Callable[..., Any] | None = None) -> None:
        self._settings = settings
        self._new_client = new_client or _client
        self._known: tuple[float, dict[str, Any], Any] | None = None
        self._lock = threading.Lock()

    def begin(self, redirect_uri: str) -> Begun:
        """Return a login that begins.

        Raises
        ------
        OidcFailed
            If the provider can't be reached.
        """
        about, _ = self._discovered()
        verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
        with self._client(redirect_uri) as client:
            address, state = client.create_authorization_url(about["authorization_endpoint"], nonce=nonce, code_verifier=verifier)
        return Begun(address, state, nonce, verifier)

    def subject(self, code: str, nonce: str, verifier: str, redirect_uri: str) -> str:
        """Return whom the provider vouches for.

        Raises
        ------
        OidcFailed
            If the code is not taken, or the token isn't signed by the provider, for us, for this login, and fresh.
        """
        about, keys = self._discovered()
        try:
            with self._client(redirect_uri) as client:
                token = client.fetch_token(about["token_endpoint"], code=code, code_verifier=verifier)
        except Exception as error:
            raise OidcFailed("the provider didn't take the code") from error
        return self.verified(str(token.get("id_token", "")), nonce, keys)

    def verified(self, id_token: str, nonce: str, keys: Any) -> str:
        """Return the subject of an ID token that holds; see `subject`."""
        from joserfc import jwt
        from joserfc.errors import JoseError

        must = {
            "iss": {"essential": True, "value": self._settings.oidc_issuer},
            "aud": {"essential": True, "value": self._settings.oidc_client_id},
            "nonce": {"essential": True, "value": nonce},
            "sub": {"essential": True},
            "exp": {"essential": True},
            "iat": {"essential": True},
        }
        try:
            token = jwt.decode(id_token, keys, algorithms=ALGORITHMS)
            jwt.JWTClaimsRegistry(leeway=LEEWAY_S, **must).validate(token.claims)  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise OidcFailed("the provider's token doesn't hold") from error
        return f"{token.claims['iss']}|{token.claims['sub']}"

    def _discovered(self) -> tuple[dict[str, Any], Any]:
        """Return what the provider says of itself, and its keys, asked for once an hour."""
        from joserfc.jwk import KeySet

        with self._lock:
            if self._known is None or time.monotonic() - self._known[0] > FRESH_FOR_S:
                issuer = self._settings.oidc_issuer.rstrip("/")
                try:
                    with self._client("") as client:
                        about = _asked(client, f"{issuer}/.well-known/openid-configuration")
                        keys = KeySet.import_key_set(_asked(client, about["jwks_uri"]))
                except Exception as error:
                    raise OidcFailed("the provider can't be reached") from error
                if about.get("issuer") != self._settings.oidc_issuer:
                    raise OidcFailed("the provider calls itself something else")
                self._known = (time.monotonic(), about, keys)
            return self._known[1], self._known[2]

    def _client(self, redirect_uri: str) -> Any:
        return self._new_client(
            client_id=self._settings.oidc_client_id, client_secret=self._settings.oidc_client_secret, scope=SCOPE,
            redirect_uri=redirect_uri, code_challenge_method="S256", timeout=TIMEOUT_S,
        )  # fmt: skip


def _asked(client: Any, address: str) -> Any:
    """Return what anybody is told at an address; there is no token yet to send along."""
    return client.request("GET", address, withhold_token=True).raise_for_status().json()


def _client(**options: Any) -> Any:
    with warnings.catch_warnings():
        # authlib would rather have httpx's successor, which other packages of ours don't speak yet.
        warnings.simplefilter("ignore")
        from authlib.integrations.httpx_client import OAuth2Client
    return OAuth2Client(**options)
