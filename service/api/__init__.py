"""The HTTP face of the service, `/api/v1`. How to add a route stands in `service.http.routing`."""
