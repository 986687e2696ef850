"""What OpenAPI says of answers that may be less than the whole: `fields=`, `Prefer`, ETags."""

from typing import Any

from aijobs.api import preferences
from aijobs.api.bodies import JSON
from aijobs.live.waiting import WAITED

_REF = "#/components/schemas/"
_PREFER = {
    "name": preferences.HEADER,
    "in": "header",
    "schema": {"type": "string"},
    "description": "`return=minimal`: answer with what is needed to go on, and no more.",
}
_APPLIED = {
    "schema": {"type": "string", "const": preferences.MINIMAL},
    "description": "Where less is told, since the client prefers it.",
}
_ETAG = {
    "schema": {"type": "string", "pattern": '^W/"[0-9a-f]{32}"$'},
    "description": "Of the state, for `If-None-Match`. What changes by the clock alone does not"
    " count.",
}
_WAITED = {
    "schema": {"type": "string", "pattern": r"^(\d+\.\d|not-here)$"},
    "description": "For how many seconds the answer was held. `not-here`: this server cannot, ask"
    " again after `Retry-After`.",
}
_PACKED = "It may come with `Content-Encoding: gzip` or `br`; the limits count what it unpacks to."


def tell_parts(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook of drf-spectacular."""
    schemas = result["components"]["schemas"]
    for operations in result["paths"].values():
        for method, operation in operations.items():
            if "requestBody" in operation:
                operation["requestBody"]["description"] = _PACKED
            if method == "get":
                _tell_selection(operation, schemas)
            else:
                _tell_preference(operation, schemas)
    return result


def _tell_selection(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    names = {parameter["name"] for parameter in operation.get("parameters", [])}
    if "fields" not in names:
        return
    whole = operation["responses"]["200"]["content"][JSON]
    whole["schema"] = {"anyOf": [whole["schema"], _part(whole["schema"], schemas)]}
    for status in ("200", "304"):
        headers = operation["responses"][status].setdefault("headers", {})
        headers["ETag"] = _ETAG
        if "wait" in names:
            headers[WAITED] = _WAITED


def _part(whole: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """A reference to the same without what is not asked for: of a page, in each row."""
    name = whole["$ref"].removeprefix(_REF)
    schema = schemas[name]
    if rows := schema["properties"].get("results"):
        items = rows | {"items": _part(rows["items"], schemas)}
        part = schema | {"properties": schema["properties"] | {"results": items}}
    else:
        part = {key: value for key, value in schema.items() if key != "required"}
        part |= {"minProperties": 1, "description": f"{name} with the fields that were asked for."}
    schemas[f"{name}Part"] = part
    return {"$ref": f"{_REF}{name}Part"}


def _tell_preference(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    responses = operation["responses"]
    less = [status for status in ("202", "204") if status in responses]
    if not less:
        return
    operation.setdefault("parameters", []).append(_PREFER)
    for status in less:
        responses[status].setdefault("headers", {})[preferences.APPLIED] = _APPLIED
    if "202" in less:
        queued = responses["202"]["content"][JSON]
        queued["schema"] = {"anyOf": [queued["schema"], _minimal(queued["schema"], schemas)]}


def _minimal(whole: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    name = whole["$ref"].removeprefix(_REF)
    properties = schemas[name]["properties"]
    told = {one: properties[one] for one in preferences.TOLD if one in properties}
    schemas[f"{name}Minimal"] = {
        "type": "object",
        "properties": told,
        "required": [one for one in schemas[name].get("required", []) if one in told],
        "additionalProperties": False,
        "description": f"{name}, for who prefers `{preferences.MINIMAL}`.",
    }
    return {"$ref": f"{_REF}{name}Minimal"}
