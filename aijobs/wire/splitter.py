"""Cut the body of a batch's creation into its requests while it is still arriving."""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

from . import values
from .errors import ApiError, invalid

# A single Messages request may not be larger than this anyway; it bounds what is held in memory
# while one request is incomplete.
MAX_REQUEST_CHARS = 32_000_000
# Of JSON, in what is held: far more than a conversation has, and far less than memory holds.
MAX_VALUES = 1_000_000

_START = re.compile(r'[ \t\r\n]*\{[ \t\r\n]*"requests"[ \t\r\n]*:[ \t\r\n]*\[')
_SPACE = re.compile(r"[ \t\r\n]*")
_END = re.compile(r"[ \t\r\n]*\}[ \t\r\n]*")
_CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_NEWLINES = str.maketrans("\r\n", "  ")


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError


class BatchRequest(NamedTuple):
    """One request of a batch. `line` is all of it as it came, on one line of JSON."""

    custom_id: str
    params: dict[str, Any]
    line: str


class RequestSplitter:
    """Feed it the bytes of `{"requests": [...]}`; it returns each request.

    Everything the API checks at creation is checked here. `params` is left alone but for its being
    an object: what is wrong in it shows when the batch has ended. Raises ApiError 400 or 413.
    """

    def __init__(self, max_requests: int) -> None:
        self.count = 0
        self._max_requests = max_requests
        self._seen: set[str] = set()
        self._decode_utf8 = codecs.getincrementaldecoder("utf-8")().decode
        self._decode_json = json.JSONDecoder(parse_constant=_refuse_constant).raw_decode
        self._text = ""
        self._place = "start"
        self._wait_until = 0

    def feed(self, data: bytes, *, last: bool = False) -> Iterator[BatchRequest]:
        """Yield the requests completed by `data`, in order."""
        try:
            self._text += self._decode_utf8(data, last)
        except UnicodeDecodeError:
            raise invalid("The request body is not valid UTF-8") from None
        # An incomplete request is parsed from its start again: waiting until the text has doubled
        # keeps the work linear in its size.
        if len(self._text) >= self._wait_until or last:
            if values.are_more_than(MAX_VALUES, self._text):
                raise invalid(f"requests.{self.count}: holds more than {MAX_VALUES:,} values")
            yield from self._split()
        if last and not (self._place == "end" and _END.fullmatch(self._text)):
            raise invalid("The request body is not valid JSON")
        if last and not self.count:
            raise invalid("requests: List should have at least 1 item after validation, not 0")

    def _split(self) -> Iterator[BatchRequest]:
        text, position = self._text, 0
        if self._place == "start":
            start = _START.match(text)
            if not start:
                self._pause(0)
                return
            position, self._place = start.end(), "first"
        while self._place != "end":
            position = self._skip_space(position)
            mark = text[position : position + 1]
            if mark == "]" and self._place in {"first", "next"}:
                position, self._place = position + 1, "end"
            elif mark == "," and self._place == "next":
                position, self._place = position + 1, "item"
            elif mark == "{" and self._place in {"first", "item"}:
                try:
                    request, end = self._decode_json(text, position)
                except ValueError:
                    break
                except RecursionError:
                    raise invalid(f"requests.{self.count}: nested too deeply") from None
                yield self._checked(request, text[position:end])
                position, self._place = end, "next"
            elif mark:
                raise invalid(f"requests.{self.count}: Input should be a valid dictionary")
            else:
                break
        self._pause(position)

    def _skip_space(self, position: int) -> int:
        space = _SPACE.match(self._text, position)
        return space.end() if space else position

    def _pause(self, position: int) -> None:
        self._text = self._text[position:]
        self._wait_until = 2 * len(self._text)
        longest = 4_096 if self._place == "start" else MAX_REQUEST_CHARS
        if self._place == "end" and not _SPACE.fullmatch(self._text.replace("}", "", 1)):
            raise invalid("requests: nothing may follow the list of requests")
        if len(self._text) > longest:
            raise invalid("The request body is not a JSON object with a list of requests")

    def _checked(self, request: dict[str, Any], raw: str) -> BatchRequest:
        where = f"requests.{self.count}"
        self.count += 1
        if self.count > self._max_requests:
            raise ApiError(413, f"A batch may hold at most {self._max_requests} requests")
        for field in ("custom_id", "params"):
            if field not in request:
                raise invalid(f"{where}.{field}: Field required")
        if len(request) > len(("custom_id", "params")):
            extra = next(key for key in request if key not in {"custom_id", "params"})
            raise invalid(f"{where}.{extra[:64]}: Extra inputs are not permitted")
        custom_id = request["custom_id"]
        if not isinstance(custom_id, str) or not _CUSTOM_ID.fullmatch(custom_id):
            raise invalid(f"{where}.custom_id: String should match '^[a-zA-Z0-9_-]{{1,64}}$'")
        if custom_id in self._seen:
            raise invalid(f"{where}.custom_id: Custom ids must be unique, {custom_id} is not")
        params = request["params"]
        if not isinstance(params, dict):
            raise invalid(f"{where}.params: Input should be a valid dictionary")
        self._seen.add(custom_id)
        # Newlines stand between tokens only: inside a JSON string they are escaped.
        line = raw.translate(_NEWLINES) if "\n" in raw or "\r" in raw else raw
        return BatchRequest(custom_id, params, line)
