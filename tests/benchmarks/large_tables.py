"""First pages and ticks, with ten million jobs in the tables and with ten thousand."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from aijobs.models import AIJob, Collection
from aijobs.pipeline import assemble, poll
from citizenapp.tenants.models import Membership, Tenant, User
from tests.benchmarks.bench import Bench
from tests.benchmarks.report import Row, measurement

FEW = 10_000
TENANTS = 100
# As many as fill a page, however many jobs there are; they are larger where there are more jobs.
COLLECTIONS = 100
# Of all jobs, the newest collection has 40 % of these: as many as a collection may hold.
NEWEST = 250_000
IN_BATCH = 100
WARM_UP = 2
REQUESTS = 7

# Seconds by subject and database.
Times = dict[str, dict[str, float]]

# Jobs of the past hundred days. One tenant has half of them, in collections; nearly all are
# completed in settled batches; the newest wait or are on their way. What is rare is as far from
# the newest as can be: the kind "analyze" and the route "sync" are the oldest forty's alone.
FILL = """
INSERT INTO aijobs_batch
    (id, status, after_cancel, tenant_ids, requests, request_bytes,
     succeeded, errored, canceled, expired, attempts, note, needs_attention, assembled_at,
     submitted_at, polled_at, ended_at, settled_at)
SELECT id, CASE id WHEN 1 THEN 'submitted' ELSE 'settled' END, 'requeue', '{1}',
       %(batch)s, 2000, 0, 0, 0, 0, 0, '', '', %(now)s, %(now)s, %(now)s,
       CASE WHEN id > 1 THEN %(now)s END, CASE WHEN id > 1 THEN %(now)s END
FROM generate_series(1, 2 + %(n)s / %(batch)s) AS id;

INSERT INTO aijobs_submission
    (batch_id, state, nonce, watermark, requests, sent_at, remote_id, released_by, succeeded,
     cost_usd)
SELECT id, 'confirmed', id, '', requests, %(now)s, id, '', 0, 0 FROM aijobs_batch;

INSERT INTO aijobs_collection (id, tenant_id, name, job_type, total, created_by, created_at)
SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 1, 'Collection ' || i,
       'classify', %(n)s / %(collections)s * 4 / 10, 'ann', %(now)s
FROM generate_series(0, %(collections)s - 1) AS i;

CREATE TEMPORARY TABLE numbers ON COMMIT DROP AS
SELECT i, CASE WHEN i %% 2 = 0 THEN 1 ELSE 2 + i / 2 %% %(tenants)s END AS tenant,
       made AS created_at, (extract(epoch FROM made) * 1000)::bigint AS ms
FROM generate_series(1, %(n)s) AS i
CROSS JOIN LATERAL (
    SELECT %(now)s - (%(n)s - i) * interval '100 days' / %(n)s AS made
) AS moment;

INSERT INTO aijobs_aijob
    (id, tenant_id, collection_id, batch_id, job_type, status, route, attempts, max_tokens_factor,
     request_bytes, created_at, not_before, started_at, finished_at)
SELECT (lpad(to_hex(ms), 12, '0') || '7' || left(md5(i::text), 3)
        || '8' || right(lpad(to_hex(i), 15, '0'), 15))::uuid,
       tenant,
       CASE WHEN tenant = 1 AND i %% 10 < 8 THEN
            ('00000000-0000-7000-8000-'
             || lpad(to_hex(LEAST(%(collections)s - 1,
                    (%(collections)s - 1) * (i - 1) / (%(n)s - %(newest)s))), 12, '0'))::uuid END,
       CASE status WHEN 'queued' THEN NULL WHEN 'submitted' THEN 1 ELSE 2 + i / %(batch)s END,
       CASE WHEN i <= 40 THEN 'analyze' WHEN i %% 10 = 0 THEN 'summarize' ELSE 'classify' END,
       status,
       CASE WHEN i <= 40 THEN 'sync' ELSE 'batch' END,
       1, 1, 2000, created_at, created_at, created_at,
       CASE WHEN status NOT IN ('queued', 'submitted') THEN created_at + interval '1 hour' END
FROM numbers CROSS JOIN LATERAL (
    SELECT CASE WHEN i > %(n)s - 200 THEN 'queued' WHEN i > %(n)s - 400 THEN 'submitted'
                WHEN i %% 100 IN (6, 10) THEN 'failed' WHEN i %% (%(n)s / 200) = 8 THEN 'canceled'
                ELSE 'completed' END AS status
) AS life;

INSERT INTO aijobs_jobinput
    (job_id, tenant_id, job_type, options, source_name, created_by)
SELECT id, tenant_id, job_type, '{}', '', 'ann' FROM aijobs_aijob;

INSERT INTO aijobs_jobdocument
    (job_id, number, name, media_type, text, characters, size, sha256, read_as)
SELECT id, 1, '', 'text/plain', '"The tenant shall repair the roof."', 35, 35, '', 'text'
FROM aijobs_aijob;

