"""What schemathesis must be told to send requests that make sense; schemathesis.toml names it."""

from typing import Any

import schemathesis
from hypothesis import strategies as st

# Files: no schema says that a document has words in it, or which columns a table has.
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).map(
    lambda text: f"The insurer pays. {text}".encode()
)
schemathesis.openapi.media_type("text/plain", WORDS)
TABLE = b"document_text\nThe insurer pays for hail.\nThe insured reports it.\n"


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Give a valid upload of a table the rows that its job type asks for."""
    is_valid = all(part.mode.is_positive for part in case.meta.components.values())
    if is_valid and isinstance(case.body, dict) and "file" in case.body:
        case.body = {"name": "A table", "job_type": "summarize", "file": TABLE}
