"""What jobs are called in lists."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs.models import dump_json
from aijobs.reading.labels import labels, opening, shortened
from tests.factories import make_job, make_tenant


@given(st.text(st.characters(), max_size=2_000), st.integers(0, 2_000))
def test_the_opening_of_any_document_survives_any_cut(document: str, cut: int) -> None:
    raw = dump_json(document)[: 1 + cut]
    words = opening(raw)
    words.encode()
    assert len(words) <= 120
    assert "\n" not in words


def test_the_opening_of_a_document_is_its_first_words() -> None:
    assert opening(dump_json("  One\n\ttwo \u2028three ")) == "One two three"
    assert opening(dump_json("half \ud83d")) == "half \ufffd"
    assert opening(json.dumps('a "quoted" \\ word' * 60)[:720]).startswith('a "quoted" \\ worda')
    assert shortened("word " * 100).endswith("…")


@pytest.mark.django_db
def test_a_job_is_called_by_its_file_else_its_first_words_else_its_id() -> None:
    tenant = make_tenant()
    file, words, blank = make_job(tenant), make_job(tenant), make_job(tenant, text=" \n")
    file.input.source_name = "policy.pdf"
    file.input.save()
    found = labels(tenant, [file.pk, words.pk, blank.pk])
    assert found == {
        file.pk: "policy.pdf",
        words.pk: "The quick brown fox jumps over the lazy dog.",
        blank.pk: str(blank.pk),
    }


@pytest.mark.django_db
def test_a_job_of_somebody_else_has_no_label() -> None:
    assert labels(make_tenant(), [make_job(make_tenant()).pk]) == {}
