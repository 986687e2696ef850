"""The list of jobs of a tenant with half a million, among a million: searched and filtered."""

from collections.abc import Iterator
from functools import partial
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection
from django.test import Client, override_settings

from aijobs.models import AIJob, Collection
from aijobs.reading.filters import JobFilter
from aijobs.reading.job_list import JobList
from citizenapp.tenants.models import Tenant, User
from tests.benchmarks.bench import Bench
from tests.benchmarks.large_tables import REQUESTS, by_turns, databases, server_time
from tests.benchmarks.report import Row, measurement

MOST_MS = 50
# Twenty words of each job, of which "hail" is in half of them, "roof" in one of a hundred, and each
# of five thousand others in a few hundred; "needle" is in the oldest one of the large tenant.
WORDS = """
INSERT INTO aijobs_jobtext (job_id, words)
SELECT job_id, array_to_tsvector(ARRAY(
    SELECT DISTINCT tenant_id || '/' || word FROM (
        SELECT 'word' || (n * 7919 + place * 104729) % 5000 AS word
        FROM generate_series(1, 18) AS place
        UNION ALL SELECT 'hail' WHERE n % 2 = 0
        UNION ALL SELECT 'roof' WHERE n % 100 = 0
        UNION ALL SELECT 'needle' WHERE n = 2
    ) AS words
))
FROM (SELECT job_id, tenant_id, row_number() OVER (ORDER BY job_id) AS n FROM aijobs_jobinput)
    AS numbered;

INSERT INTO aijobs_tag (tenant_id, name) VALUES (1, 'urgent');

INSERT INTO aijobs_jobtag (tag_id, job_id)
SELECT currval('aijobs_tag_id_seq'), job_id FROM aijobs_jobinput
WHERE tenant_id = 1 ORDER BY job_id LIMIT 1000;

VACUUM ANALYZE aijobs_jobtext;

VACUUM ANALYZE aijobs_jobtag
"""
ASKED: dict[str, dict[str, str]] = {
    "all": {},
    "each job": {"collections": "apart"},
    "costs": {"view": "cost"},
    "waiting": {"status": "queued"},
    "in progress": {"status": "in_progress"},
    "done": {"status": "completed"},
    "failed": {"status": "failed"},
    "a word of half of them": {"q": "hail"},
    "a word of one in a hundred": {"q": "roof"},
    "two words": {"q": "hail word17"},
    "a beginning": {"q": "word12"},
    "the oldest": {"q": "needle"},
    "a word of none": {"q": "nothing"},
    "a word, failed": {"q": "roof", "status": "failed"},
    "a kind": {"job_type": "summarize"},
    "a rare kind": {"job_type": "analyze"},
    "a member": {"by": "ann"},
    "a member who is not": {"by": "nobody"},
    "a tag": {"tag": "urgent"},
    "dear ones": {"cost_from": "0.5"},
    "what costs as all do": {"cost_from": "0.0005", "cost_to": "0.002"},
    "a week": {"from": "2020-01-01", "to": "2099-01-01", "status": "failed"},
}


@override_settings(
    ALLOWED_HOSTS=["testserver"],
    STORAGES=settings.STORAGES
    | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}},
)
def _times(requests: int) -> dict[str, dict[str, float]]:
    large, small = Client(), Client()
    large.force_login(User.objects.get(username="member"))
    small.force_login(User.objects.get(username="small"))
    shown = JobList(Tenant.objects.get(pk=1), JobFilter()).page(size=25).rows
    rows = ",".join(str(row.id) for row in shown)
    newest = Collection.objects.filter(tenant=1).order_by("-pk")[0].pk
    oldest = AIJob.objects.filter(tenant=1).order_by("pk")[30].pk

    def visit(client: Client, address: str, headers: dict[str, str], name: str) -> None:
        response = client.get(address, headers=headers)
        if response.status_code != 200:
            raise RuntimeError(f"{address}: {response.status_code}")

    asked: dict[str, tuple[Client, str, dict[str, str]]] = {
        what: (large, f"/?{urlencode(query)}", {}) for what, query in ASKED.items()
    }
    asked |= {
        "a collection": (large, f"/?collection={newest}", {}),
        "its last page": (large, f"/?before={oldest}", {}),
        "what an open page asks": (large, "/", {"X-Live": "1", "X-Live-Rows": rows}),
        "all, of a small tenant": (small, "/", {}),
        "a word, of a small tenant": (small, "/?q=hail", {}),
    }
    name = str(connection.settings_dict["NAME"])
    subjects = {what: partial(visit, *how) for what, how in asked.items()}
    return by_turns(subjects, [name], requests, clock=server_time)


@measurement("list of jobs", aim=f"≤{MOST_MS} ms")
def list_of_jobs(bench: Bench) -> Iterator[Row]:
    """Each page of the list, by each filter, in milliseconds of the processor."""
    jobs = min(bench.n * 100, 1_000_000)
    requests = REQUESTS if bench.n >= 1_000 else 1
    with databases({"many": jobs}):
        own = connection.settings_dict["NAME"]
        connection.close()
        connection.settings_dict["NAME"] = "many"
        try:
            with connection.cursor() as cursor:
                for statement in WORDS.split(";\n"):
                    cursor.execute(statement)
            User.objects.create_user("small").memberships.create(tenant_id=7, role="member")
            took = bench.apart(lambda: _times(requests))
        finally:
            connection.close()
            connection.settings_dict["NAME"] = own
    found = {what: 1e3 * one["many"] for what, one in took.items()}

    for what in ("all", "a word of half of them", "a word of one in a hundred", "a beginning"):
        yield _row(f"list of jobs: {what}", found[what], jobs)
    worst = max(found, key=lambda what: found[what])
    row = _row(f"the slowest of {len(found)} lists: {worst}", found[worst], jobs)
    yield row


def _row(what: str, ms: float, jobs: int) -> Row:
    return Row(f"{what}, {jobs:,} jobs", ours=f"{ms:.1f} ms", holds=ms <= MOST_MS)
