"""Pages of collections of 10,000 rows, where a million jobs are beside them."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.test import Client, override_settings
from django.utils import timezone

from aijobs.models import Collection, ids_from
from citizenapp.tenants.models import User
from tests.benchmarks.bench import Bench
from tests.benchmarks.large_tables import by_turns, database, databases, server_time
from tests.benchmarks.report import Row, measurement

ROWS = 10_000
MOST_MS, MOST_MS_COMPARED = 50, 500

# Two runs each: of a classification and of an analysis whose answers have some pages.
FILL = """
CREATE TEMPORARY TABLE rows ON COMMIT DROP AS
SELECT i, %(collection)s::uuid AS collection,
       (left(%(first)s, 15) || left(md5(i::text), 3) || '-8' || right(lpad(to_hex(i), 6, '0'), 3)
        || '-' || lpad(to_hex(i), 12, '0'))::uuid AS id
FROM generate_series(1, %(rows)s) AS i;

INSERT INTO aijobs_aijob
    (id, tenant_id, collection_id, batch_id, job_type, status, route, attempts, max_tokens_factor,
     request_bytes, created_at, not_before, started_at, finished_at)
SELECT id, 1, collection, 2, %(kind)s,
       CASE WHEN i %% 100 = 6 THEN 'failed' ELSE 'completed' END, 'batch', 1, 1, 2000,
       %(now)s, %(now)s, %(now)s, %(now)s
FROM rows;

INSERT INTO aijobs_jobinput
    (job_id, tenant_id, job_type, options, source_name, created_by, row_number, reference)
SELECT id, 1, %(kind)s, '{}', '', 'ann', i, 'POL-' || i FROM rows;

INSERT INTO aijobs_jobdocument
    (job_id, number, name, media_type, text, characters, size, sha256, read_as)
SELECT id, 1, '', 'text/plain', '"The tenant shall repair the roof."', 35, 35, '', 'text' FROM rows;

INSERT INTO aijobs_joboutput (job_id, collection_id, model, stop_reason, word, result)
SELECT id, collection, 'm', 'end_turn', CASE %(kind)s
    WHEN 'classify' THEN 'Category ' || (i * %(run)s) %% 7
    ELSE (ARRAY['low', 'medium', 'high'])[1 + (i * %(run)s) %% 3] END, CASE %(kind)s
    WHEN 'classify' THEN '{"category":"Category ' || (i * %(run)s) %% 7 || '"}'
    ELSE '{"findings":[{"title":"T","detail":"'
         || (SELECT string_agg(md5((i * k)::text), ' ') FROM generate_series(1, 60) AS k)
         || '","quote":""}],"obligations":[],"risks":[{"title":"R","severity":"'
         || (ARRAY['low', 'medium', 'high'])[1 + (i * %(run)s) %% 3]
         || '","detail":"d"}],"answers":[]}' END::json
FROM rows WHERE i %% 100 <> 6;

INSERT INTO aijobs_statuscounter (collection_id, status, batch_id, jobs, is_compacted)
SELECT collection_id, status, NULL, count(*), TRUE
FROM aijobs_aijob WHERE collection_id = %(collection)s GROUP BY 1, 2
"""


def fill(kind: str) -> Collection:
    """Two collections of one name; returns the later one."""
    now = timezone.now()
    ids = ids_from(now)
    for run in (1, 2):
        collection = Collection.objects.create(
            id=next(ids), tenant_id=1, name=f"All of {kind}", job_type=kind, total=ROWS,
            created_by="ann", created_at=now,
        )  # fmt: skip
        arguments: dict[str, Any] = {
            "collection": collection.pk, "first": str(next(ids)), "rows": ROWS, "kind": kind,
            "now": now, "run": run,
        }  # fmt: skip
        arguments["first"] = f"{int(arguments['first'][:8], 16) + run:08x}{arguments['first'][8:]}"
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            for statement in FILL.split(";\n"):
                cursor.execute(statement, arguments)
            cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    return collection


@measurement("collections", aim=f"≤{MOST_MS} ms, compared ≤{MOST_MS_COMPARED} ms")
def collection_pages(bench: Bench) -> Iterator[Row]:
    """The list, a page of 10,000 rows by each filter, two such collections compared; processor."""
    jobs = min(bench.n * 100, 1_000_000)
    with databases({"many": jobs}), database("many"):
        found = {kind: fill(kind) for kind in ("classify", "analyze")}
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        took = bench.apart(partial(_times, found, 7 if bench.n >= 1_000 else 1))
    for what, seconds in took.items():
        most = MOST_MS_COMPARED if what.startswith("compared") else MOST_MS
        yield Row(
            f"{what}, {jobs:,} jobs",
            ours=f"{1e3 * seconds:.1f} ms",
            floor=f"aim: {most} ms",
            holds=1e3 * seconds <= most,
        )


@override_settings(
    ALLOWED_HOSTS=["testserver"],
    STORAGES=settings.STORAGES
    | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}},
)
def _times(found: dict[str, Collection], requests: int) -> dict[str, float]:
    client = Client()
    client.force_login(User.objects.get(username="member"))
    addresses = {"list": "/collections/", "list, by name": "/collections/?search=analyze"}
    for kind, one in found.items():
        page = f"/collections/{one.pk}"
        addresses |= {
            f"page of {kind}": page,
            f"page of {kind}, last": f"{page}?page=400",
            f"page of {kind}, row 9,000": f"{page}?row=9000",
            f"page of {kind}, failed": f"{page}?status=failed",
            f"compared, {kind}": f"{page}/compare",
        }
    classified, analyzed = (f"/collections/{one.pk}" for one in found.values())
    addresses["page of classify, category"] = f"{classified}?category=Category+3"
    addresses["page of analyze, risk"] = f"{analyzed}?risk=high"
    addresses["page of analyze, no risk"] = f"{analyzed}?risk=none"

    def visit(address: str, _: str) -> None:
        if client.get(address).status_code != 200:
            raise RuntimeError(address)

    subjects = {what: partial(visit, address) for what, address in addresses.items()}
    times = by_turns(subjects, ["many"], requests, clock=server_time)
    return {what: one["many"] for what, one in times.items()}
