"""All pages together; `service.app` adds them to the application."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI

from service.web import shell
from service.web.pages import Pages

PARTS: Sequence[Pages] = (shell.pages,)
"""Every part of the workbench."""


def register(app: FastAPI) -> None:
    """Add every page to an application, and let it say problems as pages to those who look at pages."""
    for part in PARTS:
        part.register(app)
    app.state.problem_page = shell.problem_page
