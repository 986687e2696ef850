"""What jobs of a collection were given is read again, whole, and becomes the same jobs."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from aijobs.documents import Document, of_text
from aijobs.models import AIJob, Collection, JobDocument
from aijobs.pipeline import accept
from aijobs.reading import sources
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_tenant

pytestmark = pytest.mark.django_db

FILE = Document("a.png", "image/png", 4, b"s" * 32, "", b"\x89\nPNG", 3, True, ("One page.",))
COLUMNS = [
    one.name for one in JobDocument._meta.concrete_fields if one.name not in ("job", "number")
]


def collection_of(rows: Iterable[Any], **more: Any) -> tuple[Tenant, Collection]:
    tenant = make_tenant()
    found = accept.accept_collection(
        tenant, "May", "classify", rows, now=NOW, created_by="ann", **more
    )
    return tenant, found.collection


def again(
    tenant: Tenant, collection: Collection, options: Mapping[str, object], *, keeps_own: bool
) -> Collection:
    with sources.of(tenant, collection) as source:
        rows = source.rows(options, keeps_own=keeps_own)
        return accept.accept_collection(
            tenant, "May", "classify", rows, now=NOW, created_by="bob", defaults=source.defaults,
            lenient=True,
        ).collection  # fmt: skip


def documents(collection: Collection) -> list[dict[str, Any]]:
    found = JobDocument.objects.filter(job__collection=collection)
    return [
        {name: getattr(one, name) for name in COLUMNS} for one in found.order_by("job", "number")
    ]


def inputs(collection: Collection) -> list[tuple[Any, ...]]:
    jobs = AIJob.objects.filter(collection=collection).select_related("input").order_by("pk")
    return [
        (j.input.row_number, j.input.reference, j.input.metadata, bytes(j.input.fingerprint or b""))
        for j in jobs
    ]


def test_the_same_settings_make_the_same_jobs() -> None:
    """Texts and files, also such as hold what JSON or UTF-8 cannot."""
    texts = ["Hail.\n\n", "half \ud800", "שלום"]
    rows = [
        *(
            (number, {"text": text, "reference": f"P-{number}", "metadata": {"Büro": "Köln"}})
            for number, text in enumerate(texts, 2)
        ),
        (9, {"reference": "files"}, FILE, of_text("The second.")),
    ]
    options = {"categories": ["a", "b"]}
    tenant, first = collection_of(rows, defaults=options)
    assert sources.common_options(tenant, first) == options
    second = again(tenant, first, options, keeps_own=False)
    assert documents(second) == documents(first)
    assert inputs(second) == inputs(first)
    assert second.columns == first.columns == ["Büro"]


def test_rows_may_keep_what_they_said_themselves() -> None:
    rows = [
        (1, {"text": "A", "categories": ["a", "b"]}),
        (2, {"text": "B", "categories": ["c", "d"]}),
    ]
    tenant, first = collection_of(rows)
    assert sources.common_options(tenant, first) is None
    kept = again(tenant, first, {}, keeps_own=True)
    assert inputs(kept) == inputs(first)
    changed = again(tenant, first, {"categories": ["x", "y"]}, keeps_own=True)
    options = AIJob.objects.filter(collection=changed).values_list("input__options", flat=True)
    assert [*options] == [{"categories": ["x", "y"]}] * 2


def test_a_document_that_all_rows_share_stays_shared() -> None:
    rows = [(n, {"categories": [f"a{n}", f"b{n}"]}) for n in range(1, 4)]
    tenant, first = collection_of(rows, defaults={"text": "One policy for all."})
    second = again(tenant, first, {}, keeps_own=True)
    assert inputs(second) == inputs(first)
    shares = AIJob.objects.filter(collection=second, input__shares_document=True)
    assert shares.count() == 3


def test_more_rows_than_are_read_at_once_keep_their_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sources, "ROWS_AT_ONCE", 3)
    rows = [(n, {"text": f"Text {n}", "categories": ["a", "b"]}) for n in range(1, 11)]
    tenant, first = collection_of(rows)
    second = again(tenant, first, {"categories": ["a", "b"]}, keeps_own=False)
    assert inputs(second) == inputs(first)


def test_nobody_reads_what_is_somebody_elses() -> None:
    _, first = collection_of([(1, {"text": "A", "categories": ["a", "b"]})])
    with sources.of(make_tenant(), first) as source:
        assert list(source.rows({}, keeps_own=True)) == []
    assert sources.common_options(make_tenant(), first) is None
