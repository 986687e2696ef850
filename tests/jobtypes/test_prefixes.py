"""What the jobs of a collection share stands first, where a cache can keep it."""

import json
from typing import Any

import pytest

from aijobs import jobtypes
from aijobs.jobtypes import Part, prefixes
from aijobs.pipeline._checks import LINE_BYTES

OPTIONS: dict[str, dict[str, Any]] = {
    "summarize": {"max_length": 40},
    "classify": {"categories": ["letter", "contract"]},
    "analyze": {"questions": ["Who pays?", "When?"]},
}
every_kind = pytest.mark.parametrize("name", list(OPTIONS))


def request(name: str, text: str, *, shares_document: bool = False, **options: Any) -> Any:
    kind = jobtypes.get(name)
    raw = {"document_text": text} | OPTIONS[name] | options
    return kind.params(kind.validate(raw, shares_document=shares_document))


@every_kind
def test_requests_with_the_same_options_begin_alike(name: str) -> None:
    one, other = (request(name, text) for text in ("Hail is covered.", "Fire is not."))
    assert one != other
    begin = [prefixes.beginning(params, shares_document=False) for params in (one, other)]
    assert begin[0] == begin[1]
    assert one["system"] == other["system"]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("summarize", {"max_length": 41}),
        ("classify", {"categories": ["letter", "invoice"]}),
        ("analyze", {"questions": ["Who pays?", "Why?"]}),
    ],
)
def test_other_options_begin_otherwise(name: str, options: dict[str, Any]) -> None:
    texts = [
        prefixes.texts(request(name, "x", **given), shares_document=False)
        for given in ({}, options)
    ]
    assert texts[0] != texts[1]


def test_questions_about_one_document_stand_behind_it() -> None:
    one, other = (
        request("analyze", "Hail is covered.", shares_document=True, questions=[question])
        for question in ("Who pays?", "When?")
    )
    begin = [prefixes.beginning(params, shares_document=True) for params in (one, other)]
    assert begin[0] == begin[1]
    document, task = one["messages"][0]["content"]
    assert document["text"] == "<document>\nHail is covered.\n</document>"
    assert "question_1: Who pays?" in task["text"]
    assert "Who pays?" not in json.dumps(begin)


@every_kind
@pytest.mark.parametrize("shares_document", [False, True])
def test_a_breakpoint_adds_itself_and_nothing_else(name: str, shares_document: bool) -> None:
    plain = request(name, "Hail is covered.", shares_document=shares_document)
    before = json.dumps(plain)
    marked = prefixes.with_breakpoint(plain, shares_document=shares_document)
    assert json.dumps(plain) == before
    assert json.dumps(marked).count('"cache_control"') == 1
    assert without_marks(marked) == without_marks(plain)


@every_kind
def test_a_line_has_room_for_a_breakpoint_and_the_longest_name_of_a_model(name: str) -> None:
    plain = request(name, "x")
    marked = prefixes.with_breakpoint(plain, shares_document=False)
    more = len(json.dumps(marked)) - len(json.dumps(plain))
    assert more + 91 + 99 + 1 <= LINE_BYTES


def test_a_file_is_nothing_that_jobs_share() -> None:
    part = Part("", "application/pdf", 1, is_file=True, data="JVBERi0=")
    kind = jobtypes.get("summarize")
    params = kind.params(kind.validate({"max_length": 40}, [part]))
    marked = prefixes.with_breakpoint(params, shares_document=False)
    assert marked["messages"] == params["messages"]
    assert marked["system"][0]["text"] == params["system"]


def without_marks(params: dict[str, Any]) -> Any:
    """The prompt as the model reads it: blocks of texts, without marks."""
    contents = [params["system"], *(one["content"] for one in params["messages"])]
    return [[one] if isinstance(one, str) else [block["text"] for block in one] for one in contents]