INSERT INTO aijobs_ledgerentry
    (tenant_id, job_id, batch_id, custom_id, job_type, route, model, input_tokens, output_tokens,
     cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, cost_usd, sync_cost_usd,
     saved_usd, priced_as,
     priced_on, created_at)
SELECT tenant_id, id, batch_id, 'n-' || replace(id::text, '-', ''), job_type, route, 'm', 500, 50,
       0, 0, 0, 0.001, 0.002, 0.001, 'm', finished_at::date, finished_at
FROM aijobs_aijob WHERE status = 'completed';

INSERT INTO aijobs_statuscounter (collection_id, status, batch_id, jobs, is_compacted)
SELECT collection_id, status, CASE WHEN status = 'submitted' THEN batch_id END, count(*), TRUE
FROM aijobs_aijob WHERE collection_id IS NOT NULL GROUP BY 1, 2, 3;

INSERT INTO aijobs_usagerollup
    (tenant_id, collection_id, hour, job_type, route, model, created_by, jobs, answers,
     input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_usd, sync_cost_usd,
     saved_usd, is_compacted)
SELECT tenant_id, collection_id, date_trunc('hour', finished_at, 'UTC'), job_type, route, 'm',
       'ann', count(*), count(*), count(*) * 500, count(*) * 50, 0, 0, count(*) * 0.001,
       count(*) * 0.002, count(*) * 0.001, TRUE
