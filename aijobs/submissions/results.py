"""How the results of a batch are read: rows of JSON in a file, or the first of them."""

import json
from collections.abc import Iterator
from typing import IO, Any

import orjson

from aijobs import gateway


def loads(line: bytes | str) -> Any:
    """One row. orjson refuses a lone surrogate, which a cut-off answer or a document may hold."""
    try:
        return orjson.loads(line)
    except ValueError:
        return json.loads(line)


def lines(results: IO[bytes]) -> Iterator[bytes]:
    """Rows are split at newlines alone: text may hold U+2028 and its like."""
    results.seek(0)
    return (line for line in results if not line.isspace())


def nonces(results: IO[bytes]) -> set[str]:
    """The nonces that its custom_ids begin with; "" for each row that is none of ours.

    Raises ValueError when a row is broken.
    """
    found = set()
    for line in lines(results):
        try:
            custom_id = str(loads(line)["custom_id"])
        except (LookupError, TypeError):
            raise ValueError("a row without a custom_id") from None
        found.add(nonce_of(custom_id))
    return found


def nonce_of(custom_id: str) -> str:
    """The nonce that a custom_id of ours begins with, or ""."""
    return custom_id.partition("-")[0] if "-" in custom_id else ""


def first_nonce(remote_id: str) -> str | None:
    """Whose a batch at Anthropic is that has ended: its nonce, "" if it is none of ours.

    None when its results are not to be had. Raises gateway.GatewayError.
    """
    try:
        return nonce_of(str(loads(gateway.first_result(remote_id))["custom_id"]))
    except (ValueError, LookupError, TypeError):
        return None
