"""Every call has an example in docs/api.md, and each is answered as the document says."""

import re
from pathlib import Path

from tests.client import generator
from tests.docs import examples
from tests.ground import Site

HEADING = re.compile(r"(GET|POST|PUT|PATCH|DELETE) (\S+): (\d{3})")
EXAMPLES = [
    (match[1], match[2], int(match[3]), one.code)
    for one in examples.of("docs/api.md")
    if (match := HEADING.fullmatch(one.heading))
]
generate = generator.load()
SCHEMA = generate.schema()


def test_every_operation_has_an_example_and_every_example_an_operation() -> None:
    served = {
        (method.upper(), path.removeprefix("/api/ai/"))
        for path, methods in SCHEMA["paths"].items()
        for method in methods
    }
    assert {(method, path) for method, path, _, _ in EXAMPLES} == served


def test_every_example_calls_what_its_heading_says() -> None:
    for method, path, _, code in EXAMPLES:
        address = re.escape(path)
        address = re.sub(r"\\\{(\w+)\\\}", lambda found: rf"\${found[1].upper()}", address)
        assert re.search(rf'\$API/{address}["?\s]', code), path
        said = re.search(r"-X (\w+)", code)
        sends = "POST" if re.search(r" (-d|-F) ", code) else "GET"
        assert (said[1] if said else sends) == method, path


def test_every_status_is_documented() -> None:
    for method, path, status, _ in EXAMPLES:
        operation = SCHEMA["paths"][f"/api/ai/{path}"][method.lower()]
        assert str(status) in operation["responses"], path


def test_every_example_is_answered_as_it_says(live_site: Site, tmp_path: Path) -> None:
    known = {"API": f"{live_site.url}/api/ai", "KEY": live_site.api_key}
    folder = examples.place(tmp_path)
    for method, path, status, code in EXAMPLES:
        answer = examples.run(code, known, folder)
        assert answer.status == status, f"{method} {path}\n{answer.body}"
        known |= examples.ids(answer)
