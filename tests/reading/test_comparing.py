"""Two collections of one name: which answers have changed, row by row."""

import csv
import io
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from aijobs.models import Collection, ids_from, new_id
from aijobs.reading import comparing
from aijobs.reading.comparing import Comparison
from aijobs.reading.pages import Position
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_job, make_output, make_tenant
from tests.reading.rows import make_collection

pytestmark = pytest.mark.django_db

Answers = Mapping[str, str | None]


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


def classified(
    tenant: Tenant, minutes: int, answers: Answers, *, numbers: bool = False
) -> Collection:
    """A row for each reference, or for each number; without a category it has failed."""
    return run(
        tenant,
        minutes,
        "classify",
        {key: {"category": one} if one else None for key, one in answers.items()},
        numbers=numbers,
    )


def run(
    tenant: Tenant,
    minutes: int,
    job_type: str,
    results: Mapping[str, Mapping[str, Any] | None],
    *,
    numbers: bool = False,
) -> Collection:
    moment = NOW + timedelta(minutes=minutes)
    collection = make_collection(tenant, "Claims", id=new_id(moment), job_type=job_type)
    for place, (key, (name, result)) in enumerate(
        zip(ids_from(moment), results.items(), strict=False), 1
    ):
        job = make_job(
            tenant,
            job_type,
            collection=collection,
            id=key,
            status="completed" if result else "failed",
            finished_at=NOW,
            reference="" if numbers else name,
            row_number=int(name) if numbers else place,
        )
        if result:
            make_output(job, result)
    return collection


def compared(tenant: Tenant, before: Collection, after: Collection, **more: Any) -> Comparison:
    return comparing.compare(tenant, before, after, **({"size": 25} | more))


def shown(found: Comparison) -> list[tuple[str, str, str]]:
    return [(row.label, row.was["category"], row.now["category"]) for row in found.page.rows]


def test_what_changed_is_found_by_reference_wherever_its_row_stands(tenant: Tenant) -> None:
    before = classified(tenant, 0, {"A": "hail", "B": "fire", "C": "theft", "D": None, "E": "x"})
    after = classified(tenant, 1, {"F": "new", "D": "fire", "C": "hail", "B": "fire", "A": "fire"})
    found = compared(tenant, before, after)
    assert (found.by_reference, found.by_number) == (4, 0)
    assert (found.same, found.changed, found.unanswered) == (1, 2, 1)
    assert (found.only_earlier, found.only_later) == (1, 1)
    assert shown(found) == [("C", "theft", "hail"), ("A", "hail", "fire")]
    assert {(one.was, one.now, one.rows) for one in found.changes} == {
        ("theft", "hail", 1),
        ("hail", "fire", 1),
    }
    assert found.words == ["fire", "hail", "theft"]
    assert [[one.rows for one in cells] for _, cells in found.matrix] == [
        [1, 0, 0],
        [1, 0, 0],
        [0, 1, 0],
    ]


def test_without_references_rows_are_matched_by_number(tenant: Tenant) -> None:
    before = classified(tenant, 0, {"2": "hail", "3": "fire", "5": "hail"}, numbers=True)
    after = classified(tenant, 1, {"A": "fire", "B": "fire"})
    found = compared(tenant, before, after)
    assert (found.by_reference, found.by_number, found.changed) == (0, 1, 1)
    assert shown(found) == [("B", "hail", "fire")]


def test_of_rows_with_one_name_the_first_is_held_against_the_first(tenant: Tenant) -> None:
    before, after = (run(tenant, minute, "classify", {}) for minute in (0, 1))
    for collection, words in ((before, ("hail", "fire")), (after, ("hail", "theft"))):
        for number, word in enumerate(words):
            job = make_job(
                tenant,
                "classify",
                collection=collection,
                id=new_id(NOW + timedelta(hours=1, seconds=number)),
                status="completed",
                finished_at=NOW,
                reference="Twice",
            )
            make_output(job, {"category": word})
    found = compared(tenant, before, after)
    assert (found.same, found.changed) == (1, 1)
    assert shown(found) == [("Twice", "fire", "theft")]


def test_some_rows_without_a_reference_are_matched_by_number(tenant: Tenant) -> None:
    before = classified(tenant, 0, {"A": "hail", "": "fire"})
    after = classified(tenant, 1, {"A": "hail", "": "theft"})
    found = compared(tenant, before, after)
    assert (found.by_reference, found.by_number, found.changed) == (1, 1, 1)


