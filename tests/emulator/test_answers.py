import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from aijobs.emulator import tokenizer
from aijobs.emulator.documents import Document, summarize
from aijobs.emulator.outcomes import RequestOutcome, decide
from aijobs.emulator.structured import NOTE, Composer
from aijobs.emulator.validation import validate
from tests.emulator.requests import LEASE, answering_as, make_params, make_schema

LICENCES = ["MIT", "BSD", "Apache", "GPL", "LGPL", "ISC", "Other"]
TEXT = {"type": "string"}


def answer(params: dict[str, Any]) -> dict[str, Any]:
    validate(params, batch=True)
    outcome: RequestOutcome = decide(
        params, "msg_emulated_1", batch=True, count_attempt=lambda _: 1
    )
    message: dict[str, Any] = outcome.result["message"]
    return message


def structured(document: str, **properties: Any) -> Any:
    message = answer(make_params(document, **answering_as(make_schema(**properties))))
    return json.loads(message["content"][0]["text"])


def test_a_summary_is_made_of_the_documents_own_sentences() -> None:
    text = answer(make_params())["content"][0]["text"]
    summary, note = text.split("\n\n")
    assert note == NOTE
    assert summary
    for sentence in summary.split(". "):
        assert sentence.rstrip(".") in LEASE


@given(st.text(), st.integers(1, 50))
def test_a_summary_keeps_to_its_words(text: str, limit: int) -> None:
    summary = summarize(Document(text), limit)
    assert summary
    assert len(summary.split()) <= max(limit, 2)


@pytest.mark.parametrize(
    ("document", "category"),
    [
        ("Permission is hereby granted, free of charge, to any person obtaining a copy.", "MIT"),
        ("Redistribution and use in source and binary forms are permitted.", "BSD"),
        ("Apache License, Version 2.0, January 2004. Terms and conditions.", "Apache"),
        ("GNU GENERAL PUBLIC LICENSE Version 3. The GPL is a free licence.", "GPL"),
        ("GNU LESSER GENERAL PUBLIC LICENSE. It adds to the GNU GPL.", "LGPL"),
        ("Bake the cake for an hour at two hundred degrees.", "Other"),
    ],
)
def test_a_category_is_chosen_by_what_the_document_says(document: str, category: str) -> None:
    chosen = structured(document, category={"type": "string", "enum": LICENCES})
    assert chosen == {"category": category}


def test_words_that_all_categories_share_decide_nothing() -> None:
    labels = ["rental agreement", "employment agreement"]
    enum = {"type": "string", "enum": labels}
    text = "This agreement is an agreement. The employer employs the employee. Employment ends."
    assert structured(text, category=enum) == {"category": "employment agreement"}


def test_an_analysis_finds_duties_and_risks_where_they_are() -> None:
    analysis = structured(
        LEASE,
        obligations={"type": "array", "items": make_schema(who=TEXT, what=TEXT, when=TEXT)},
        risks={
            "type": "array",
            "items": make_schema(
                title=TEXT, severity={"type": "string", "enum": ["low", "medium", "high"]}
            ),
        },
    )
    assert [duty["who"] for duty in analysis["obligations"]] == ["The tenant", "The landlord"]
    assert analysis["obligations"][1]["when"] == "within 14 days"
    assert [risk["severity"] for risk in analysis["risks"]] == ["high"]


def test_a_quotation_stands_in_the_document() -> None:
    finding = make_schema(quote=TEXT)
    quotes = structured(LEASE, findings={"type": "array", "items": finding})["findings"]
    assert quotes
    assert all(it["quote"] in LEASE for it in quotes)


def test_a_question_is_answered_by_the_nearest_sentence() -> None:
    question = TEXT | {"description": "When does the tenant pay the rent?"}
    answers = structured(LEASE, answers=make_schema(question_1=question))["answers"]
    assert answers["question_1"].startswith("The tenant shall pay the rent")


def test_structured_answers_with_free_text_say_that_they_are_emulated() -> None:
    analysis = structured(LEASE, findings={"type": "array", "items": make_schema(detail=TEXT)})
    assert NOTE in analysis["findings"][0]["detail"]


LEAVES = st.one_of(
    st.just(TEXT),
    st.sampled_from(["integer", "number", "boolean", "null"]).map(lambda kind: {"type": kind}),
    st.lists(st.text(min_size=1), min_size=1, max_size=4, unique=True).map(
        lambda labels: {"enum": labels}
    ),
    st.sampled_from([None, 3, "fixed"]).map(lambda value: {"const": value}),
    st.sampled_from(["date", "date-time", "email", "uri"]).map(
        lambda format_: {"type": "string", "format": format_}
    ),
    st.just({"type": ["string", "null"]}),
    st.just({"$ref": "#/$defs/shared"}),
)
NAMES = st.sampled_from(
    ["title", "who", "when", "risks", "obligations", "score", "question_1", "x"]
)
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.dictionaries(NAMES, inner, max_size=4).map(lambda properties: make_schema(**properties)),
        st.tuples(inner, st.integers(0, 1)).map(
            lambda it: {"type": "array", "items": it[0], "minItems": it[1]}
        ),
        st.lists(inner, min_size=1, max_size=3).map(lambda options: {"anyOf": options}),
    ),
    max_leaves=12,
)


@given(SCHEMAS, st.one_of(st.just(LEASE), st.text()))
def test_a_structured_answer_is_valid_for_its_schema(schema: dict[str, Any], document: str) -> None:
    schema = make_schema(answer=schema) | {"$defs": {"shared": make_schema(title=TEXT)}}
    validate(make_params(**answering_as(schema)), batch=True)
    Draft202012Validator(schema).validate(Composer(schema, Document(document)).compose())


def test_an_answer_longer_than_max_tokens_is_cut() -> None:
    message = answer(make_params(max_tokens=5))
    assert message["stop_reason"] == "max_tokens"
    assert tokenizer.count(message["content"][0]["text"]) == 5
    assert message["usage"]["output_tokens"] == 5


def test_a_stop_sequence_ends_the_answer() -> None:
    message = answer(make_params(stop_sequences=["[Emulated"]))
    assert (message["stop_reason"], message["stop_sequence"]) == ("stop_sequence", "[Emulated")
    assert "[Emulated" not in message["content"][0]["text"]


def test_usage_follows_the_length_of_the_text() -> None:
    short = answer(make_params(LEASE))["usage"]["input_tokens"]
    long = answer(make_params(LEASE * 10))["usage"]["input_tokens"]
    assert long - short == pytest.approx(9 * tokenizer.count(LEASE), abs=1)
