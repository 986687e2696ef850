"""What the client has by machine is what the machine writes now: it cannot drift."""

import yaml

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


def test_nothing_is_awaited_that_is_there() -> None:
    served = yaml.safe_load(generate.SCHEMA.read_text())["paths"]
    if generate.AWAITED.exists():
        for path, methods in yaml.safe_load(generate.AWAITED.read_text())["paths"].items():
            for method, operation in methods.items():
                there = served.get(path, {}).get(method)
                names = {one["name"] for one in operation.get("parameters", [])}
                known = {one["name"] for one in (there or {}).get("parameters", [])}
                assert there is None or not names <= known, f"awaited.yaml: {method} {path}"
