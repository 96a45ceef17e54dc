"""Figures for monitoring."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from service.auth.permissions import Permission
from service.http import admission
from service.http.routing import Api

api = Api("monitoring", "Figures for monitoring.")
EXAMPLE = """# HELP mca_database_up Whether the database answers.
# TYPE mca_database_up gauge
mca_database_up 1.0
"""
ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Figures in Prometheus' text format.",
        "content": {"text/plain": {"schema": {"type": "string"}, "example": EXAMPLE}},
    },
    401: {},
    403: {},
}


@api.get("/metrics", public=True, responses=ANSWER, response_class=Response)
async def metrics(request: Request) -> Response:
    """Show requests by route, what the queues hold, and the process itself, in Prometheus' text format.

    Needs the permission `metrics:read`, unless the setting `metrics_open` says that only monitoring can reach this address.
    """
    service: admission.Service = request.app.state.service
    if not service.settings.metrics_open:
        await run_in_threadpool(admission.admit, service, request, Permission.METRICS_READ)
    text = await run_in_threadpool(request.app.state.metrics.text)
    return Response(text, media_type=CONTENT_TYPE_LATEST)
