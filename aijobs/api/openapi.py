"""What drf-spectacular cannot see for itself: pydantic models, keys, problems, uploads."""

from collections.abc import Collection, Iterator, Mapping
from http import HTTPStatus
from itertools import combinations
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter, OpenApiRequest, OpenApiResponse
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import WithDefaultSchema

from aijobs import jobtypes, own_data
from aijobs.api import idempotency, problems, shapes, versions
from aijobs.api.bodies import FORM, JSON
from aijobs.documents import READ_AS
from aijobs.jobtypes import TEXT_ALIASES, TEXT_FIELD, TEXT_NAMES, JobType
from aijobs.models import Trial
from aijobs.pipeline.accept import LONGEST_DEADLINE

DOCUMENT_TYPES = (
    "text/plain, text/markdown, text/html, application/pdf, "
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
)
TABLE_TYPES = (
    "text/csv, application/x-ndjson, "
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)
NEEDED_WITHIN: dict[str, Any] = {
    "type": ["number", "null"],
    "minimum": 0,
    "maximum": LONGEST_DEADLINE,
    "description": "Seconds: 0 runs it at once at full price; without it, up to 24 hours "
    "at half the price.",
}
FRESH: dict[str, Any] = {
    "type": "boolean",
    "default": False,
    "description": "Ask anew what was asked before, at its price. Otherwise the same question"
    " within the days that the workspace has set gets the earlier result, free of charge.",
}
COLLECTION_FIELDS: dict[str, Any] = {
    # Something that is no white space, and no NUL.
    "name": {"type": "string", "maxLength": 200, "pattern": r"^[^\u0000]*[^\s\u0000][^\u0000]*$"},
    "job_type": {"type": "string", "enum": [kind.name for kind in jobtypes.offered()]},
    "on_error": {"type": "string", "enum": ["reject", "skip"], "default": "reject"},
    "needed_within": NEEDED_WITHIN,
    "trial": {
        "type": "integer",
        "minimum": 0,
        "maximum": Trial.MOST,
        "default": 0,
        "description": "So many rows, spread over all, run at once at the full price. The others"
        " wait until they are let continue, or are canceled.",
    },
    "fresh": FRESH,
}
IDEMPOTENCY_KEY = OpenApiParameter(
    idempotency.HEADER,
    {
        "type": "string",
        "minLength": 1,
        "maxLength": idempotency.MAX_LENGTH,
        "pattern": "^[ -~]+$",
    },
    OpenApiParameter.HEADER,
    description="Any unique text, kept for a day or more. The same request with the same key "
    "is answered as the first time, and queues nothing.",
)


IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    {"type": "string"},
    OpenApiParameter.HEADER,
    description="The ETag of the state that is known: where it is still that, the answer is 304.",
)


def nothing(why: str) -> OpenApiResponse:
    """An answer without a body."""
    return OpenApiResponse(description=why)


DONE = nothing("It is done; so answered to `Prefer: return=minimal`.")
NOT_MODIFIED = nothing("It is as the client knows it.")


class PlainJsonSchema(GenerateJsonSchema):
    """Without titles, which repeat the name, and null as a default, which says nothing."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False

    def default_schema(self, schema: WithDefaultSchema) -> JsonSchemaValue:
        described = super().default_schema(schema)
        return {key: value for key, value in described.items() if (key, value) != ("default", None)}


class PydanticModels(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Requests as pydantic reads them, responses as it writes them."""

    target_class = "pydantic.BaseModel"
    match_subclasses = True
    priority = 1

    def get_name(self, auto_schema: AutoSchema, direction: str) -> str:  # noqa: ARG002
        name: str = self.target.__name__
        return name

    def map_serializer(self, auto_schema: AutoSchema, direction: str) -> JsonSchemaValue:
        schema: JsonSchemaValue = self.target.model_json_schema(
            ref_template="#/components/schemas/{model}",
            mode="validation" if direction == "request" else "serialization",
            schema_generator=PlainJsonSchema,
        )
        for name, part in schema.pop("$defs", {}).items():
            auto_schema.registry.register_on_missing(
                ResolvedComponent(  # type: ignore[no-untyped-call]
                    name=name, type=ResolvedComponent.SCHEMA, object=name, schema=part
                )
            )
        return schema


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "citizenapp.tenants.authentication.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:  # noqa: ARG002
        return {"type": "http", "scheme": "bearer", "description": "An API key of a tenant."}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "citizenapp.tenants.authentication.MemberAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:  # noqa: ARG002
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


