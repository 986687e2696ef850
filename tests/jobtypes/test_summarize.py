import pytest

from aijobs import jobtypes

summarize = jobtypes.get("summarize")


def test_a_summary_has_five_hundred_words_unless_told_otherwise() -> None:
    given = summarize.validate({"document_text": "x"})
    assert "at most 500 words" in summarize.params(given)["system"]


@pytest.mark.parametrize(("words", "message"), [
    (9, "Must be at least 10."), (5_001, "Must be at most 5,000."), (-1, "Must be at least 10."),
    (10**30, "Must be at most 5,000."),
])  # fmt: skip
def test_a_length_out_of_bounds_is_refused(words: int, message: str) -> None:
    with pytest.raises(jobtypes.InvalidInput) as caught:
        summarize.validate({"document_text": "x", "max_length": words})
    assert caught.value.errors == {"max_length": [message]}


def test_longer_summaries_get_more_tokens() -> None:
    short, long = (
        summarize.validate({"document_text": "x", "max_length": words}) for words in (10, 5_000)
    )
    assert 10 < summarize.max_tokens(short) < 5_000 < summarize.max_tokens(long)


def test_the_answer_is_the_summary() -> None:
    given = summarize.validate({"document_text": "x"})
    result = summarize.read(given, "\n**Terms.** Pay by May.\0\ud800 \n")
    assert result == {"summary": "**Terms.** Pay by May.\ufffd"}
    summarize.Output.model_validate(result)


@pytest.mark.parametrize("text", ["", " \n", "\0"])
def test_an_empty_answer_is_no_summary(text: str) -> None:
    given = summarize.validate({"document_text": "x"})
    with pytest.raises(jobtypes.InvalidOutput, match="empty"):
        summarize.read(given, text)
