"""Random tokens and their hashes. A token has 256 random bits, so that a plain SHA-256 of it can't be turned back."""

from __future__ import annotations

import hashlib
import hmac
import secrets


def new_token() -> str:
    """Return 43 characters that nobody can guess."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """Return the SHA-256 of a token as 64 hexadecimal digits; the only thing that is stored of it."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def same(one: str, other: str) -> bool:
    """Compare two texts in a time that doesn't depend on where they differ."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))