def responses(
    success: Mapping[int | tuple[int, str], Any], *failures: int
) -> dict[int | tuple[int, str], Any]:
    """The documented responses: `success`, and a problem for each status that can occur."""
    return {**success} | {
        (status, problems.MEDIA_TYPE): OpenApiResponse(
            shapes.Problem, description=HTTPStatus(status).phrase
        )
        for status in sorted({400, 401, 403, 429, *failures})
    }


# Of files: in a form, and in a ZIP.
_HOW_TO_READ: dict[str, Any] = {
    "read_as": {
        "type": "string",
        "enum": list(READ_AS),
        "default": "auto",
        "description": "What of a file Claude gets: its text, the PDF or image as it is, or by"
        " itself the text where all of it can be read.",
    },
    "accept_partial": {
        "type": "boolean",
        "default": False,
        "description": "Queue what can be read, where it is not all of a document.",
    },
}


def job_request(kind: JobType) -> dict[str, Any]:
    """What may be posted to queue one job: JSON, or a form with the document as a file."""
    common = {
        "type": "object",
        "required": _required(kind),
        "additionalProperties": False,
    }
    as_json = common | {
        "properties": _fields(kind)
        | own_data.SCHEMAS
        | {"needed_within": NEEDED_WITHIN, "fresh": FRESH},
        "oneOf": [{"required": [name]} for name in TEXT_NAMES],
    }
    as_form = common | {
        "properties": {
            "document": {
                "type": "string",
                "format": "binary",
                "description": "Text, md, html, pdf, docx, odt, rtf, pptx, eml, msg or an image,"
                f" instead of `{TEXT_FIELD}`. What is attached to a mail becomes further documents"
                " of the job; so does each further file where the field is repeated.",
            },
            **_HOW_TO_READ,
            **_fields(kind),
            **_OWN_DATA_IN_FORMS,
            "needed_within": _NEEDED_WITHIN_IN_FORMS,
            "fresh": FRESH,
        },
        "oneOf": [{"required": [name]} for name in ("document", *TEXT_NAMES)],
        "dependentRequired": {"read_as": ["document"], "accept_partial": ["document"]},
    }
    return {JSON: as_json, FORM: _form(as_form, document=("policy.txt", DOCUMENT_TYPES))}


def _form(schema: dict[str, Any], **files: tuple[str, str]) -> OpenApiRequest:
    """A form; `files` has, by field, the name of an example and the media types that are read."""
    return OpenApiRequest(
        schema,
        encoding={
            field: {
                "contentType": media_types,
                "headers": {
                    "Content-Disposition": {
                        "description": "The name of the file says what it is.",
                        "schema": {
                            "type": "string",
                            "example": f'form-data; name="{field}"; filename="{name}"',
                        },
                    }
                },
            }
            for field, (name, media_types) in files.items()
        },
    )


def _fields(kind: JobType) -> dict[str, Any]:
    """The schema of each field of a job type's input; the text's also under its other names."""
    schema: dict[str, Any] = kind.Input.model_json_schema(schema_generator=PlainJsonSchema)
    fields: dict[str, Any] = schema["properties"]
    text = fields.pop(TEXT_FIELD)
    other = text | {"deprecated": True, "description": f"The same as `{TEXT_FIELD}`."}
    return {TEXT_FIELD: text} | dict.fromkeys(TEXT_ALIASES, other) | fields


def _required(kind: JobType) -> list[str]:
    """The fields that are required beside the text."""
    fields = kind.Input.model_fields.items()
    return [name for name, field in fields if field.is_required() and name != TEXT_FIELD]


def _valid_collections(kind: JobType) -> Iterator[dict[str, Any]]:
    """What makes a collection valid: what a job requires is in each item or in the defaults.

    With `on_error: skip` one item like that is enough.
    """
    fields = _fields(kind) | own_data.SCHEMAS | {"needed_within": NEEDED_WITHIN}
    required = [TEXT_FIELD, *_required(kind)]
    for in_items in range(len(required) + 1):
        for said in combinations(required, in_items):
            default = [name for name in required if name not in said]
            item = _with_fields(fields, said)
            defaults = _with_fields(fields, default)
            for on_error, items in (("reject", {"items": item}), ("skip", {"contains": item})):
                yield {
                    "properties": {
                        "job_type": {"const": kind.name},
                        "on_error": {"const": on_error},
                        "items": items,
                        "defaults": defaults,
                    },
                    "required": [
                        *(["defaults"] if default else []),
                        *(["on_error"] if on_error == "skip" else []),
                    ],
                }


