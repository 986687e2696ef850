import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aijobs import jobtypes


def test_there_is_one_type_for_each_file() -> None:
    files = {path.stem for path in Path(jobtypes.__file__).parent.glob("*.py")}
    assert set(jobtypes.names()) == files - {
        "__init__",
        "base",
        "parts",
        "passages",
        "prefixes",
        "quotes",
        "text",
        "words",
    }


def test_every_type_is_found_under_its_own_name() -> None:
    assert [jobtypes.get(name).name for name in jobtypes.names()] == list(jobtypes.names())
    assert [job_type.name for job_type in jobtypes.all_types()] == list(jobtypes.names())


def test_the_document_has_one_name_in_all_of_them() -> None:
    for job_type in jobtypes.all_types():
        assert jobtypes.TEXT_FIELD in job_type.Input.model_fields


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(jobtypes.UnknownJobType, match="analyze, classify, raw, summarize"):
        jobtypes.get("translate")


def test_neither_django_nor_the_sdk_is_imported() -> None:
    program = (
        "import sys, aijobs.jobtypes, aijobs.pricing; "
        "sys.exit(bool({'django', 'anthropic'} & sys.modules.keys()))"
    )
    root = Path(jobtypes.__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", program], cwd=root, check=False).returncode == 0


def test_an_answer_is_read_without_the_document_where_the_type_says_so() -> None:
    answers = {"summarize": "Short.", "classify": '{"category": "a"}'}
    options: dict[str, dict[str, Any]] = {
        "summarize": {"max_length": 50},
        "classify": {"categories": ["a", "b"]},
    }
    without = [kind for kind in jobtypes.offered() if not kind.reads_document]
    assert {kind.name for kind in without} == answers.keys()
    for kind in without:
        given = kind.load(options[kind.name])
        kind.Output.model_validate(kind.read(given, answers[kind.name]))
