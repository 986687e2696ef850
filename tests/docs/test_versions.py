"""docs/api-versions.md names every version, and what it changed."""

import re

from aijobs.api.versions import STEPS
from citizenapp.tenants.api_versions import NEWEST, VERSIONS
from tests.docs.test_documents import ROOT

PAGE = (ROOT / "docs/api-versions.md").read_text()


def test_every_version_has_its_row() -> None:
    rows = dict(re.findall(r"^\| `(\d{4}-\d\d-\d\d)` \| (.*) \|$", PAGE, re.MULTILINE))
    assert [*rows] == [*VERSIONS]
    for version, step in STEPS.items():
        named = {word for change in step.changes for word in re.findall(r"`[^`]+`", change)}
        assert all(word in rows[version] for word in named)


def test_its_example_asks_for_the_newest() -> None:
    assert f"CitizenApp-Version: {NEWEST}" in PAGE
