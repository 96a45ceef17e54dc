"""The description of the API: what FastAPI finds out by itself, with the words, examples, answers and headers that all routes share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service.http import admission, etags, problems
from service.http.glossary import UID, meaning
from service.http.routing import Api, Route, Rule, rule_of
from service.version import engine_name

TITLE = "MCA"
ABOUT = """Matches farmers' cooperatives' harvest with buyers' demand, trucks included.

Log in by `POST /api/v1/login` (a cookie, with a CSRF token for writes) or send an API key as `Authorization: Bearer mca_…`. Every write
takes an `Idempotency-Key`; what changes a row needs the row's `ETag` as `If-Match`. Lists are read part by part with `cursor`. Failures
are problem details (RFC 9457) whose `code` never changes. Masses are whole kilograms, money is whole đồng, instants carry their offset.
What is sent to the endpoints of partners stands under `webhooks`, one entry for each kind of event.
"""
_ALWAYS = (401, 403, 408, 429, 500, 503)
_SCHEMA = {"$ref": "#/components/schemas/Problem"}
_HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-ID": {"description": "Names this request in our logs.", "schema": {"type": "string"}, "example": UID},
    "RateLimit": {
        "description": "How many requests are left, and in how many seconds there is the next or all are back.",
        "schema": {"type": "string"}, "example": '"default";r=1199;t=1',
    },
    "RateLimit-Policy": {
        "description": "How many requests there are in how many seconds.", "schema": {"type": "string"}, "example": '"default";q=1200;w=60',
    },
}  # fmt: skip


def describe(app: FastAPI, apis: Sequence[Api], complete: Callable[[dict[str, Any], Callable[..., Any]], None]) -> dict[str, Any]:
    """Return the OpenAPI document of an application.

    Parameters
    ----------
    complete : adds to the document what isn't a route of the application, given how an example of a schema is made.
    """
    made = get_openapi(
        title=TITLE,
        version=engine_name().removeprefix("mca "),
        description=ABOUT,
        routes=app.routes,
        webhooks=app.webhooks.routes,
        tags=[{"name": api.tag, "description": api.description} for api in apis],
        license_info={"name": "MIT", "identifier": "MIT"},
        servers=[{"url": "/", "description": "This service."}],
    )
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(_problem_schemas())
    made["components"]["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "An API key."},
        "login": {"type": "apiKey", "in": "cookie", "name": admission.COOKIE, "description": "A login; writes also need X-CSRF-Token."},
    }
    rules = {(route.path, method): rule_of(route) for route in app.routes if isinstance(route, Route) for method in route.methods or ()}
    for path, method, operation in operations(made):
        _complete(operation, rules[path, method.upper()], path)
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for name, schema in schemas.items():
        _put_words(name, schema)
    for name in _taken_in(made, schemas):
        _bound_texts(schemas[name])
    for _, _, operation in operations(made):
        _put_examples(operation, schemas)
    complete(made, example_of)
    return made


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield every operation with its path and method."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def _problem_schemas() -> dict[str, Any]:
    schema = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    nested = schema.pop("$defs", {})
    return {**nested, "Problem": schema}


def _complete(operation: dict[str, Any], rule: Rule, path: str) -> None:
    """Add what all routes of a kind share: who may call it, its headers, its failures."""
    may = rule.may.value if rule.may else None
    operation["security"] = [{"key": []}, {"login": []}] if may else []
    needs = f"\n\nNeeds the permission `{may}`." if may else "\n\nOpen to everybody."
    operation["description"] = operation.get("description", operation.get("summary", "")).strip() + needs
    operation["parameters"] = [*operation.get("parameters", []), *_header_parameters(rule)]
    answers = operation["responses"]
    answers.pop("422", None)
    for code, answer in answers.items():
        if code.startswith("2"):
            answer["description"] = (
                _GOOD.get(int(code), "Done.") if answer["description"] == "Successful Response" else answer["description"]
            )
            answer.setdefault("headers", {}).update(_good_headers(rule))
            # An answer that isn't JSON is described by the route itself.
            if answer.get("content", {}).get("application/json") == {"schema": {}}:
                del answer["content"]["application/json"]
    stated = {int(code) for code, answer in answers.items() if code.isdecimal() and int(code) >= 400 and "content" not in answer}
    for status in sorted(_failures(rule, operation, path) | stated):
        if status in stated:
            answers.pop(str(status))
        answers.setdefault(
            str(status),
            {"description": problems.TITLES[status] + ".", "headers": {"X-Request-ID": _HEADERS["X-Request-ID"]},
             "content": {problems.MEDIA_TYPE: {"schema": _SCHEMA, "example": _problem_example(status)}}},
        )  # fmt: skip
    if not rule.writes and rule.may:
        answers.setdefault("304", {"description": "Unchanged since the version that If-None-Match names."})


_GOOD = {200: "Done.", 201: "Made.", 202: "Taken on.", 204: "Done; there is nothing to say."}


def _good_headers(rule: Rule) -> dict[str, Any]:
    return dict(_HEADERS) if rule.may else {"X-Request-ID": _HEADERS["X-Request-ID"]}


def _header_parameters(rule: Rule) -> list[dict[str, Any]]:
    found = []
    if rule.may:
        found.append(_parameter(
            "MCA-Association", "Uid of the association to look at; only an administrator of all associations needs it.",
            {"type": "string", "pattern": "^[0-9a-hjkmnp-tv-z]{26}$"}, UID,
        ))  # fmt: skip
    if rule.writes and rule.may:
        words = "Names this write: the same again gets the same answer and has no second effect."
        key = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
        found.append(_parameter("Idempotency-Key", words, key, "6f0e6b1c-8a52-4f0b-9a2e-2b6f6f2c9d11"))
    if rule.if_match:
        words = "The ETag of the version that the change was made on, or * for whatever it is now."
        found.append({**_parameter("If-Match", words, {"type": "string", "pattern": etags.PATTERN}, 'W/"1"'), "required": True})
    return found


def _parameter(name: str, description: str, schema: dict[str, Any], example: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema, "example": example}


def _failures(rule: Rule, operation: dict[str, Any], path: str) -> set[int]:
    found = set(_ALWAYS) | {400, 404, 422} if rule.may else {408, 422, 429, 500, 503}
    if any(parameter["name"] == "cursor" for parameter in operation["parameters"]):
        found |= {410}
    if rule.writes:
        found |= {409, 507}
    if "/plans/{uid}/" in path:
        # Whatever is read of a plan beside what it is made from can fail for want of that.
        found |= {409}
    if rule.if_match:
        found |= {412, 428}
    if "requestBody" in operation:
        found |= {400, 413, 415}
    return found | ({404} if "{" in path else set())


def _problem_example(status: int) -> dict[str, Any]:
    codes = {401: "not_authenticated", 403: "forbidden", 404: "not_found", 409: "conflict", 412: "stale", 422: "invalid",
             428: "if_match_required", 429: "rate_limited", 503: "busy"}  # fmt: skip
    code = codes.get(status, "refused")
    return {"type": f"urn:mca:problem:{code}", "title": problems.TITLES[status], "status": status, "code": code,
            "detail": problems.TITLES[status].lower(), "request_id": UID}  # fmt: skip


def _put_words(model: str, schema: dict[str, Any]) -> None:
    """Give each property its description and example."""
    base = model.split("[")[0].removesuffix("-Input").removesuffix("-Output")
    schema.setdefault("description", base)
    for name, field in schema.get("properties", {}).items():
        known = meaning(base, name)
        if known is not None:
            field.setdefault("description", known[0])
            if known[1] is not None and "examples" not in field and "example" not in field:
                field["examples"] = [known[1]]


_CONTROL = "\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f"
_TEXT = f"^[^{_CONTROL}]*$"
_SOME_TEXT = f"^[^\\S{_CONTROL}]*[^\\s{_CONTROL}][^{_CONTROL}]*$"


def _taken_in(document: dict[str, Any], schemas: dict[str, Any]) -> set[str]:
    """Return the names of the models that requests are made of."""
    found: set[str] = set()

    def walk(part: Any) -> None:
        for value in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
            if isinstance(value, str) and value.startswith("#/components/schemas/"):
                name = value.rpartition("/")[2]
                if name not in found:
                    found.add(name)
                    walk(schemas[name])
            else:
                walk(value)

    for _, _, operation in operations(document):
        walk(operation.get("requestBody", {}))
    return found


def _bound_texts(part: Any) -> None:
    """Say of each text that is taken in that it holds no control characters, and more than blanks if it must hold something."""
    if isinstance(part, dict):
        free = part.get("type") == "string" and not {"pattern", "format", "enum", "const", "contentMediaType"} & part.keys()
        if free:
            part["pattern"] = _SOME_TEXT if part.get("minLength", 0) >= 1 else _TEXT
        for value in part.values():
            _bound_texts(value)
    elif isinstance(part, list):
        for value in part:
            _bound_texts(value)


def _put_examples(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Give each body an example, put together from those of its fields, and each parameter its words."""
    bodies = [operation.get("requestBody", {}), *(answer for code, answer in operation["responses"].items() if code.startswith("2"))]
    for body in bodies:
        for kind, content in body.get("content", {}).items():
            if "json" in kind and "example" not in content and "examples" not in content:
                content["example"] = example_of(content.get("schema", {}), schemas)
    for parameter in operation["parameters"]:
        # Outside of a body there is no null: what isn't there is left out.
        some = [part for part in parameter["schema"].get("anyOf", []) if part.get("type") != "null"]
        if len(some) == 1 and len(parameter["schema"]["anyOf"]) == 2:
            del parameter["schema"]["anyOf"]
            parameter["schema"] = {**some[0], **parameter["schema"]}
        known = meaning("", parameter["name"])
        shown = parameter["schema"].pop("examples", None)
        if known is not None:
            parameter.setdefault("description", known[0])
        if "example" not in parameter and (shown or known):
            parameter["example"] = shown[0] if shown else known[1]  # type: ignore[index]


_DEEPEST = 24
"""Far beyond any shape of ours: it only ends one that holds itself."""


def example_of(schema: dict[str, Any], schemas: dict[str, Any], depth: int = 0) -> Any:
    """Return an example of a schema, put together from those of its parts."""
    if depth > _DEEPEST:
        return None
    if schema.get("examples"):
        return schema["examples"][0]
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas, depth + 1)
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            return example_of(schema[word][0], schemas, depth + 1)
    if "properties" in schema:
        return {name: example_of(field, schemas, depth + 1) for name, field in schema["properties"].items() if _shown(name, field, schema)}
    if schema.get("type") == "array":
        return [example_of(schema.get("items", {}), schemas, depth + 1)]
    return schema.get("const", schema.get("default", next(iter(schema.get("enum", [None])))))


def _shown(name: str, field: dict[str, Any], schema: dict[str, Any]) -> bool:
    """Tell whether a field belongs in an example: what is required, and what has an example of its own and no default."""
    return name in schema.get("required", []) or "default" not in field
