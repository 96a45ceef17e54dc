"""Events of a shipment, for partners' traceability systems."""

from __future__ import annotations

import orjson
from starlette.responses import Response

from service.auth.permissions import Permission
from service.db import now
from service.http.context import Reading, Uid
from service.http.routing import Api
from service.planning.fulfilment import epcis

api = Api("traceability", "What happened to goods on their way, by EPCIS 2.0.")
ANSWER = {
    200: {
        "description": "An EPCIS 2.0 document in JSON-LD.",
        "content": {
            epcis.MEDIA_TYPE: {
                "schema": {"type": "object", "additionalProperties": True},
                "example": {"@context": epcis.CONTEXT, "type": "EPCISDocument", "schemaVersion": "2.0", "epcisBody": {"eventList": []}},
            }
        },
    }
}


@api.get("/shipments/{uid}/epcis", may=Permission.SHIPMENTS_READ, responses=ANSWER, response_class=Response)
def get_shipment_events(asked: Reading, uid: Uid) -> Response:
    """Show a shipment's events by EPCIS 2.0: commissioning, loading, shipping, receiving and inspecting.

    An organisation sees the events of its own goods alone.
    """
    made = epcis.document(asked.session, asked.scope, uid, now(asked.session))
    return Response(orjson.dumps(made), media_type=epcis.MEDIA_TYPE)
