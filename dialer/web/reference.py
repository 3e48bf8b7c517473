"""/api/docs: the reference of the API, rendered here from its OpenAPI document, so that it works offline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dialer.web import pages

router = APIRouter(include_in_schema=False)
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Operation:
    """One verb of one path."""

    verb: str
    path: str
    summary: str
    parameters: tuple[Mapping[str, Any], ...]
    body: tuple[str, str] | None
    """Media type and shape."""
    answers: tuple[tuple[str, str], ...]
    """Status and shape."""


@router.get("/api/docs")
def docs(request: Request) -> Response:
    """The reference."""
    document = request.app.openapi()
    context = {"title": document["info"]["title"], "version": document["info"]["version"], "groups": grouped(document)}
    return pages.templates.TemplateResponse(request, "reference.html", context)


def grouped(document: Mapping[str, Any]) -> dict[str, list[Operation]]:
    """Return the operations of an OpenAPI document by tag, in its own order."""
    groups: dict[str, list[Operation]] = {}
    for path, item in document["paths"].items():
        for verb, operation in item.items():
            groups.setdefault(operation["tags"][0], []).append(_operation(document, verb, path, operation))
    return groups


def _operation(document: Mapping[str, Any], verb: str, path: str, operation: Mapping[str, Any]) -> Operation:
    body = next(_contents(document, operation.get("requestBody", {})), None)
    answers = []
    for status, answer in operation["responses"].items():
        shape = next(_contents(document, answer), None)
        answers.append((f"{status} {answer['description']}", shape[1] if shape else ""))
    parameters = tuple(
        parameter | {"kind": _shape(document, parameter["schema"], _DEEPEST)}
        for parameter in operation.get("parameters", ())
    )
    says = operation.get("description") or operation["summary"]
    return Operation(verb, path, says, parameters, body, tuple(answers))


def _contents(document: Mapping[str, Any], part: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for media_type, content in part.get("content", {}).items():
        yield media_type, _shape(document, content.get("schema", {}), 0)


def _shape(document: Mapping[str, Any], schema: Mapping[str, Any], depth: int) -> str:
    """Write a JSON schema as a person would sketch it."""
    if "$ref" in schema:
        return _shape(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], depth)
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_shape(document, choice, depth) for choice in schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(f'"{value}"' for value in schema["enum"])
    if schema.get("type") == "array":
        return f"[{_shape(document, schema.get('items', {}), depth)}, …]"
    if schema.get("properties") and depth < _DEEPEST:
        indent, required = "  " * (depth + 1), set(schema.get("required", ()))
        lines = [
            f'{indent}"{name}"{"" if name in required else "?"}: {_shape(document, value, depth + 1)}'
            for name, value in schema["properties"].items()
        ]
        return "{\n" + "\n".join(lines) + "\n" + "  " * depth + "}"
    kind = str(schema.get("format") or schema.get("type") or "any")
    return "file" if schema.get("contentMediaType") or kind == "binary" else kind
