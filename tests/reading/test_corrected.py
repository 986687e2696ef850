"""Where a person has corrected an answer, lists, charts, filters and the search know that one."""

from datetime import timedelta

import pytest

from aijobs.models import AIJob, Collection, Correction, JobOutput, ids_from
from aijobs.pipeline import _words, index
from aijobs.reading import comparing, rows
from aijobs.reading.filters import JobFilter
from aijobs.reading.job_list import JobList
from aijobs.reading.rows import RowFilter
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_job, make_output, make_tenant
from tests.reading.rows import make_collection

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


def a_collection(tenant: Tenant, *categories: str) -> Collection:
    found = make_collection(tenant, job_type="classify", total=len(categories))
    keys = ids_from(NOW)
    for number, category in enumerate(categories, 1):
        job = make_job(tenant, "classify", collection=found, reference=f"R-{number}", id=next(keys))
        AIJob.objects.filter(pk=job.pk).update(status="completed", finished_at=NOW)
        make_output(job, {"category": category})
    return found


def nth(collection: Collection, number: int) -> AIJob:
    return collection.aijob_set.order_by("pk")[number - 1]


def correct(job: AIJob, category: str | None, *, after: int = 0) -> None:
    result = None if category is None else {"category": category}
    Correction.objects.add(job, result, after=after, by="ann", now=NOW)


def bars(tenant: Tenant, collection: Collection) -> dict[str, int]:
    return {bar.name: bar.rows for bar in rows.categories(tenant, collection)}


def of_category(tenant: Tenant, collection: Collection, category: str) -> list[str]:
    found = rows.page(tenant, collection, RowFilter(category=category), size=9).rows
    return [row.label for row in found]


def test_charts_and_filters_follow_a_correction_and_go_back_with_it(tenant: Tenant) -> None:
    collection = a_collection(tenant, "motor", "motor", "home")
    correct(nth(collection, 1), "home")
    assert bars(tenant, collection) == {"home": 2, "motor": 1}
    assert of_category(tenant, collection, "home") == ["R-1", "R-3"]
    assert of_category(tenant, collection, "motor") == ["R-2"]
    correct(nth(collection, 1), None, after=1)
    assert bars(tenant, collection) == {"home": 1, "motor": 2}
    assert of_category(tenant, collection, "home") == ["R-3"]


def test_lists_show_what_counts_and_that_it_is_a_correction(tenant: Tenant) -> None:
    collection = a_collection(tenant, "motor", "motor")
    correct(nth(collection, 1), "home")
    shown = rows.page(tenant, collection, RowFilter(), size=9).rows
    assert [(row.result, row.is_corrected) for row in shown] == [
        ({"category": "home"}, True),
        ({"category": "motor"}, False),
    ]
    listed = JobList(tenant, JobFilter(), apart=True).page(size=9).rows
    assert [(row.result, row.is_corrected) for row in listed] == [
        ({"category": "motor"}, False),
        ({"category": "home"}, True),
    ]
    correct(nth(collection, 1), None, after=1)
    listed = JobList(tenant, JobFilter(), apart=True).page(size=9).rows
    assert [(row.result, row.is_corrected) for row in listed] == [
        ({"category": "motor"}, False),
        ({"category": "motor"}, False),
    ]


def test_comparisons_compare_what_counts(tenant: Tenant) -> None:
    before, after = a_collection(tenant, "motor"), a_collection(tenant, "home")
    [pair] = comparing.compare(tenant, before, after, size=9).pairs
    assert (pair.was, pair.now) == ("motor", "home")
    correct(nth(after, 1), "motor")
    assert comparing.compare(tenant, before, after, size=9).changes == []
    correct(nth(after, 1), "travel", after=1)
    [row] = comparing.compare(tenant, before, after, size=9).page.rows
    assert (row.was, row.now) == ({"category": "motor"}, {"category": "travel"})


def test_an_answer_without_a_word_gets_that_of_its_correction(tenant: Tenant) -> None:
    collection = a_collection(tenant, "motor", "motor", "motor")
    correct(nth(collection, 1), "home")
    correct(nth(collection, 2), "home")
    correct(nth(collection, 2), None, after=1)
    JobOutput.objects.update(word=None)
    assert _words.fill(NOW) == 3
    assert bars(tenant, collection) == {"home": 1, "motor": 2}


def test_the_search_finds_the_words_of_a_correction(tenant: Tenant) -> None:
    collection = a_collection(tenant, "motor")
    index.run(NOW)
    correct(nth(collection, 1), "caravans")

    def found() -> list[str]:
        return [row.label for row in JobList(tenant, JobFilter(text="caravans")).page(size=9).rows]

    assert found() == []
    assert index.due(NOW + timedelta(seconds=1))
    index.run(NOW + timedelta(seconds=1))
    assert found() == ["R-1"]
