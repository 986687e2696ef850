"""What a request carries: a JSON object, or a form with files."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any, NoReturn, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType
from rest_framework.request import Request

from aijobs.api import problem_types, unpacking
from aijobs.api.problems import TooLarge
from aijobs.documents import READ_AS, HowToRead
from aijobs.jobtypes import InvalidInput
from aijobs.models import dump_json
from aijobs.wire import values

JSON = "application/json"
FORM = "multipart/form-data"

# What a form may hold besides its file: boundaries, headers, short fields.
FORM_MARGIN = 1_000_000
# Of a JSON text: 100,000 items of a collection with 20 fields each.
MOST_VALUES = 2_000_000


class LengthRequired(APIException):
    """A body that does not say how long it is cannot be refused before it is read."""

    status_code = problem_types.LENGTH_REQUIRED.status
    default_detail = "Send a Content-Length; a body in chunks is not read."


class TooManyValues(ValueError):
    """A JSON text holds so many values that they would take all memory."""


class RepeatedName(ValueError):
    """A JSON object has one name twice: which value counts is anybody's guess."""


@dataclass(frozen=True, slots=True)
class Body:
    """`fields` holds JSON values, or, when `is_form`, strings and lists of strings.

    `files` has those of a form by the name of their field, under which there may be several.
    """

    fields: dict[str, Any]
    files: "dict[str, list[UploadedFile[Any]]]" = field(default_factory=dict)
    is_form: bool = False

    def fingerprint(self) -> str:
        """SHA-256, in hex, of everything in it."""
        digest = hashlib.sha256(dump_json(self.fields).encode())
        named = [(name, file) for name, files in sorted(self.files.items()) for file in files]
        for name, file in named:
            digest.update(dump_json([name, file.name, file.size]).encode())
            for chunk in file.chunks():
                digest.update(chunk)
            file.seek(0)
        return digest.hexdigest()


def refuse_oversized(request: Request, largest_upload: int) -> None:
    """Refuse, before a byte is read, a body that is longer than a file and its form may be.

    One that is packed is measured once more while it is unpacked. Raises TooLarge, UnknownCoding;
    LengthRequired or ParseError where nobody knows how long it is.
    """
    if "CONTENT_LENGTH" not in request.META and "HTTP_TRANSFER_ENCODING" in request.META:
        raise LengthRequired
    limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if _media_type(request) == FORM:
        limit = largest_upload + FORM_MARGIN
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdecimal()):
        raise ParseError("The Content-Length is not a number.")
    if int(length[:20]) > limit:
        raise TooLarge(limit)
    unpacking.unpack(request._request, limit)


def read(request: Request) -> Body:
    """The body of a request. Raises ParseError, UnsupportedMediaType or InvalidInput."""
    media_type = _media_type(request)
    if media_type == JSON:
        return Body(json_object(request._request.body))
    if media_type == FORM:
        form, files = request._request.POST, request._request.FILES
        return Body(
            fields={name: got[0] if len(got) == 1 else got for name, got in form.lists()},
            files={name: cast("list[UploadedFile[Any]]", files.getlist(name)) for name in files},
            is_form=True,
        )
    raise UnsupportedMediaType(media_type, f"Send {JSON} or {FORM}.")


def _media_type(request: Request) -> str:
    header = Message()
    header["content-type"] = request.META.get("CONTENT_TYPE") or "none"
    return header.get_content_type()


def json_object(text: bytes) -> dict[str, Any]:
    """The object in a JSON text: no NaN, no name twice. Raises ParseError, which quotes nothing."""
    if not text.strip():
        raise ParseError("The body is empty; send a JSON object.")
    reason = "Not valid JSON."
    try:
        value = _loaded(text)
    except json.JSONDecodeError as error:
        reason = f"Not valid JSON: {error.msg} (line {error.lineno}, column {error.colno})."
    except UnicodeDecodeError as error:
        reason = f"The body is not UTF-8 at byte {error.start + 1:,}."
    except RecursionError:
        reason = "The JSON is nested too deep."
    except TooManyValues:
        reason = f"The JSON holds more than {MOST_VALUES:,} values."
    except RepeatedName:
        reason = "An object in the JSON has the same name twice."
    except ValueError:
        reason = "Not valid JSON: a number is not a JSON number, or has too many digits."
    else:
        if isinstance(value, dict):
            return value
        reason = "The body must be a JSON object."
    # Raised outside the handler: the parser's error carries the whole body.
    raise ParseError(reason)


def _loaded(body: bytes) -> object:
    # As `loads` decodes it.
    text = body.decode(json.detect_encoding(body), "surrogatepass")
    if values.are_more_than(MOST_VALUES, text):
        raise TooManyValues
    return json.loads(text, object_pairs_hook=_once_each, parse_constant=_refuse)


def json_field(text: object, name: str) -> dict[str, Any]:
    """The object in a field of a form. Raises InvalidInput, which names the field."""
    try:
        return json_object(text.encode("utf-8", "replace") if isinstance(text, str) else b"")
    except ParseError as error:
        problem = str(error.detail)
    raise InvalidInput({name: [problem]})


_HOW_TO_READ = ("read_as", "accept_partial")


def says_how_to_read(fields: Mapping[str, Any]) -> list[str]:
    """Which fields of a form say how its files are to be read."""
    return [name for name in _HOW_TO_READ if name in fields]


def how_to_read(fields: dict[str, Any]) -> HowToRead:
    """What a form says of how its files are to be read, taken out of it. Raises InvalidInput."""
    read_as, partial = fields.pop("read_as", "auto"), fields.pop("accept_partial", "false")
    errors = {}
    if read_as not in READ_AS:
        errors["read_as"] = [f"Must be one of {', '.join(READ_AS)}."]
    if partial not in ("true", "false"):
        errors["accept_partial"] = ["Must be true or false."]
    if errors:
        raise InvalidInput(errors)
    return HowToRead(read_as, partial == "true")


def _once_each(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RepeatedName
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
