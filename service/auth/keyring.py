"""The service's own key: it lies in a file that only its owner reads, never in the database.

It seals the audit trail and enciphers second factors. Whoever holds the database alone, or a backup of it, can do neither.
Losing the key loses the second factors, which are then set up anew, and the proof of earlier seals.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from service.db import database_url

LENGTH = 32


class KeyFileError(RuntimeError):
    """The key file can't be used; the message names it and says why."""


def key_path(given: str, address: str) -> Path:
    """Return where the key lies.

    Parameters
    ----------
    given : as the settings name it; empty for the usual place, beside a SQLite database or in the working folder.
    address : of the database.
    """
    if given:
        return Path(given)
    url = database_url(address)
    return Path(f"{url.database}.key") if url.get_backend_name() == "sqlite" else Path("mca.key")


def load_key(path: Path) -> bytes:
    """Return the key of a file, which is made with a new key where it is missing.

    Raises
    ------
    KeyFileError
        If the file can't be read or made, or holds no key.
    """
    try:
        return _read(path) if path.exists() else _make(path)
    except FileExistsError:
        return _read(path)
    except OSError as error:
        raise KeyFileError(f"the key file {path} can't be used: {error.strerror or error}; MCA_KEY_FILE names another place") from error


def _read(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError as error:
        raise KeyFileError(f"the key file {path} holds no key: {2 * LENGTH} hexadecimal digits are expected") from error
    if len(key) != LENGTH:
        raise KeyFileError(f"the key file {path} holds no key: {2 * LENGTH} hexadecimal digits are expected")
    return key


def _make(path: Path) -> bytes:
    key = secrets.token_bytes(LENGTH)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return key


def derived(key: bytes, purpose: str) -> bytes:
    """Return a key for one purpose; from it nobody finds the key itself or that of another purpose."""
    return hmac.new(key, purpose.encode(), hashlib.sha256).digest()
