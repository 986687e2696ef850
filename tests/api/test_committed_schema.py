"""docs/openapi.yaml is what the API describes, so that a change of it is seen in review."""

import io

from django.core.management import call_command

from tests.ground import CHECKOUT


def test_the_committed_schema_is_the_one_that_is_served() -> None:
    generated = io.StringIO()
    call_command("spectacular", stdout=generated)

    committed = (CHECKOUT / "docs" / "openapi.yaml").read_text()
    assert generated.getvalue().strip() == committed.strip(), "run: make schema"
