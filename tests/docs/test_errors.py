"""docs/errors.md has every type of problem, each with an example that is answered so."""

import json

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from aijobs.api import problem_types
from citizenapp.tenants.models import APIKey
from tests.docs import examples
from tests.ground import Site

SECTIONS = [
    (*one.heading.split(": "), one.language, one.code)
    for one in examples.of("docs/errors.md")
    if ": " in one.heading
]
CALLS = [section for section in SECTIONS if section[2] == "sh"]
ANSWERS = [section for section in SECTIONS if section[2] == "json"]


def test_every_type_of_problem_has_one_example() -> None:
    documented = [(name, int(status)) for name, status, _, _ in SECTIONS]

    assert sorted(documented) == sorted((kind.name, kind.status) for kind in problem_types.ALL)


def test_they_are_in_the_order_of_their_statuses() -> None:
    statuses = [status for _, status, _, _ in SECTIONS]

    assert statuses == sorted(statuses)


@pytest.fixture(scope="module")
def viewer_key(live_site: Site) -> str:
    """A key of the demo tenant that only reads; all else is as its own key has it."""
    text, prefix, hashed = map(str, APIKey.objects.key_generator.generate())
    own = {"id": f"{prefix}.{hashed}", "prefix": prefix, "hashed_key": hashed, "role": "viewer"}
    columns = [field.column for field in APIKey._meta.concrete_fields]
    values = ", ".join(f"%({name})s" if name in own else f'"{name}"' for name in columns)
    table = APIKey._meta.db_table
    with live_site.database() as database:
        names = ", ".join(f'"{name}"' for name in columns)
        copy = f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} LIMIT 1"
        database.execute(copy.encode(), own)
    return text


@pytest.mark.parametrize(
    ("name", "status", "language", "code"), CALLS, ids=[one[0] for one in CALLS]
)
def test_a_call_is_answered_with_its_problem(
    live_site: Site, viewer_key: str, name: str, status: str, language: str, code: str
) -> None:
    environ = {"API": f"{live_site.url}/api/ai", "KEY": live_site.api_key, "VIEWER_KEY": viewer_key}
    answer = examples.run(code, environ)

    assert answer.status == int(status), answer.body
    assert f"/problems/{name}" in answer.body


@pytest.mark.parametrize(
    ("name", "status", "language", "code"), ANSWERS, ids=[one[0] for one in ANSWERS]
)
def test_an_answer_has_the_shape_of_a_problem(
    name: str, status: str, language: str, code: str
) -> None:
    schema = yaml.safe_load((examples.ROOT / "docs/openapi.yaml").read_text())
    problem = json.loads(code)
    kind = next(one for one in problem_types.ALL if one.name == name)

    Draft202012Validator(
        {"$ref": "#/components/schemas/Problem", "components": schema["components"]}
    ).validate(problem)
    assert (problem["type"], problem["status"]) == (kind.uri, int(status))
    assert problem["title"] == kind.title
