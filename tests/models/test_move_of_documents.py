"""Texts of jobs that were queued before documents had a table of their own are kept."""

import hashlib
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from aijobs.models import AIJob, JobDocument
from tests.factories import NOW, make_tenant

BEFORE = ("aijobs", "0004_find_references")
TEXTS = ["Hail is covered.", "Grüße \ud83d cut off", "a\r\nb\u2028c"]


def migrate(to: tuple[str, str] | None = None) -> Any:
    """To this migration, or to the last one."""
    executor = MigrationExecutor(connection)
    targets = [to] if to else executor.loader.graph.leaf_nodes("aijobs")
    return executor.migrate(targets).apps


@pytest.mark.django_db(transaction=True)
def test_each_text_becomes_the_document_of_its_job(monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = make_tenant()
    try:
        old = migrate(BEFORE)
        for number, text in enumerate(TEXTS, 1):
            job = old.get_model("aijobs", "AIJob").objects.create(
                id=f"01a215c3-a19d-713e-a3f4-{number:012}",
                tenant_id=tenant.pk,
                job_type="summarize",
                request_bytes=1,
                created_at=NOW,
                not_before=NOW,
            )
            old.get_model("aijobs", "JobInput").objects.create(
                job=job,
                tenant_id=tenant.pk,
                job_type="summarize",
                document=text,
                options={},
                source_name="a.txt",
                created_by="ann",
            )
        # More than one piece.
        monkeypatch.setattr("aijobs.migrations.0006_move_documents.PIECE", 2, raising=True)
    finally:
        migrate()
    moved = JobDocument.objects.order_by("job_id")
    assert [(one.number, one.name, one.text) for one in moved] == [
        (1, "a.txt", text) for text in TEXTS
    ]
    first = moved[0]
    assert bytes(first.sha256) == hashlib.sha256(TEXTS[0].encode()).digest()
    assert (first.characters, first.size, first.read_as) == (16, 16, "text")
    assert AIJob.objects.get(pk=first.job_id).documents.get().part.text == TEXTS[0]
