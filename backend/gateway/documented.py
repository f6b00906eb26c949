"""What the OpenAPI document says of every route: schemas of our structs, refusals of the guard, the token."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

TEXT: Final[dict[str, Any]] = {"text/plain": {"schema": {"type": "string"}}}

REFUSED: Final[dict[int | str, dict[str, Any]]] = {
    401: {"description": "A token is needed, or is not this one.", "content": TEXT},
    403: {"description": "This Host or Origin is not served.", "content": TEXT},
    429: {"description": "Too many requests of this address.", "content": TEXT},
}
"""What may come of any request, whatever it asks for."""


def of_struct(kind: type[msgspec.Struct], description: str) -> dict[str, Any]:
    """A response that is a struct of ours in JSON."""
    (schema,), parts = msgspec.json.schema_components([kind])
    return {"description": description, "content": {"application/json": {"schema": _whole(schema, parts)}}}


def an_object(description: str, *required: str) -> dict[str, Any]:
    """A response that is some object in JSON."""
    schema = {"type": "object", "required": list(required)} if required else {"type": "object"}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def document(app: FastAPI) -> None:
    """Have the app's document name the token, too. Made once, when it is asked for."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            told = get_openapi(
                title=app.title, version=app.version, openapi_version=app.openapi_version, routes=app.routes
            )
            schemes = told.setdefault("components", {}).setdefault("securitySchemes", {})
            schemes["bearer"] = {"type": "http", "scheme": "bearer"}
            told["security"] = [{}, {"bearer": []}]  # on loopback it is needed only where one is set
            app.openapi_schema = told
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign] # as FastAPI's own documentation has it


def _whole(schema: Any, parts: dict[str, Any]) -> Any:
    """A schema with what it refers to in its place."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _whole(parts[schema["$ref"].rpartition("/")[2]], parts)
        return {key: _whole(value, parts) for key, value in schema.items()}
    return [_whole(one, parts) for one in schema] if isinstance(schema, list) else schema
