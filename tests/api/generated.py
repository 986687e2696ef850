"""What schemathesis must be told to send requests that make sense; schemathesis.toml names it."""

from typing import Any

import schemathesis
from hypothesis import strategies as st

# No schema says that a file has words in it.
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0")).map(
    lambda text: f"The insurer pays. {text}".encode()
)
schemathesis.openapi.media_type("text/plain", WORDS)


@schemathesis.hook
def filter_case(context: Any, case: Any) -> bool:
    """Leave out what is meant to be valid and is not.

    No schema says which columns a table has, or that a text is no original that can be sent. And
    beside a query parameter, schemathesis forgets in a form how many entries a list must have.
    """
    if not (isinstance(case.body, dict) and case.meta.generation.mode.is_positive):
        return True
    categories = case.body.get("categories")
    is_whole = categories is None or len(categories) > 1
    return "file" not in case.body and case.body.get("read_as") != "original" and is_whole


@schemathesis.hook
def map_query(context: Any, query: Any) -> Any:
    """Wait for a second at most: nothing happens to a job that waits for a person."""
    wait = str((query or {}).get("wait", ""))
    if wait.isdecimal() and 1 < int(wait) <= 60:
        query["wait"] = 1
    return query
