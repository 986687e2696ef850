"""Answers in one word: counted, filtered and compared alike, with words and from before them."""

from collections import Counter
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aijobs import jobtypes
from aijobs.models import AIJob, Collection, JobOutput, dump_json, ids_from, new_id
from aijobs.pipeline import _words
from aijobs.reading import comparing, rows
from aijobs.reading.rows import RISKS, RowFilter
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_job, make_output, make_tenant
from tests.reading.rows import make_collection

pytestmark = pytest.mark.django_db

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
SEVERITY = st.sampled_from(["low", "medium", "high"])
RISK = st.fixed_dictionaries({"title": TEXT, "severity": SEVERITY, "detail": TEXT})
ANALYSIS = st.fixed_dictionaries(
    {
        "findings": st.lists(
            st.fixed_dictionaries({"title": TEXT, "detail": TEXT, "quote": TEXT}), max_size=2
        ),
        "obligations": st.just([]),
        "risks": st.lists(RISK, max_size=3),
    }
)
RESULTS = st.one_of(
    st.tuples(st.just("classify"), st.fixed_dictionaries({"category": TEXT.filter(bool)})),
    st.tuples(st.just("analyze"), ANALYSIS),
    st.tuples(st.just("summarize"), st.fixed_dictionaries({"summary": TEXT})),
)
# What each row of a collection has: a word or none, as it failed or waits; whether its answer is
# from before there were words; whether it is being erased.
CLASSIFIED = st.lists(
    st.tuples(st.sampled_from(["motor", "home 🏠", "none", None]), st.booleans(), st.booleans()),
    max_size=10,
)
UNHURRIED = settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


def a_row(
    tenant: Tenant, collection: Collection, key: Any, result: dict[str, Any] | None, **more: Any
) -> AIJob:
    has_word, erasing = more.pop("has_word", True), more.pop("erasing", False)
    job = make_job(
        tenant,
        collection.job_type,
        collection=collection,
        id=key,
        status="completed" if result else "failed",
        finished_at=NOW,
        erasing_since=NOW if erasing else None,
        **more,
    )
    if result:
        make_output(job, result, has_word=has_word)
    return job


@UNHURRIED
@given(RESULTS)
def test_the_database_reads_the_word_that_a_job_type_tells(of: tuple[str, dict[str, Any]]) -> None:
    kind, result = of
    with connection.cursor() as cursor:
        cursor.execute("SELECT aijobs_word_of_answer(%s, %s::json)", [kind, dump_json(result)])
        assert cursor.fetchone()[0] == jobtypes.get(kind).word(result)


@UNHURRIED
@given(CLASSIFIED)
def test_charts_and_filters_say_what_the_rows_say(
    tenant: Tenant, made: list[tuple[str | None, bool, bool]]
) -> None:
    with transaction.atomic():
        collection = make_collection(tenant, job_type="classify", total=len(made))
        wanted = Counter[str]()
        for key, (category, has_word, erasing) in zip(ids_from(NOW), made, strict=False):
            result = {"category": category} if category else None
            a_row(tenant, collection, key, result, has_word=has_word, erasing=erasing)
            if category and not erasing:
                wanted[category] += 1

        def told() -> tuple[dict[str, int], dict[str, int]]:
            bars, _ = rows.charts(tenant, collection)
            found = {
                name: rows.filtered(tenant, collection, RowFilter(category=name)).count()
                for name in wanted
            }
            return {bar.name: bar.rows for bar in bars}, found

        assert told() == (wanted, wanted)
        _words.fill(NOW)
        assert not JobOutput.objects.filter(word=None).exists()
        assert told() == (wanted, wanted)
        transaction.set_rollback(True)


@pytest.mark.parametrize("has_word", [True, False])
def test_the_highest_risk_counts(tenant: Tenant, has_word: bool) -> None:
    collection = make_collection(tenant, job_type="analyze")
    found = [("low", "high"), ("medium", "low"), (), ("high",)]
    for key, severities in zip(ids_from(NOW), found, strict=False):
        named = [{"title": '"severity":"high"', "severity": s, "detail": ""} for s in severities]
        a_row(tenant, collection, key, {"risks": named}, has_word=has_word)
    bars, _ = rows.charts(tenant, collection)
    assert [(bar.name, bar.rows) for bar in bars] == [("high", 2), ("medium", 1), ("none", 1)]
    counts = {
        risk: rows.filtered(tenant, collection, RowFilter(risk=risk)).count() for risk in RISKS
    }
    assert counts == {"high": 2, "medium": 1, "low": 0, "none": 1}
    # A category is none of an analysis, even where it is called the same.
    assert not rows.filtered(tenant, collection, RowFilter(category="high")).exists()


def test_old_answers_are_compared_with_new_ones(tenant: Tenant) -> None:
    runs = list[Collection]()
    for place, categories in enumerate([("motor", "home"), ("motor", "life")]):
        collection = make_collection(tenant, job_type="classify", id=new_id(NOW))
        for number, category in enumerate(categories, 1):
            result = {"category": category}
            a_row(tenant, collection, new_id(NOW), result, has_word=bool(place), row_number=number)
        runs.append(collection)
    [before, after] = runs
    found = comparing.compare(tenant, before, after, size=5)
    assert (found.same, found.changed, found.unanswered) == (1, 1, 0)
    assert [(one.was, one.now) for one in found.changes] == [("home", "life")]


def test_nobody_counts_what_others_have(tenant: Tenant) -> None:
    collection = make_collection(tenant, job_type="classify")
    for key, has_word in zip(ids_from(NOW), (True, False), strict=False):
        a_row(tenant, collection, key, {"category": "motor"}, has_word=has_word)
    assert [bar.rows for bar in rows.categories(tenant, collection)] == [2]
    assert rows.categories(make_tenant("other"), collection) == []
