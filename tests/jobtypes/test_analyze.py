import json
from typing import Any

import pytest

from aijobs import jobtypes

analyze = jobtypes.get("analyze")

POLICY = "The tenant shall pay\r\nwithin 30 days. The landlord\u2019s liability is excluded."


def given(*questions: str) -> Any:
    return analyze.validate({"policy_text": POLICY, "questions": list(questions)})


def answer(**changes: Any) -> str:
    whole = {
        "findings": [{"title": "Payment", "detail": "Due soon.", "quote": ""}],
        "obligations": [{"who": "Tenant", "what": "Pays", "when": "within 30 days"}],
        "risks": [{"title": "Liability", "severity": "high", "detail": "Excluded."}],
    }
    return json.dumps(whole | changes)


def test_the_answer_is_read_into_findings_obligations_and_risks() -> None:
    result = analyze.read(given(), answer())
    assert result == json.loads(answer())
    analyze.Output.model_validate(result)


def test_questions_are_answered_in_their_order() -> None:
    replies = {"question_2": "Thirty days.", "question_1": "The tenant."}
    result = analyze.read(given("Who pays?", "When?"), answer(answers=replies))
    assert result["answers"] == [
        {"question": "Who pays?", "answer": "The tenant."},
        {"question": "When?", "answer": "Thirty days."},
    ]


def test_the_schema_asks_for_each_question_and_for_what_the_result_has() -> None:
    schema = analyze.params(given("Who pays?", "When?"))["output_config"]["format"]["schema"]
    assert list(schema["properties"]) == list(analyze.Output.model_fields)
    assert list(schema["properties"]["answers"]["properties"]) == ["question_1", "question_2"]
    definitions = analyze.Output.model_json_schema()["$defs"]
    for part, model in (("findings", "Finding"), ("obligations", "Obligation"), ("risks", "Risk")):
        item = schema["properties"][part]["items"]
        assert item["required"] == definitions[model]["required"]


def test_no_question_means_no_answers() -> None:
    schema = analyze.params(given())["output_config"]["format"]["schema"]
    assert "answers" not in schema["properties"]
    assert "answers" not in analyze.read(given(), answer())


@pytest.mark.parametrize(
    ("quote", "kept"),
    [
        ("The tenant shall pay within 30 days.", True),
        ("the landlord's liability is excluded", True),
        ("The tenant may pay within 30 days.", False),
        ("", True),
    ],
)
def test_a_quotation_stands_only_if_the_policy_says_so(quote: str, kept: bool) -> None:
    finding = {"title": "t", "detail": "d", "quote": quote}
    result = analyze.read(given(), answer(findings=[finding]))
    assert result["findings"][0]["quote"] == (quote if kept else "")


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"risks": [{"title": "t", "severity": "huge", "detail": "secret"}]}, "risks"),
        ({"findings": "secret"}, "findings"),
        ({"obligations": [{"who": "secret"}]}, "obligations"),
        ({"findings": [{"title": 1, "detail": "secret", "quote": ""}]}, "findings"),
        ({"secret": []}, "top level"),
    ],
)
def test_an_answer_of_another_shape_is_refused_without_quoting_it(
    changes: dict[str, Any], at: str
) -> None:
    with pytest.raises(jobtypes.InvalidOutput) as caught:
        analyze.read(given(), answer(**changes))
    assert str(caught.value) == f"The answer does not have the agreed shape at: {at}."
    assert caught.value.__context__ is None


@pytest.mark.parametrize("answers", [None, [], {}, {"question_1": None}, {"question_2": "x"}])
def test_an_unanswered_question_is_no_answer(answers: object) -> None:
    with pytest.raises(jobtypes.InvalidOutput, match="at: answers"):
        analyze.read(given("Who pays?"), answer(answers=answers))


def test_text_that_postgresql_refuses_is_cleaned() -> None:
    risk = {"title": "a\0b", "severity": "low", "detail": "d"}
    assert analyze.read(given(), answer(risks=[risk]))["risks"][0]["title"] == "ab"


def test_at_most_twenty_questions_of_five_hundred_characters() -> None:
    assert len(given(*(f"{i}?" for i in range(20))).questions) == 20
    for questions, errors in [
        (["?"] * 21, {"questions": ["May have at most 20 entries."]}),
        (["x" * 501], {"questions.0": ["Must be at most 500 characters long; it has 501."]}),
        (["ok?", " "], {"questions.1": ["Must not be empty."]}),
    ]:
        with pytest.raises(jobtypes.InvalidInput) as caught:
            given(*questions)
        assert caught.value.errors == errors