def test_one_cell_of_the_matrix_is_listed(tenant: Tenant) -> None:
    before = classified(tenant, 0, {"A": "hail", "B": "hail", "C": "fire 🏠"})
    after = classified(tenant, 1, {"A": "fire 🏠", "B": "hail", "C": "hail"})
    assert shown(compared(tenant, before, after, cell=("fire 🏠", "hail"))) == [
        ("C", "fire 🏠", "hail")
    ]
    assert shown(compared(tenant, before, after, cell=("hail", "hail"))) == [("B", "hail", "hail")]
    assert shown(compared(tenant, before, after, cell=("x", "y"))) == []


def test_pages_of_changed_rows_lead_on_and_back(tenant: Tenant) -> None:
    names = [f"P-{number}" for number in range(7)]
    before = classified(tenant, 0, dict.fromkeys(names, "hail"))
    after = classified(tenant, 1, dict.fromkeys(names, "fire"))
    first = compared(tenant, before, after, size=3)
    second = compared(tenant, before, after, at=Position(after=first.page.older), size=3)
    third = compared(tenant, before, after, at=Position(after=second.page.older), size=3)
    back = compared(tenant, before, after, at=Position(before=third.page.newer), size=3)
    pages = [[row.label for row in one.page.rows] for one in (first, second, third, back)]
    assert pages == [names[:3], names[3:6], names[6:], names[3:6]]
    assert (first.page.newer, third.page.older) == (None, None)


def test_analyses_are_compared_by_their_highest_risk(tenant: Tenant) -> None:
    def risks(*severities: str) -> dict[str, Any]:
        return {
            "findings": [{"title": '"severity":"high"', "detail": "", "quote": ""}],
            "obligations": [],
            "risks": [{"title": "t", "severity": one, "detail": "d"} for one in severities],
            "answers": [],
        }

    before = run(tenant, 0, "analyze", {"A": risks("low", "high"), "B": risks(), "C": risks("low")})
    after = run(tenant, 1, "analyze", {"A": risks("low"), "B": risks(), "C": risks("medium")})
    found = compared(tenant, before, after)
    assert {(one.was, one.now) for one in found.changes} == {("high", "low"), ("low", "medium")}
    assert found.words == ["high", "medium", "low", "none"]
    assert found.same == 1
    assert [
        row.label for row in compared(tenant, before, after, cell=("high", "low")).page.rows
    ] == ["A"]


def test_only_earlier_ones_of_the_same_name_and_kind_are_offered(tenant: Tenant) -> None:
    older, newer = classified(tenant, 0, {}), classified(tenant, 1, {})
    make_collection(tenant, "Other", id=new_id(NOW), job_type="classify")
    make_collection(tenant, "Claims", id=new_id(NOW), job_type="analyze")
    make_collection(make_tenant(), "Claims", id=new_id(NOW), job_type="classify")
    assert comparing.earlier(tenant, newer) == [older]
    assert comparing.earlier(tenant, older) == []
    summaries = [make_collection(tenant, "S", id=new_id(NOW)) for _ in range(2)]
    assert comparing.earlier(tenant, max(summaries, key=lambda one: one.pk)) == []


def test_what_is_somebody_elses_is_not_compared(tenant: Tenant) -> None:
    before, after = (classified(tenant, minute, {"A": word}) for minute, word in enumerate("xy"))
    found = compared(make_tenant(), before, after)
    assert (found.matched, found.only_later, found.page.rows) == (0, 0, [])


def test_a_table_of_changes_has_both_words_and_no_formula(tenant: Tenant) -> None:
    before = classified(tenant, 0, {"=1+1": "hail", "B": "fire", "C": "fire"})
    after = classified(tenant, 1, {"=1+1": "fire", "B": "fire", "D": "fire"})

    def table(**more: Any) -> list[list[str]]:
        text = b"".join(comparing.as_csv(tenant, before, after, **more)).decode()
        return list(csv.reader(io.StringIO(text)))

    header, row = table()
    assert header == list(comparing.HEADER)
    assert row[:5] == ["1", "'=1+1", "reference", "hail", "fire"]
    assert [one[1] for one in table(is_all=True)[1:]] == ["'=1+1", "B", "D", "C"]


def test_a_comparison_takes_few_queries(tenant: Tenant) -> None:
    names = [f"P-{number}" for number in range(40)]
    before = classified(tenant, 0, dict.fromkeys(names, "hail"))
    after = classified(tenant, 1, dict.fromkeys(names, "fire"))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        compared(tenant, before, after)
    assert len(queries) == 4