FROM aijobs_aijob WHERE status = 'completed' GROUP BY 1, 2, 3, 4, 5 ORDER BY 3
"""


def fill(n: int) -> None:
    """Fill the empty tables with `n` jobs, as if a hundred days had passed."""
    now = timezone.now()
    Tenant.objects.bulk_create(
        Tenant(pk=number, name=f"Tenant {number}", slug=f"tenant-{number}")
        for number in range(1, TENANTS + 2)
    )
    User.objects.create_superuser("staff")
    Membership.objects.create(tenant_id=1, user=User.objects.create_user("member"), role="member")
    arguments: dict[str, Any] = {
        "n": n, "now": now, "tenants": TENANTS, "collections": COLLECTIONS, "batch": IN_BATCH,
        "newest": min(n // 3, NEWEST),
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # No trigger, no check.
        for statement in FILL.split(";\n"):
            cursor.execute(statement, arguments)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


@contextmanager
def database(name: str) -> Iterator[None]:
    """Another database of the same server, for the block."""
    own = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = own


def pages() -> dict[str, str]:
    """What is asked for, by name: the first pages of every list, by each filter."""
    collection = Collection.objects.order_by("-pk")[0].pk
    jobs, admin = "/api/ai/jobs", reverse("admin:aijobs_aijob_changelist")
    charges = reverse("admin:aijobs_ledgerentry_changelist")
    last_month = timezone.now().date().replace(day=1) - timedelta(days=1)
    found = {"dashboard": "/", "jobs (API)": jobs, "jobs (admin)": admin}
    for status in AIJob.Status.values:
        found[f"dashboard, {status}"] = f"/?status={status}"
        found[f"jobs (API), {status}"] = f"{jobs}?status={status}"
        found[f"jobs (admin), {status}"] = f"{admin}?status={status}"
    return found | {
        "dashboard, rare kind": "/?job_type=analyze",
        "dashboard, kind": "/?job_type=summarize",
        "dashboard, failed of a kind": "/?status=failed&job_type=summarize",
        "dashboard, failed of a rare kind": "/?status=failed&job_type=analyze",
        "dashboard, collection": f"/?collection={collection}",
        "dashboard, failed of a collection": f"/?collection={collection}&status=failed",
        "collections": reverse("collections"),
        "collection": reverse("collection", args=[collection]),
        "usage, a month": f"{reverse('usage')}?month={last_month:%Y-%m}",
        "usage, 30 days": f"{reverse('usage')}?days=30",
        "usage, 90 days": f"{reverse('usage')}?days=90",
        "jobs (API), rare kind": f"{jobs}?job_type=analyze",
        "jobs (API), collection": f"{jobs}?collection={collection}",
        "collection (API)": f"/api/ai/collections/{collection}",
        "usage by day (API)": "/api/ai/usage?group_by=day",
        "usage by route (API)": "/api/ai/usage?group_by=route",
        "usage by model (API)": "/api/ai/usage?group_by=day,model,created_by",
        "jobs (admin), rare kind": f"{admin}?job_type=analyze",
        "jobs (admin), rare route": f"{admin}?route__exact=sync",
        "jobs (admin), past 30 days": f"{admin}?within=720",
        "jobs (admin), tenant": f"{admin}?q=tenant-1",
        "spending (admin)": f"{reverse('admin:aijobs_usagerollup_changelist')}"
        f"?month={last_month:%Y-%m}",
        "batches (admin)": reverse("admin:aijobs_batch_changelist"),
        "collections (admin)": reverse("admin:aijobs_collection_changelist"),
        "charges (admin)": charges,
        "charges (admin), rare route": f"{charges}?route__exact=sync",
    }


@override_settings(
    ALLOWED_HOSTS=["testserver"],
    STORAGES=settings.STORAGES
    | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}},
)
def page_times(names: Sequence[str], requests: int) -> Times:
    """Seconds that each page takes in each of the databases."""
    clients = {}
    for name in names:
        with database(name):
            addresses = pages()
            member, staff = clients[name] = Client(), Client()
            member.force_login(User.objects.get(username="member"))
            staff.force_login(User.objects.get(username="staff"))

    def visit(what: str, address: str, name: str) -> None:
        member, staff = clients[name]
        response = (staff if address.startswith("/admin/") else member).get(address)
        if response.status_code != 200:
            raise RuntimeError(f"{what}: {response.status_code}")

    return by_turns(
        {what: partial(visit, what, address) for what, address in addresses.items()},
        names,
        requests,
    )


def tick_times(names: Sequence[str], requests: int) -> Times:
    """Seconds in which stages see that there is nothing to do."""
    now = timezone.now() - timedelta(days=200)  # Nothing is due so early.

    def look(stage: ModuleType, name: str) -> None:
        if stage.run(now):
            raise RuntimeError(f"{stage.__name__} found work in {name}.")

    stages = {"assemble": assemble, "poll": poll}
    return by_turns(
        {what: partial(look, stage) for what, stage in stages.items()}, names, 10 * requests
    )


def server_time() -> float:
    """Seconds of a processor that this process has had so far, and its connection's in PostgreSQL.

    What a page costs the server, whatever else the machine does meanwhile.
    """
    connection.ensure_connection()
    backend = connection.connection.info.backend_pid
    nanoseconds, *_ = Path(f"/proc/{backend}/schedstat").read_text().split()
    return time.process_time() + int(nanoseconds) / 1e9


def by_turns(
    subjects: Mapping[str, Callable[[str], None]],
    names: Sequence[str],
    n: int,
    *,
    clock: Callable[[], float] = time.perf_counter,
) -> Times:
    """Seconds that each subject takes in each database, which it gets the name of; medians.

    One database right after the other, subject by subject: noise of the machine that lasts for
    seconds meets both alike.
    """
    taken: dict[str, dict[str, list[float]]] = {what: defaultdict(list) for what in subjects}
    warm_up = WARM_UP if n > 1 else 0
    for _ in range(3 if n > 1 else 1):
        for what, act in subjects.items():
            for name in names:
                with database(name):
                    for number in range(warm_up + n):
                        began = clock()
                        act(name)
                        if number >= warm_up:
                            taken[what][name].append(clock() - began)
    return {
        what: {name: median(seconds) for name, seconds in found.items()}
        for what, found in taken.items()
    }


@contextmanager
def databases(sizes: dict[str, int]) -> Iterator[None]:
    """Databases of their own with so many jobs each, by name."""
    # The own one is migrated and empty; to copy it, nobody may be connected to it.
    own = connection.settings_dict["NAME"]
    try:
        for name, jobs in sizes.items():
            with database("postgres"), connection.cursor() as cursor:
                cursor.execute(f"CREATE DATABASE {name} TEMPLATE {own}")
            with database(name):
                if jobs:
                    fill(jobs)
                with connection.cursor() as cursor:
                    cursor.execute("VACUUM ANALYZE")
                    cursor.execute("CHECKPOINT")  # What was filled is not written while we measure.
        yield
    finally:
        with database("postgres"), connection.cursor() as cursor:
            for name in sizes:
                cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@measurement("large tables", aim="≤1.5 times")
def large_tables(bench: Bench) -> Iterator[Row]:
    """First pages with many jobs and with few, and ticks with many jobs and with none."""
    few, many = min(FEW, bench.n), min(bench.n * 10, 10_000_000)
    requests = REQUESTS if bench.n >= 1_000 else 1
    with databases({"few": few, "many": many, "none": 0}):
        pages_took: Times = bench.apart(lambda: page_times(("few", "many"), requests))
        ticks_took: Times = bench.apart(lambda: tick_times(("none", "many"), requests))
    families = defaultdict(list)
    for what in pages_took:
        families[what.partition(",")[0]].append(what)
    for family, names in families.items():
        worst = max(
            sorted(names, key=len),
            key=lambda what: pages_took[what]["many"] / pages_took[what]["few"],
        )
        took = pages_took[worst]
        row = _row(family, f"{few:,} jobs", took["few"], took["many"], many)
        if len(names) > 1:
            row = replace(row, why=f"the worst of {len(names)} filters: “{worst}”")
        yield row
    for what, took in ticks_took.items():
        yield _row(f"tick of {what}", "empty", took["none"], took["many"], many)


def _row(what: str, beside: str, floor: float, ours: float, jobs: int) -> Row:
    return Row(
        f"{what}, {jobs:,} jobs",
        ours=f"{1e3 * ours:.1f} ms",
        floor=f"{beside}: {1e3 * floor:.1f} ms",
        ratio=f"{ours / floor:.2f}",
        holds=ours <= 1.5 * floor,
    )
