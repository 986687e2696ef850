"""What the client has by machine is what the machine writes now: it cannot drift."""

from tests.client import generator

generate = generator.load()
SCHEMA = generate.schema()
FILES = generate.files(SCHEMA)


def test_models_problems_and_the_sync_half_are_those_that_the_schema_gives() -> None:
    differing = [path.name for path, text in FILES.items() if path.read_text() != text]

    assert not differing, "run: make schema"


def test_the_sync_half_has_nothing_that_the_async_one_has_not() -> None:
    assert {*(generate.PACKAGE / "_sync").glob("*.py")} <= FILES.keys()


def test_the_sync_half_awaits_nothing() -> None:
    for path, text in FILES.items():
        if path.parent.name == "_sync":
            assert "async" not in text.lower(), path
            assert "await" not in text.lower(), path


def test_a_field_that_changes_changes_its_model() -> None:
    changed = generate.schema()
    changed["components"]["schemas"]["Counts"]["properties"]["held"] = {"type": "integer"}

    assert generate.models(changed) != generate.models(SCHEMA)
    assert "held: int" in generate.models(changed)
