"""What the attacks stand on: the service in process, on both databases, as callers of every role."""

from __future__ import annotations

from tests.service.api.conftest import app, client, client_as, guest, one_app, settings, world

__all__ = ["app", "client", "client_as", "guest", "one_app", "settings", "world"]
