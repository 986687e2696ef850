"""What is long is stored as JSON text, and comes out as it went in."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aijobs.models import AIJob, JobDocument, JobInput, JobOutput, dump_json
from tests.factories import make_job, make_output, make_tenant

pytestmark = pytest.mark.django_db

HARD = [
    "\ud800 alone",
    "\udc00 alone",
    "a\0b",
    "line\u2028and\u2029end",
    "\U0001f468\u200d\U0001f469",
    "\u202eعربي",
    '"\\',
]


def divided(text: str) -> bool:
    """Whether two lone surrogates stand side by side: JSON cannot tell them from one character."""
    return any(
        "\ud800" <= high <= "\udbff" and "\udc00" <= low <= "\udfff" for high, low in pairwise(text)
    )


TEXT = st.text(st.characters(codec=None)).filter(lambda text: not divided(text))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture
def job() -> AIJob:
    return make_job(make_tenant())


@given(result=st.dictionaries(TEXT, VALUES, max_size=4))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_result_comes_out_as_it_went_in(job: AIJob, result: dict[str, Any]) -> None:
    JobOutput.objects.filter(job=job).delete()
    # make_output takes an example for an empty result.
    JobOutput.objects.create(job=job, result=result, model="m", stop_reason="end_turn")
    assert JobOutput.objects.get(job=job).result == result


@pytest.mark.parametrize("text", HARD)
def test_a_document_comes_out_as_it_went_in(job: AIJob, text: str) -> None:
    JobInput.objects.filter(job=job).update(options={text: [text]})
    JobDocument.objects.filter(job=job).update(text=text)
    stored = JobInput.objects.get(job=job)
    assert (job.documents.get().text, stored.options) == (text, {text: [text]})


def test_text_is_stored_as_utf_8_unless_a_lone_surrogate_forbids_it() -> None:
    assert dump_json("Größe") == '"Größe"'
    assert dump_json("Größe \ud800") == '"Gr\\u00f6\\u00dfe \\ud800"'


def test_an_output_is_read_through_its_job(job: AIJob) -> None:
    make_output(job, {"summary": "\ud800"})
    assert AIJob.objects.get(pk=job.pk).output.result == {"summary": "\ud800"}
