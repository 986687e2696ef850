"""A collection is queued as a whole, in the order of its rows, or not at all."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from aijobs.jobtypes import InvalidInput, UnknownJobType
from aijobs.models import AIJob, Collection, JobDocument, JobInput
from aijobs.pipeline import accept
from aijobs.pipeline.accept import Accepted, RejectedCollection
from tests.factories import CATEGORIES, NOW, make_tenant

pytestmark = pytest.mark.django_db

GOOD, BAD = {"document_text": "Hail is covered."}, {"document_text": ""}


def accept_all(items: Any, job_type: str = "summarize", name: Any = "Q3", **more: Any) -> Accepted:
    tenant = make_tenant()
    return accept.accept_collection(
        tenant, name, job_type, enumerate(items, 1), now=NOW, created_by="ann", **more
    )


def assert_nothing_is_stored() -> None:
    assert not AIJob.objects.exists()
    assert not JobInput.objects.exists()
    assert not JobDocument.objects.exists()
    assert not Collection.objects.exists()


def test_five_thousand_rows_are_queued_in_their_order() -> None:
    accepted = accept_all(({"document_text": f"Policy {n}."} for n in range(5_000)), name=" Q3 ")
    assert (accepted.accepted, accepted.rejected, accepted.rejected_count) == (5_000, [], 0)
    assert (accepted.collection.name, accepted.collection.total) == ("Q3", 5_000)
    jobs = AIJob.objects.filter(collection=accepted.collection).order_by("pk")
    documents = jobs.values_list("documents__text", flat=True)
    assert list(documents) == [f"Policy {n}." for n in range(5_000)]
    assert set(jobs.values_list("status", "route", "created_at")) == {("queued", "batch", NOW)}


def test_one_bad_row_among_thousands_queues_nothing() -> None:
    with pytest.raises(RejectedCollection) as rejected:
        accept_all([GOOD] * 4_500 + [BAD] + [GOOD] * 499)
    assert [one.row for one in rejected.value.rejected] == [4_501]
    assert list(rejected.value.rejected[0].errors) == ["document_text"]
    assert_nothing_is_stored()


def test_bad_rows_can_be_left_out() -> None:
    items = [GOOD, BAD, "no object", GOOD, {"document_text": "x", "needed_within": -1}]
    accepted = accept_all(items, on_error="skip")
    assert accepted.accepted == accepted.collection.total == AIJob.objects.count() == 2
    assert {one.row: set(one.errors) for one in accepted.rejected} == {
        2: {"document_text"},
        3: {"non_field_errors"},
        5: {"needed_within"},
    }


@pytest.mark.parametrize("items", [[], [BAD], [BAD] * 3])
def test_a_collection_without_a_good_row_is_refused(items: list[Mapping[str, object]]) -> None:
    with pytest.raises(RejectedCollection):
        accept_all(items, on_error="skip")
    assert_nothing_is_stored()


def test_of_very_many_errors_the_first_are_told_and_all_are_counted() -> None:
    with pytest.raises(RejectedCollection) as rejected:
        accept_all([BAD] * 1_500)
    assert (len(rejected.value.rejected), rejected.value.rejected_count) == (1_000, 1_500)


def test_a_row_may_have_a_deadline_of_its_own() -> None:
    items = [GOOD, GOOD | {"needed_within": 0}, GOOD | {"needed_within": 600}]
    accept_all(items, needed_within=3_600)
    found = AIJob.objects.order_by("pk").values_list("route", "needed_by")
    assert list(found) == [
        ("batch", NOW + timedelta(hours=1)),
        ("sync", NOW),
        ("batch", NOW + timedelta(minutes=10)),
    ]


def test_defaults_fill_what_a_row_leaves_out() -> None:
    items = [{"text": "Hail."}, {"text": "Hail.", "categories": ["yes", "no"]}]
    accept_all(items, "classify", defaults={"categories": CATEGORIES})
    options = JobInput.objects.order_by("pk").values_list("options", flat=True)
    assert list(options) == [{"categories": CATEGORIES}, {"categories": ["yes", "no"]}]


def test_cells_of_a_table_are_read_as_what_they_mean() -> None:
    items = [
        {"text": "Hail.", "categories": "motor|home|travel", "needed_within": "60"},
        {"text": "Hail.", "categories": "motor\nhome\ntravel", "needed_within": ""},
    ]
    accept_all(items, "classify", lenient=True)
    found = AIJob.objects.order_by("pk").values_list("needed_by", "input__options")
    assert list(found) == [
        (NOW + timedelta(minutes=1), {"categories": CATEGORIES}),
        (None, {"categories": CATEGORIES}),
    ]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": None}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"on_error": "ignore"}, "on_error"),
    ],
)
def test_what_is_wrong_with_the_collection_itself_is_named(
    more: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        accept_all([GOOD], **more)
    assert list(refused.value.errors) == [field]
    assert_nothing_is_stored()


def test_a_collection_has_a_limit_and_reads_no_further(settings: Any) -> None:
    settings.AIJOBS_COLLECTION_ITEMS = 3

    def rows() -> Iterator[Mapping[str, object]]:
        yield from [GOOD] * 4
        raise AssertionError("read beyond the limit")

    with pytest.raises(InvalidInput) as refused:
        accept_all(rows())
    assert list(refused.value.errors) == ["items"]
    assert_nothing_is_stored()
    assert accept_all([GOOD] * 3).accepted == 3


def test_an_upload_that_breaks_in_the_middle_queues_nothing() -> None:
    def rows() -> Iterator[Mapping[str, object]]:
        yield from [GOOD] * 2_500
        raise OSError("the file ended early")

    with pytest.raises(OSError, match="ended early"):
        accept_all(rows())
    assert_nothing_is_stored()


def test_an_unknown_job_type_is_refused() -> None:
    with pytest.raises(UnknownJobType):
        accept_all([GOOD], "translate")


def test_hard_text_survives_the_bulk_road() -> None:
    hard = ["cut off \ud83d", "a\u2028b", "tab\tnewline\nbackslash\\.", "\\N", "👩‍👩‍👧"]
    accept_all([{"document_text": text} for text in hard])
    assert list(JobDocument.objects.order_by("job").values_list("text", flat=True)) == hard
