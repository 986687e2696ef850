"""Bulk enqueue: collections through the API, against bare COPY and bulk_create."""

import csv
import hashlib
import os
from collections.abc import Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from aijobs.models import AIJob, JobDocument, JobInput, ids_from
from citizenapp.tenants.models import Tenant
from tests.benchmarks.bench import Bench, Way
from tests.benchmarks.material import documents
from tests.benchmarks.report import Row, measurement
from tests.factories import make_key, make_tenant

BOUNDARY = "benchmark"


@measurement("bulk enqueue", aim="≥60 % of COPY, ≥5× bulk_create")
def enqueue(bench: Bench) -> Iterator[Row]:
    """What is received, checked, priced by size and stored, from the first byte to the answer."""
    count = min(bench.n, settings.AIJOBS_COLLECTION_ITEMS)
    tenant = make_tenant(repeat_days=30)
    key = make_key(tenant)
    bodies: list[tuple[str, Path, str]] = bench.apart(lambda: list(write_bodies(bench, count)))
    application = get_wsgi_application()
    bare = bench.var / "rows"

    def post(body: Path, content_type: str) -> Way:
        return Way(lambda: call(application, body, content_type, key), before=forget)

    ways = {form: post(body, content_type) for form, body, content_type in bodies}
    # A body of JSON has a limit that 100,000 documents exceed.
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=1 << 30):
        # The first request of a process reads all of its code: no server meets it twice.
        call(application, bodies[-1][1], bodies[-1][2], key)
        write_rows(bare)
        runs = bench.side_by_side(
            **ways,
            bulk_create=Way(lambda: bulk_create(bench, tenant), before=forget),
            copy=Way(lambda: copy(bare), before=twin_tables),
        )
    floor, naive = (runs[name].per_second(count) for name in ("copy", "bulk_create"))
    for form in ways:
        rate = runs[form].per_second(count)
        yield Row(
            f"bulk enqueue, {form}",
            f"{rate:,.0f} jobs/s",
            f"bulk_create {naive:,.0f}",
            f"bare COPY {floor:,.0f}",
            f"{rate / floor:.0%}, {rate / naive:.1f}×",
            rate >= 0.6 * floor and rate >= 5 * naive,
            runs[form].peak_bytes,
            why="Reading, validation and pricing take as long in Python as COPY takes in PostgreSQL"
            ", and a CSV nearly as long again in the reader of the standard library. They overlap "
            "where two cores are free. JSON is held in memory; its size has a limit, lifted here.",
        )


def write_bodies(bench: Bench, count: int) -> Iterator[tuple[str, Path, str]]:
    """The same collection in each form: its name, a file with the body, the content type."""
    texts = list(documents(bench.random, count))
    fields = {"name": "Policies", "job_type": "summarize"}
    items = [{"document_text": text, "max_length": 100} for text in texts]
    body = bench.var / "body.json"
    body.write_bytes(orjson.dumps({**fields, "items": items}))
    yield "JSON", body, "application/json"
    lines = b"".join(orjson.dumps(item) + b"\n" for item in items)
    table = StringIO(newline="")
    writer = csv.writer(table)
    writer.writerows([("document_text", "max_length"), *((text, 100) for text in texts)])
    for form, content in (("NDJSON", lines), ("CSV", table.getvalue().encode())):
        body = bench.var / f"body.{form.lower()}"
        body.write_bytes(multipart(fields, f"policies.{form.lower()}", content))
        yield form, body, f"multipart/form-data; boundary={BOUNDARY}"


def multipart(fields: dict[str, str], name: str, content: bytes) -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
        for field, value in fields.items()
    ]
    disposition = f'Content-Disposition: form-data; name="file"; filename="{name}"'
    head = f"{''.join(parts)}--{BOUNDARY}\r\n{disposition}\r\n\r\n"
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def call(application: WSGIHandler, body: Path, content_type: str, key: str) -> None:
    """POST the file to the application as a WSGI server does."""
    answered: list[str] = []
    with body.open("rb") as file:
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/api/ai/collections",
            "CONTENT_TYPE": content_type,
            "CONTENT_LENGTH": str(os.fstat(file.fileno()).st_size),
            "HTTP_AUTHORIZATION": f"Bearer {key}",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.input": file,
            "wsgi.url_scheme": "https",
        }
        start: Any = lambda status, _headers: answered.append(status)  # noqa: E731
        with closing(application(environ, start)) as response:
            answer = b"".join(response)
    assert answered == ["202 Accepted"], (answered, answer[:1_000])


def forget() -> None:
    """Begin with empty tables of jobs."""
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE aijobs_aijob, aijobs_jobinput, aijobs_collection, aijobs_question CASCADE"
        )
        cursor.execute("CHECKPOINT")


TABLES = ("aijobs_aijob", "aijobs_jobinput", "aijobs_jobdocument")


def write_rows(folder: Path) -> None:
    """What the tables hold now, as COPY writes it."""
    folder.mkdir()
    with connection.cursor() as cursor:
        for table in TABLES:
            copying = cursor.copy(f"COPY {table} TO STDOUT")
            with (folder / table).open("wb") as file, copying as rows:
                file.writelines(rows)


def twin_tables() -> None:
    """Tables with the same columns, indexes and options, without triggers."""
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"DROP TABLE IF EXISTS bare_{table}")
            cursor.execute(
                "SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE relname = %s", [table]
            )
            (options,) = cursor.fetchone()
            cursor.execute(
                f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING ALL) WITH ({options})"
            )
        cursor.execute("CHECKPOINT")


def copy(folder: Path, prefix: str = "bare_") -> None:
    """The floor: finished bytes, straight to PostgreSQL."""
    for table in TABLES:
        with (
            (folder / table).open("rb") as file,
            connection.cursor() as cursor,
            cursor.copy(f"COPY {prefix}{table} FROM STDIN") as rows,
        ):
            while piece := file.read(1 << 18):
                rows.write(piece)


def bulk_create(bench: Bench, tenant: Tenant) -> None:
    now = timezone.now()
    ids = ids_from(now)
    with (bench.var / "body.json").open("rb") as body:
        items: list[dict[str, Any]] = orjson.loads(body.read())["items"]
    jobs = [
        AIJob(
            id=next(ids),
            tenant=tenant,
            job_type="summarize",
            request_bytes=len(item["document_text"]) + 1_000,
            created_at=now,
            not_before=now,
        )
        for item in items
    ]
    AIJob.objects.bulk_create(jobs, batch_size=1_000)
    JobInput.objects.bulk_create(
        (
            JobInput(
                job=job,
                tenant=tenant,
                job_type="summarize",
                options={"max_length": item["max_length"]},
                created_by="ann",
            )
            for job, item in zip(jobs, items, strict=True)
        ),
        batch_size=1_000,
    )
    JobDocument.objects.bulk_create(
        (
            JobDocument(
                job=job,
                number=1,
                media_type="text/plain",
                text=item["document_text"],
                characters=len(item["document_text"]),
                size=len(item["document_text"]),
                sha256=hashlib.sha256(item["document_text"].encode()).digest(),
                read_as="text",
            )
            for job, item in zip(jobs, items, strict=True)
        ),
        batch_size=1_000,
    )
