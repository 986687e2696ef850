"""What senders attach to a job for themselves: a reference and metadata. Claude never sees them."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson

from aijobs.jobtypes import InvalidInput
from aijobs.jobtypes.text import utf8

MAX_REFERENCE_CHARS = 200
MAX_METADATA_KEYS = 50
MAX_METADATA_BYTES = 16_384
MAX_KEY_CHARS = 200

FIELDS = frozenset({"reference", "metadata"})
SCHEMAS: dict[str, dict[str, Any]] = {
    "reference": {
        "anyOf": [
            {
                "type": "string",
                "maxLength": MAX_REFERENCE_CHARS,
                "not": {"pattern": r"\u0000"},
            },
            {"type": "null"},
        ],
        "default": "",
        "description": "What you call it: a policy number, a claim. Comes back wherever it does.",
    },
    "metadata": {
        "type": ["object", "null"],
        "maxProperties": MAX_METADATA_KEYS,
        "propertyNames": {
            "minLength": 1,
            "maxLength": MAX_KEY_CHARS,
            "not": {"pattern": r"\u0000"},
        },
        "additionalProperties": {"type": "string", "not": {"pattern": r"\u0000"}},
        "default": {},
        "description": f"Texts of your own by name, {MAX_METADATA_BYTES:,} bytes of JSON at most."
        " Comes back wherever the job does.",
    },
}


class OwnData(NamedTuple):
    """`metadata` keeps the order in which its keys were sent."""

    reference: str = ""
    metadata: Mapping[str, str] = {}


def own_data(raw: Mapping[str, object], *, lenient: bool = False) -> OwnData:
    """The reference and the metadata in `raw`, whatever else is in it.

    `lenient` takes off spaces around a reference, as a cell or a form may have. Raises InvalidInput
    with messages by field; a wrong entry of the metadata is named "metadata.<key>".
    """
    reference, metadata = raw.get("reference"), raw.get("metadata")
    if lenient and isinstance(reference, str):
        reference = reference.strip()
    errors = _errors_of_reference(reference) | _errors_of_metadata(metadata)
    if errors:
        raise InvalidInput(errors)
    return OwnData(str(reference or ""), metadata if isinstance(metadata, Mapping) else {})


def problem_of_reference(value: object) -> str:
    """Why this can be no reference, or an empty string."""
    problem = _problem(value)
    if not problem and len(str(value)) > MAX_REFERENCE_CHARS:
        problem = f"Must be at most {MAX_REFERENCE_CHARS} characters long."
    return problem


def _errors_of_reference(value: object) -> dict[str, Iterable[str]]:
    problem = "" if value is None else problem_of_reference(value)
    return {"reference": [problem]} if problem else {}


def _errors_of_metadata(value: object) -> dict[str, Iterable[str]]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        return {"metadata": ["Must be an object of texts."]}
    if len(value) > MAX_METADATA_KEYS:
        return {
            "metadata": [f"May have at most {MAX_METADATA_KEYS} entries; it has {len(value):,}."]
        }
    errors: dict[str, Iterable[str]] = {}
    for key, text in value.items():
        if not key or len(key) > MAX_KEY_CHARS or _problem(key):
            return {"metadata": [f"Its names must have from 1 to {MAX_KEY_CHARS} characters."]}
        if problem := _problem(text):
            errors[f"metadata.{key}"[:100]] = [problem]
    if not errors and len(orjson.dumps(value)) > MAX_METADATA_BYTES:
        return {"metadata": [f"Must be at most {MAX_METADATA_BYTES:,} bytes of JSON."]}
    return errors


def _problem(value: object) -> str:
    """What is wrong with a text, or an empty string."""
    if not isinstance(value, str):
        return "Must be text."
    if "\0" in value:
        return "Must not contain NUL characters."
    if utf8(value) != value:
        return "Must not contain lone surrogates."
    return ""
