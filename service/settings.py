"""The settings: read from the environment and a file, documented here, checked at start, and never changed afterwards.

Each is an environment variable with the prefix ``MCA_``, such as ``MCA_DATABASE_URL``, or a key of the TOML file that ``MCA_SETTINGS``
names (``mca.toml`` in the working folder, if it is there). The environment wins. A name that isn't known is refused, in both
places, because a misspelt setting that is silently ignored is found out in production.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from service.db import database_url

PREFIX = "MCA_"
FILE_VARIABLE = "MCA_SETTINGS"
DEFAULT_FILE = "mca.toml"
OF_TESTS = "MCA_TEST_"
"""Variables that begin so tell the tests something, and the service nothing."""


class BadSettings(ValueError):
    """The settings can't be used; the message names each wrong one and what was expected, and never shows a secret."""


class Settings(BaseSettings):
    """Everything that can be set; each field's description is its documentation."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, env_ignore_empty=True)

    database_url: str = Field(
        default="sqlite:///mca.db",
        description="Where the data live: sqlite:///file, or postgresql://user:password@host/name for PostgreSQL 15 or newer.",
        repr=False,
    )
    database_pool: int = Field(default=10, ge=1, le=200, description="Connections to the database that each process keeps open.")
    hold_minutes: int = Field(
        default=120, ge=1, le=10_080, description="How long an approved proposal keeps its kilograms until both sides confirm."
    )
    run_seconds: float = Field(default=60.0, ge=1, le=86_400, description="Time limit of a planning run that names none.")
    public_url: str = Field(
        default="",
        max_length=500,
        pattern=r"^(https?://[^/?#\s]+)?$",
        description="Where people reach the service, such as https://mca.example.vn; with https, cookies are sent over https alone.",
    )
    body_limit_kib: int = Field(default=1024, ge=16, le=65_536, description="Largest body of a request that isn't an upload, KiB.")
    rate_per_minute: int = Field(default=1200, ge=10, le=10_000_000, description="Requests a minute that each key or account may make.")
    guest_rate_per_minute: int = Field(
        default=240, ge=10, le=10_000_000, description="Requests a minute from one address without a valid key or login."
    )
    login_rate_per_minute: int = Field(default=5, ge=1, le=10_000_000, description="Logins a minute for one account from one address.")
    remember_seconds: float = Field(
        default=1.0,
        ge=0,
        le=4,
        description="How long each process remembers whose a key or cookie is; an end that another process makes takes hold after that.",
    )
    session_hours: float = Field(default=12.0, gt=0, le=720, description="How long a login lasts, however much it is used.")
    session_idle_minutes: float = Field(default=120.0, ge=2, le=43_200, description="How long a login lasts without a request.")
    second_factor_for_staff: bool = Field(
        default=False,
        description="Whether people of the association need a second factor or a passkey; who has none sets one up at the next login.",
    )
    link_hours: float = Field(default=72.0, gt=0, le=720, description="How long an invitation, or a link to a new password, may be used.")
    key_file: str = Field(
        default="",
        max_length=500,
        description="File of the service's own key, which seals the audit trail and enciphers second factors; made at the first start. "
        "By default it lies beside a SQLite database, for PostgreSQL in the working folder. Keep a copy of it apart from the backups.",
    )
    trusted_proxies: str = Field(
        default="",
        max_length=2000,
        description="Addresses or networks of the proxies in front, as 10.0.0.0/8,::1; their X-Forwarded-For is believed.",
    )
    anchor_file: str = Field(
        default="", max_length=500, description="File, best on another machine, to which the trail's sealed heads are added once a day."
    )
    anchor_url: str = Field(
        default="",
        max_length=500,
        pattern=r"^(https?://\S+)?$",
        description="Where the trail's sealed heads are posted once a day.",
    )
    reply_hours: float = Field(
        default=48.0, ge=24, le=720, description="How long the answer to a write is kept for the same Idempotency-Key."
    )
    most_requests: int = Field(
        default=500, ge=1, le=100_000, description="Requests that one process takes on at a time; more are answered with 503."
    )
    most_connections: int = Field(
        default=4096,
        ge=16,
        le=1_000_000,
        description="Connections that one process keeps open.",
    )
    address_requests: int = Field(
        default=64,
        ge=1,
        le=100_000,
        description="Requests from one address that one process takes on at a time.",
    )
    address_connections: int = Field(
        default=100,
        ge=1,
        le=1_000_000,
        description="Connections from one address that one process keeps open; beyond that the longest idle are closed, but for proxies.",
    )
    idle_connection_seconds: float = Field(
        default=75.0, ge=1, le=3600, description="How long a connection without a request stays open. Proxies are exempt."
    )
    search_processes: int = Field(
        default=1,
        ge=0,
        le=64,
        description="Processes beside this one in which questions about plans are searched for; 0 for the thread that asks.",
    )
    event_streams: int = Field(default=200, ge=1, le=100_000, description="Event streams of one process; each account has four at most.")
    request_threads: int = Field(default=8, ge=1, le=200, description="Requests that one process works on at a time.")
    log_level: str = Field(
        default="info", pattern="^(debug|info|warning|error)$", description="What is logged: debug, info, warning or error."
    )
    oidc_issuer: str = Field(
        default="", max_length=500, description="Address of an OpenID Connect provider for logins by another organisation's accounts."
    )
    oidc_client_id: str = Field(default="", max_length=500, description="What that provider calls this service.")
    oidc_client_secret: str = Field(
        default="", max_length=500, repr=False, description="The secret that this service proves itself to that provider with."
    )
    run_seconds_most: float = Field(default=3600.0, ge=1, le=86_400, description="Longest time limit that a planning run may ask for.")
    run_memory_mb: int = Field(default=6144, ge=512, le=4_194_304, description="Address space that a planning run's process may use, MiB.")
    run_cores: int = Field(default=2, ge=1, le=256, description="Processor cores that a planning run uses.")
    run_niceness: int = Field(
        default=10, ge=0, le=19, description="How far a planning run stands back behind everything else on its machine."
    )
    run_grace_seconds: float = Field(
        default=15.0, ge=0.1, le=3600, description="How long a planning run may overrun its time limit before it is ended."
    )
    run_stop_seconds: float = Field(
        default=5.0, ge=0.1, le=600, description="How long a stopped planning run has to hand over its best plan."
    )
    run_finish_seconds: float = Field(
        default=30.0,
        ge=0.1,
        le=3600,
        description="How long the last plan of a planner that was ended by force may be checked, or one by simple rules may take.",
    )
    runs_waiting: int = Field(default=20, ge=1, le=10_000, description="Planning runs of one association that may wait or work at a time.")
    run_deaths: int = Field(default=3, ge=1, le=100, description="Workers that may die of a planning run before it is given up.")
    worker_lease_seconds: float = Field(
        default=30.0, ge=0.5, le=3600, description="How long a worker owns a run without renewing its lease."
    )
    worker_poll_seconds: float = Field(default=0.5, ge=0.01, le=60, description="How often an idle worker looks for a run.")
    host: str = Field(default="127.0.0.1", max_length=253, description="Address that `mca serve` listens on; 0.0.0.0 for every one.")
    port: int = Field(default=8000, ge=1, le=65_535, description="Port that `mca serve` listens on.")
    webhook_local: bool = Field(
        default=False, description="Let webhooks go to this machine itself, and by plain http: for development, never in production."
    )
    webhook_seconds: float = Field(default=15.0, ge=0.1, le=60, description="Longest time for one attempt to deliver a webhook.")
    webhook_keep_days: int = Field(default=30, ge=1, le=3650, description="How long events and their deliveries are kept.")
    metrics_open: bool = Field(
        default=False, description="Let everybody read /metrics, where only monitoring can reach it; else the permission metrics:read."
    )
    map_tiles: str = Field(
        default="",
        max_length=500,
        pattern=r"^(https?://[^{}\s/]+/\S*)?$",
        description="Address of map tiles, such as https://tiles.example.vn/{z}/{x}/{y}.png; without it maps show our own places alone.",
    )
    map_tiles_by: str = Field(default="", max_length=200, description="Whom the maps thank for their tiles.")
    cluster: str = Field(default="", description="Address of a Dask scheduler on whose workers large plans are made; none by default.")

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, given: str) -> str:
        database_url(given)
        return given

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, given: str) -> str:
        networks(given)
        return given

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over what `read_settings` found in the file."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings


def networks(given: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """Return the networks of a list that commas separate.

    Raises
    ------
    ValueError
        If one of them is none.
    """
    return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in given.split(",") if part.strip())


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings, checked.

    Parameters
    ----------
    environment : only looked at for names that aren't known; the process's own where absent.

    Raises
    ------
    BadSettings
        Naming every wrong setting at once.
    """
    faults = _unknown(os.environ if environment is None else environment)
    given = _file()
    try:
        found = Settings(**given)
    except ValidationError as error:
        faults += [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors(include_input=False, include_url=False)]
    if faults:
        raise BadSettings("; ".join(faults))
    return found


def describe() -> list[tuple[str, str, str]]:
    """Return every setting as its variable, its default and what it means."""
    return [(f"{PREFIX}{name.upper()}", str(field.default), field.description or "") for name, field in Settings.model_fields.items()]


def _unknown(environment: Mapping[str, str]) -> list[str]:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {FILE_VARIABLE}
    asked = [name for name in environment if name.startswith(PREFIX) and not name.startswith(OF_TESTS)]
    return [f"{name}: no such setting{_like(name, known)}" for name in asked if name not in known]


def _like(name: str, known: frozenset[str] | set[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f", did you mean {close[0]}?" if close else ""


def _file() -> dict[str, Any]:
    named = os.environ.get(FILE_VARIABLE)
    path = Path(named or DEFAULT_FILE)
    if not named and not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"{path}: {error}") from error