def _with_fields(fields: dict[str, Any], required: Collection[str]) -> dict[str, Any]:
    """An object of these fields, with those that are required, and one text at most."""
    texts: list[dict[str, Any]] = [{"required": [name]} for name in TEXT_NAMES]
    if TEXT_FIELD not in required:
        texts.append({"not": {"anyOf": list(texts)}})
    return {
        "type": "object",
        "properties": fields,
        "required": [name for name in required if name != TEXT_FIELD],
        "oneOf": texts,
        "additionalProperties": False,
    }


_OWN_DATA_IN_FORMS: dict[str, Any] = {
    "reference": own_data.SCHEMAS["reference"]["anyOf"][0]
    | {"description": own_data.SCHEMAS["reference"]["description"]},
    "metadata": own_data.SCHEMAS["metadata"]
    | {"type": "object", "description": "Sent as JSON: texts of your own by name."},
}
_NEEDED_WITHIN_IN_FORMS = NEEDED_WITHIN | {"type": "number"}
COLLECTION_REQUEST: dict[str, Any] = {
    JSON: {
        "type": "object",
        "properties": COLLECTION_FIELDS
        | {
            "items": {
                "type": "array",
                "minItems": 1,
                "description": "What the job type's own endpoint takes, `needed_within` included.",
            },
            "defaults": {"type": "object"},
        },
        "required": ["name", "job_type", "items"],
        "additionalProperties": False,
        "anyOf": [one for kind in jobtypes.offered() for one in _valid_collections(kind)],
    },
    FORM: _form(
        {
            "type": "object",
            "properties": COLLECTION_FIELDS
            | {
                "needed_within": _NEEDED_WITHIN_IN_FORMS,
                "file": {
                    "type": "string",
                    "format": "binary",
                    "description": "csv, xlsx, xls, ods or ndjson: a row for each job; or zip: a"
                    " file for each. A column that is called like a field is that field; all others"
                    " become metadata.",
                },
                "sheet": {
                    "type": "string",
                    "description": "The sheet of a workbook; default: the first that is shown and"
                    " has the columns.",
                },
                "columns": {
                    "type": "object",
                    "additionalProperties": {"type": "string"},
                    "description": "Sent as JSON: the header of the column for a field, such as"
                    ' `{"document_text": "Policy text", "reference": "Policy No."}`.',
                },
                "defaults": {"type": "object", "description": "Sent as JSON."},
                **_HOW_TO_READ,
            },
            "required": ["name", "job_type", "file"],
            "additionalProperties": False,
        },
        file=("policies.csv", TABLE_TYPES),
    ),
}


# The versions and the limits of calls are about every operation.
HEADERS: dict[str, Any] = {
    versions.HEADER: {
        "description": "The version that the answer speaks.",
        "schema": {"type": "string", "enum": list(versions.VERSIONS)},
    },
    "RateLimit-Policy": {
        "description": "How many calls (`q`) the key, and its workspace, may make in `w` seconds.",
        "schema": {"type": "string", "examples": ['"tenant";q=2000;w=10, "key";q=1000;w=10']},
    },
    "RateLimit": {
        "description": "How many calls (`r`) are left, at best spread over `t` seconds.",
        "schema": {"type": "string", "examples": ['"tenant";r=1999;t=10, "key";r=999;t=10']},
    },
}
RETRY_AFTER: dict[str, Any] = {
    "description": "Seconds after which it may be sent again.",
    "schema": {"type": "integer", "minimum": 1},
}


def finish(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook of drf-spectacular: what it cannot be told about a single operation.

    An empty parameter of an address is as good as none. A body that is documented must be sent.
    """
    result["components"]["headers"] = HEADERS | {"Retry-After": RETRY_AFTER}
    for operations in result["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                names = [*HEADERS, "Retry-After"] if status == "429" else HEADERS
                response["headers"] = response.get("headers", {}) | {
                    name: {"$ref": f"#/components/headers/{name}"} for name in names
                }
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "query":
                    parameter["allowEmptyValue"] = True
            if "requestBody" in operation:
                operation["requestBody"]["required"] = True
    return result
