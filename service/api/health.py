"""Whether the service is alive, whether it can serve, and the description of its API."""

from __future__ import annotations

from typing import Literal

import orjson
from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from service import logs
from service.db import SchemaMismatch
from service.http.admission import Service
from service.http.problems import Refused
from service.http.routing import PREFIX, Api

api = Api("service", "Whether the service is alive and ready, and this description.")
log = logs.get(__name__)


class Health(BaseModel):
    """How the service is."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["ok"] = Field(description="Always ok; an answer with another status says otherwise.", examples=["ok"])


@api.get("/healthz", public=True)
async def healthz() -> Health:
    """Tell whether the process is alive.

    It asks nothing else, so that a database that is away doesn't get the process killed.
    """
    return Health(status="ok")


@api.get("/readyz", public=True)
async def readyz(request: Request) -> Health:
    """Tell whether requests can be served: the database answers and has the schema of this code."""
    await run_in_threadpool(_check, request.app.state.service)
    return Health(status="ok")


def _check(service: Service) -> None:
    try:
        with service.database.read() as session:
            session.execute(text("SELECT 1"))
        service.database.require_schema()
    except SchemaMismatch as error:
        raise Refused(503, "schema_mismatch", str(error)) from None
    except (SQLAlchemyError, OSError) as error:
        log.warning("not ready", exc_info=error)
        raise Refused(503, "database_away", "the database can't be reached", headers={"Retry-After": "2"}) from None


@api.get(f"{PREFIX}/openapi.json", public=True, response_class=Response)
async def openapi_document(request: Request) -> dict[str, object]:
    """Return this description, as OpenAPI 3.1."""
    return Response(orjson.dumps(request.app.openapi()), media_type="application/json")  # type: ignore[return-value]
