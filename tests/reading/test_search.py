"""Jobs are found by the words of their references, files, documents and answers."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs.jobtypes import words
from aijobs.models import AIJob, JobText, JobToRead
from aijobs.pipeline import erase, index
from aijobs.reading import search
from aijobs.reading.filters import JobFilter, filtered
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_job, make_output, make_tenant

pytestmark = pytest.mark.django_db


def found(tenant: Tenant, text: str, **fields: Any) -> set[AIJob]:
    index.run(NOW)
    return set(filtered(tenant, JobFilter(text=text, **fields)))


def test_by_each_of_its_texts() -> None:
    tenant = make_tenant()
    job = make_job(tenant, text="Hail fell on the motor hood.", reference="POL-2026/17")
    make_output(job, {"summary": "Dents are covered."})
    other = make_job(tenant, text="Hail fell on the roof.")
    for text in ("motor", "pol-2026/17", "dents", "hail dents", "HAIL Motor"):
        assert found(tenant, text) == {job}, text
    assert found(tenant, "hail") == {job, other}
    assert found(tenant, "hail storm") == set()


def test_the_last_word_may_be_a_beginning_and_the_others_may_not() -> None:
    tenant = make_tenant()
    job = make_job(tenant, text="Hail fell on the motor hood.")
    assert found(tenant, "hail mot") == {job}
    assert found(tenant, "mot hail") == set()
    assert found(tenant, "mot ") == set()


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Der Müller zahlt.", "muller"),
        ("Der Muller zahlt.", "Müller"),
        ("STRASSE", "straße"),
        ("مُلْفٌّ", "ملف"),
        ("保险合同的条款", "合同"),
        ("ключ от двери", "КЛЮЧ"),
        ("\ud83d broken", "broken"),
    ],
)
def test_letters_of_all_the_world(text: str, asked: str) -> None:
    tenant = make_tenant()
    job = make_job(tenant, text=text)
    assert found(tenant, asked) == {job}


def test_a_file_s_name_counts() -> None:
    tenant = make_tenant()
    job = make_job(tenant)
    job.documents.update(name="Police_Meier.pdf")
    assert found(tenant, "meier") == {job}


def test_the_answer_of_a_message_and_of_a_list() -> None:
    tenant = make_tenant()
    raw = make_job(tenant, "raw", text="How are foxes?")
    make_output(raw)
    risky = make_job(tenant, "analyze")
    make_output(risky, {"findings": [], "obligations": [], "risks": [{"risk": "Lapse"}]})
    assert found(tenant, "a fox.") == {raw}
    assert found(tenant, "lapse") == {risky}


def test_nobody_finds_what_others_have() -> None:
    tenant, other = make_tenant(), make_tenant()
    make_job(other, text="Hail")
    assert found(tenant, "hail") == set()
    assert found(tenant, f"{other.pk}/hail") == set()


def test_what_is_beyond_the_first_characters_is_not_read() -> None:
    tenant = make_tenant()
    long = "word " * (words.CHARACTERS // 5)
    make_job(tenant, text=f"{long} afterwards")
    job = make_job(tenant, text=f"early {long}")
    assert found(tenant, "afterwards") == set()
    assert found(tenant, "early") == {job}


def test_an_answer_is_found_after_it_came() -> None:
    tenant = make_tenant()
    job = make_job(tenant)
    assert found(tenant, "dents") == set()
    make_output(job, {"summary": "Dents."})
    assert found(tenant, "dents") == {job}
    assert found(tenant, "quick dents") == {job}


def test_what_is_frequent_is_found_as_what_is_rare() -> None:
    tenant = make_tenant()
    jobs = [
        make_job(tenant, text="Hail", now=NOW + timedelta(seconds=one))
        for one in range(search.DENSE + 5)
    ]
    make_job(tenant, text="Snow")
    assert found(tenant, "hail") == set(jobs)
    ordered = filtered(tenant, JobFilter(text="hail")).order_by("-pk")
    assert list(ordered[:3]) == jobs[-1:-4:-1]
    assert filtered(tenant, JobFilter(text="hail")).count() == len(jobs)


def test_with_another_filter() -> None:
    tenant = make_tenant()
    job = make_job(tenant, "classify", text="Hail")
    make_job(tenant, text="Hail")
    assert found(tenant, "hail", job_type="classify") == {job}
    assert found(tenant, "hail", status="queued", job_type="classify") == {job}
    assert found(tenant, "hail", status="failed") == set()


def test_rows_from_before_there_was_an_index_are_read_page_by_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(index, "PAGE_JOBS", 2)
    tenant = make_tenant()
    jobs = {make_job(tenant, text="Hail", now=NOW + timedelta(seconds=one)) for one in range(5)}
    JobToRead.objects.all().delete()
    JobToRead.objects.create(job_id="ffffffff-ffff-ffff-ffff-ffffffffffff", and_older=True)
    assert index.due(NOW)
    assert found(tenant, "hail") == jobs
    assert not index.due(NOW)


def test_what_is_erased_leaves_no_word() -> None:
    tenant = make_tenant()
    job = make_job(tenant, text="Hail")
    later = make_job(tenant, text="Storm")
    index.run(NOW)
    erase.erase_job(job, by="ann", now=NOW)
    assert set(JobText.objects.values_list("pk", flat=True)) == {later.pk}


def test_what_was_erased_before_it_was_read_is_passed_over() -> None:
    tenant = make_tenant()
    job = make_job(tenant, text="Hail")
    AIJob.objects.filter(pk=job.pk).update(erasing_since=NOW)
    assert index.run(NOW) == 1
    assert not JobText.objects.exists()
    assert not index.due(NOW)


@given(st.text(max_size=200))
def test_each_word_of_a_text_is_asked_for_as_it_was_stored(text: str) -> None:
    query = search.query_of(Tenant(pk=1), text)
    for word in words.words(text):
        assert f"'1/{word}'" in query
        assert not set(word) & set("'\\&|!():* ")
