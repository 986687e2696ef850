"""The three stages that touch every job: assemble, dispatch, settle."""

import http.client
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import orjson
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from aijobs import gateway
from aijobs.models import AIJob, Batch, JobOutput, new_nonce
from aijobs.pipeline import assemble, dispatch, settle
from tests.benchmarks import material
from tests.benchmarks.bench import Bench, Way
from tests.benchmarks.material import documents
from tests.benchmarks.report import Row, measurement
from tests.benchmarks.sink import sink

# The naive ways take a millisecond a row; so many are enough to know.
NAIVE_ROWS = 1_000


@measurement("assemble", aim="≥60 % of the bare UPDATE")
def assembling(bench: Bench) -> Iterator[Row]:
    bench.apart(lambda: material.queue(bench))
    runs = bench.side_by_side(
        ours=Way(_assemble, before=material.queue_anew),
        bare=Way(_claim_bare, before=_make_bare_jobs),
        naive=Way(_claim_row_by_row, before=material.queue_anew),
    )
    ours, floor = (runs[name].per_second(bench.n) for name in ("ours", "bare"))
    naive = runs["naive"].per_second(min(NAIVE_ROWS, bench.n))
    yield Row(
        "assemble",
        f"{ours:,.0f} jobs/s",
        f"row by row {naive:,.0f}",
        f"bare UPDATE … SKIP LOCKED {floor:,.0f}",
        f"{ours / floor:.0%}",
        ours >= 0.6 * floor,
        runs["ours"].peak_bytes,
        why="The bare UPDATE takes what comes, and writes two indexes. Ours ranks the jobs of all "
        "tenants first, writes the index of collections as well, keeps counts and tells pages.",
    )


def _assemble() -> None:
    while assemble.assemble_one(timezone.now()):
        pass


def _make_bare_jobs() -> None:
    """The same narrow rows with the three indexes that no queue can do without."""
    with connection.cursor() as cursor:
        for statement in (
            "DROP TABLE IF EXISTS bare_job",
            "CREATE TABLE bare_job WITH (fillfactor = 70) AS SELECT * FROM aijobs_aijob",
            "UPDATE bare_job SET status = 'queued', batch_id = NULL, started_at = NULL",
            "VACUUM (FULL, ANALYZE) bare_job",
            "ALTER TABLE bare_job ADD PRIMARY KEY (id)",
            "CREATE INDEX ON bare_job (tenant_id, not_before, id) WHERE status = 'queued'",
            "CREATE INDEX ON bare_job (tenant_id, id)",
            "CHECKPOINT",
        ):
            cursor.execute(statement)


