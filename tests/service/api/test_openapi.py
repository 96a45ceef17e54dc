"""The description of the API: whole, in words, with examples that hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from fastapi import FastAPI
from fastapi.dependencies.utils import get_flat_params
from pydantic import BaseModel, TypeAdapter, ValidationError

from service.auth.permissions import Permission
from service.http.openapi import operations
from service.http.routing import Api, Route, rule_of
from service.models import Role
from tests.service.api.conftest import Caller, ClientAs

BINARY = {
    "application/pdf",
    "application/zip",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "image/jpeg",
    "image/png",
    "image/webp",
    "multipart/form-data",
}
"""Bodies that no text can show."""


@pytest.fixture
def document(one_app: FastAPI) -> dict[str, Any]:
    return one_app.openapi()


def test_the_description_is_served_to_everybody(guest: Caller, document: dict[str, Any]) -> None:
    answer = guest.get("/openapi.json")
    assert (answer.status_code, answer.json()["openapi"][:3]) == (200, "3.1")
    assert answer.json() == document


def test_every_operation_says_what_it_does_and_who_may(document: dict[str, Any], one_app: FastAPI) -> None:
    silent = [label for label, _, operation in labelled(document) if len(operation["description"]) < 30 or not operation["tags"]]
    assert silent == []
    rules = {route.operation_id: rule_of(route) for route in one_app.routes if isinstance(route, Route)}
    for label, _, operation in labelled(document):
        rule = rules[operation["operationId"]]
        assert rule.may is None or f"`{rule.may}`" in operation["description"], label
        assert bool(operation["security"]) == (rule.may is not None)


def labelled(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(f"{method} {path}", method, operation) for path, method, operation in operations(document)]


def test_every_parameter_has_words_and_an_example(document: dict[str, Any]) -> None:
    bare = [
        (label, parameter["name"])
        for label, _, operation in labelled(document)
        for parameter in operation["parameters"]
        if not parameter.get("description") or parameter.get("example") is None
    ]
    assert bare == []


def test_every_field_has_words(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert [name for name, schema in schemas.items() if schema.get("description") in (None, "", name)] == []
    assert [
        (name, key)
        for name, schema in schemas.items()
        for key, field in schema.get("properties", {}).items()
        if not field.get("description")
    ] == []


def test_every_field_has_an_example_of_its_own_or_of_its_parts(document: dict[str, Any]) -> None:
    bare = [
        (name, key)
        for name, schema in document["components"]["schemas"].items()
        for key, field in schema.get("properties", {}).items()
        if not ({"examples", "example", "const", "enum", "default"} & field.keys() or "$ref" in str(field))
    ]
    assert bare == []


def test_every_body_has_an_example(document: dict[str, Any]) -> None:
    bare = []
    for label, _, operation in labelled(document):
        bodies = [operation.get("requestBody", {}), *(answer for code, answer in operation["responses"].items() if code.startswith("2"))]
        bare += [
            (label, kind)
            for body in bodies
            for kind, content in body.get("content", {}).items()
            if kind not in BINARY and content.get("example", content.get("examples")) is None
        ]
    assert bare == []


def test_what_is_no_json_is_not_described_as_json_too(document: dict[str, Any]) -> None:
    for label, _, operation in labelled(document):
        for code, answer in operation["responses"].items():
            kinds = list(answer.get("content", {}))
            assert code[0] != "2" or kinds in ([], ["application/json"]) or "application/json" not in kinds, label
    assert list(document["paths"]["/api/v1/runs/{uid}/events"]["get"]["responses"]["200"]["content"]) == ["text/event-stream"]


def test_every_failure_is_a_problem(document: dict[str, Any]) -> None:
    for label, _, operation in labelled(document):
        for code, answer in operation["responses"].items():
            assert answer["description"], (label, code)
            if code[0] in "45":
                assert list(answer["content"]) == ["application/problem+json"], (label, code)


def test_examples_of_requests_are_taken(one_app: FastAPI, document: dict[str, Any]) -> None:
    wrong = {}
    for route in one_app.routes:
        assert isinstance(route, Route)
        if route.body_field is not None and "application/json" in rule_of(route).media:
            method = next(iter(route.methods or ()))
            content = document["paths"][route.path][method.lower()]["requestBody"]["content"].get("application/json", {})
            try:
                TypeAdapter(Any if (kind := route.body_field.field_info.annotation) is None else kind).validate_python(
                    content.get("example")
                )
            except ValidationError as error:
                wrong[route.operation_id] = str(error)[:300]
    assert wrong == {}


def test_examples_of_answers_are_what_the_operation_may_answer(one_app: FastAPI, document: dict[str, Any]) -> None:
    wrong: dict[Any, Any] = {}
    for route in routes(one_app):
        answer = described(document, route)["responses"].get(str(route.status_code), {})
        content = answer.get("content", {}).get("application/json")
        if route.response_model is not None and content is not None:
            wrong |= faults_of(route.operation_id, route.response_model, content.get("example"))
    assert wrong == {}


def test_examples_of_parameters_are_taken(one_app: FastAPI, document: dict[str, Any]) -> None:
    wrong: dict[Any, Any] = {}
    for route in routes(one_app):
        known = {field.alias.lower(): field for field in get_flat_params(route.dependant)}
        for parameter in described(document, route)["parameters"]:
            if (field := known.get(parameter["name"].lower())) is not None:
                _, errors = field.validate(parameter["example"], {}, loc=())
                wrong |= {(route.operation_id, parameter["name"]): errors} if errors else {}
            else:
                assert re.search(parameter["schema"]["pattern"], parameter["example"]), parameter
    assert wrong == {}


def test_examples_of_fields_are_what_the_field_may_hold(document: dict[str, Any]) -> None:
    wrong: dict[Any, Any] = {}
    for name, schema in document["components"]["schemas"].items():
        model = MODELS.get(name.removesuffix("-Input").removesuffix("-Output"))
        if model is None:
            continue
        for key, field in schema.get("properties", {}).items():
            about = next(info for known, info in model.model_fields.items() if key in (known, info.alias))
            for shown in field.get("examples", []):
                wrong |= faults_of(f"{name}.{key}", Annotated[about.annotation, None, *about.metadata], shown)
    assert wrong == {}


def routes(app: FastAPI) -> list[Route]:
    return [route for route in app.routes if isinstance(route, Route) and route.include_in_schema]


def described(document: dict[str, Any], route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = document["paths"][route.path][next(iter(route.methods or ())).lower()]
    return operation


def faults_of(name: str | None, kind: Any, shown: Any) -> dict[str, str]:
    """Return what an example breaks of the shape that it is an example of, under its name; nothing if it fits."""
    try:
        TypeAdapter(kind).validate_json(json.dumps(shown))
    except ValidationError as error:
        return {str(name): str(error)[:300]}
    return {}


def models(base: type[BaseModel] = BaseModel) -> Iterator[type[BaseModel]]:
    for model in base.__subclasses__():
        if model.__module__.partition(".")[0] in {"service", "catalog", "buyers"}:
            yield model
        yield from models(model)


MODELS = {model.__name__: model for model in models()}
"""Our shapes by name."""


def test_an_operation_has_one_name(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in labelled(document)]
    assert len(set(names)) == len(names)


def test_a_route_cannot_be_declared_without_saying_who_may_call_it() -> None:
    with pytest.raises(TypeError, match="say who may call it"):
        Api("x", "x").get("/x")
    with pytest.raises(TypeError, match="say who may call it"):
        Api("x", "x").post("/x", may=Permission.LOTS_READ, public=True)


def test_an_address_answers_a_wrong_method_with_all_the_right_ones(client_as: ClientAs) -> None:
    refused = client_as(Role.CLERK).delete("/lots")
    assert (refused.status_code, refused.headers["allow"], refused.json()["code"]) == (
        405,
        "GET, HEAD, OPTIONS, POST",
        "method_not_allowed",
    )
    nowhere = client_as(Role.CLERK).get("/nowhere")
    assert (nowhere.status_code, nowhere.json()["code"], nowhere.headers["content-type"]) == (404, "not_found", "application/problem+json")


def test_every_bound_is_said_in_the_words_of_json_schema(document: dict[str, Any]) -> None:
    text = str(document["components"]["schemas"])
    assert [word for word in ("'ge'", "'gt'", "'le'", "'lt'") if word in text] == []


def test_a_shape_has_one_name(document: dict[str, Any]) -> None:
    """Generators of clients drop shapes whose names clash."""
    assert [name for name in document["components"]["schemas"] if "__" in name] == []