def _claim_bare() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE bare_job
            SET status = 'submitted', batch_id = 1, attempts = attempts + 1, started_at = now()
            WHERE id = ANY(ARRAY(
                SELECT id FROM bare_job WHERE status = 'queued'
                LIMIT 1000000 FOR UPDATE SKIP LOCKED))
            """
        )


def _claim_row_by_row() -> None:
    batch = Batch.objects.create(
        tenant_ids=[], requests=0, request_bytes=0, assembled_at=timezone.now()
    )
    for job in AIJob.objects.filter(status="queued").order_by("not_before")[:NAIVE_ROWS]:
        job.status, job.batch, job.started_at = "submitted", batch, timezone.now()
        job.save()


@measurement("dispatch", aim="≤2× raw, ≤120 MB")
def dispatching(bench: Bench) -> Iterator[Row]:
    """Into a sink, so that the time of whoever receives it does not count."""
    bench.apart(lambda: material.queue(bench))
    _assemble()
    body = bench.var / "batches"
    body.mkdir()
    sizes = {batch.pk: _write_body(batch, body / str(batch.pk)) for batch in Batch.objects.all()}
    with sink() as (host, port), override_settings(ANTHROPIC_BASE_URL=f"http://{host}:{port}"):
        runs = bench.side_by_side(
            ours=Way(_dispatch, before=_ready_to_send),
            raw=lambda: _send_raw(sizes, body, host, port),
        )
    ours, raw = runs["ours"], runs["raw"]
    yield Row(
        "dispatch",
        f"{ours.per_second(bench.n):,.0f} requests/s",
        floor=f"rows read, bytes sent raw {raw.per_second(bench.n):,.0f}",
        ratio=f"{ours.seconds / raw.seconds:.1f}× the time",
        holds=ours.seconds <= 2 * raw.seconds and ours.peak_bytes <= 120e6,
        peak_bytes=ours.peak_bytes,
    )


def _write_body(batch: Batch, path: Path) -> int:
    with path.open("wb") as file:
        dispatch.write_body(batch, new_nonce(), file)
        return file.tell()


def _ready_to_send() -> None:
    material.assemble_anew()
    _warm_up()


def _dispatch() -> None:
    for batch in dispatch.ready(timezone.now()):
        dispatch.dispatch(batch, timezone.now)
        # The sink gives every batch one id, which two cannot have.
        batch.submissions.update(remote_id=f"{batch.remote_id}_{batch.pk}")


def _send_raw(sizes: dict[int, int], bodies: Path, host: str, port: int) -> None:
    for batch, size in sizes.items():
        with connection.cursor() as cursor, TemporaryFile() as spool:
            rows = cursor.copy(
                "COPY (SELECT document.* FROM aijobs_aijob job"
                " JOIN aijobs_jobdocument document ON document.job_id = job.id"
                f" WHERE job.batch_id = {batch}) TO STDOUT"
            )
            with rows as pieces:
                spool.writelines(pieces)
        _post(bodies / str(batch), size, host, port)


def _post(body: Path, size: int, host: str, port: int) -> None:
    server = http.client.HTTPConnection(host, port)
    with body.open("rb") as file:
        server.request("POST", "/", file, {"Content-Length": str(size)})
    server.getresponse().read()
    server.close()


@measurement("settle", aim="≥36 % of COPY, ≥25× naive, ≤120 MB")
def settling(bench: Bench) -> Iterator[Row]:
    """Download, check, parse, store, charge, notify."""
    bench.apart(lambda: material.queue(bench))
    results, outputs = bench.var / "results", bench.var / "outputs"
    bench.apart(lambda: material.send(then=lambda: _write_results(bench, results)))
    with (
        sink(results) as (host, port),
        override_settings(ANTHROPIC_BASE_URL=f"http://{host}:{port}"),
    ):
        bench.apart(lambda: settle.run(timezone.now()))
        assert not Batch.objects.exclude(status="settled").exists()
        with outputs.open("wb") as file:
            _copy_out(file)
        runs = bench.side_by_side(
            ours=Way(lambda: settle.run(timezone.now()), before=_ended),
            copy=Way(lambda: _copy_in(outputs), before=_make_bare_outputs),
            naive=Way(_save_each, before=_ended),
            bulk_update=Way(_bulk_update, before=_ended),
        )
    few = min(NAIVE_ROWS, bench.n)
    ours, floor = (runs[name].per_second(bench.n) for name in ("ours", "copy"))
    naive, bulk = (runs[name].per_second(few) for name in ("naive", "bulk_update"))
    yield Row(
        "settle",
        f"{ours:,.0f} results/s",
        f"get + save {naive:,.0f}, bulk_update {bulk:,.0f}",
        f"bare COPY {floor:,.0f}",
        f"{ours / floor:.0%}, {ours / naive:.0f}×",
        ours >= 25 / 70 * floor and ours >= 25 * naive and runs["ours"].peak_bytes <= 120e6,
        runs["ours"].peak_bytes,
        why="The floor stores finished results alone. Ours reads each row twice, since nothing is "
        "stored before all are there, prices it, writes a charge, which takes PostgreSQL longer "
        "than the result, and finishes its job.",
    )


RESULT_CHARS = 1_500


def _write_results(bench: Bench, folder: Path) -> None:
    """The results of all batches as the emulator gives them, but with answers of 1.5 KB."""
    folder.mkdir()
    texts = documents(bench.random, bench.n)
    for batch in Batch.objects.all():
        remote_id = batch.remote_id
        assert remote_id
        with TemporaryFile() as rows, (folder / remote_id).open("wb") as file:
            gateway.download_results(remote_id, rows)
            rows.seek(0)
            for line in rows:
                row = orjson.loads(line)
                row["result"]["message"]["content"][0]["text"] = next(texts)[:RESULT_CHARS]
                file.write(orjson.dumps(row) + b"\n")


def _ended() -> None:
    material.end_anew()
    _warm_up()


def _warm_up() -> None:
    """Workers live long: the SDK is imported once, and its connection stays open."""
    gateway.newest_batch_id()


def _copy_out(file: IO[bytes]) -> None:
    with connection.cursor() as cursor, cursor.copy("COPY aijobs_joboutput TO STDOUT") as rows:
        file.writelines(rows)


def _make_bare_outputs() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bare_output")
        cursor.execute("CREATE TABLE bare_output (LIKE aijobs_joboutput INCLUDING ALL)")
        cursor.execute("CHECKPOINT")


def _copy_in(results: Path) -> None:
    with (
        results.open("rb") as file,
        connection.cursor() as cursor,
        cursor.copy("COPY bare_output FROM STDIN") as rows,
    ):
        while piece := file.read(1 << 18):
            rows.write(piece)


RESULT = {"summary": "A summary of the policy. " * 60}


def _save_each() -> None:
    now = timezone.now()
    for key in AIJob.objects.filter(status="submitted").values_list("pk", flat=True)[:NAIVE_ROWS]:
        job = AIJob.objects.get(pk=key)
        JobOutput(job=job, result=RESULT, model="m", stop_reason="end_turn").save(force_insert=True)
        job.status, job.finished_at = "completed", now
        job.save()


def _bulk_update() -> None:
    now = timezone.now()
    jobs = list(AIJob.objects.filter(status="submitted")[:NAIVE_ROWS])
    for job in jobs:
        job.status, job.finished_at = "completed", now
    JobOutput.objects.bulk_create(
        JobOutput(job=job, result=RESULT, model="m", stop_reason="end_turn") for job in jobs
    )
    AIJob.objects.bulk_update(jobs, ["status", "finished_at"])
