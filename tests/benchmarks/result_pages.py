"""A job, the reading desk and the usage of a tenant with half a million jobs, among a million."""

from collections.abc import Iterator
from functools import partial
from urllib.parse import quote

from django.conf import settings
from django.db import connection
from django.test import Client, override_settings
from django.urls import reverse

from aijobs.models import AIJob, Collection
from citizenapp.tenants.models import User
from tests.benchmarks.bench import Bench
from tests.benchmarks.job_list import MOST_MS, WORDS
from tests.benchmarks.large_tables import REQUESTS, by_turns, database, databases, server_time
from tests.benchmarks.report import Row, measurement

# An answer of each completed job of the large tenant: their tables are as large as in use.
ANSWERS = """
INSERT INTO aijobs_joboutput (job_id, collection_id, model, stop_reason, word, result)
SELECT id, collection_id, 'm', 'end_turn',
       CASE job_type WHEN 'classify' THEN 'Category ' || attempts WHEN 'analyze' THEN 'none'
            ELSE '' END,
       CASE job_type WHEN 'classify' THEN '{"category":"Category 1"}'
            WHEN 'analyze' THEN '{"findings":[],"obligations":[],"risks":[],"answers":[]}'
            ELSE '{"summary":"The tenant repairs the roof."}' END::json
FROM aijobs_aijob WHERE tenant_id = 1 AND status = 'completed';

INSERT INTO aijobs_readmark (person_id, job_id, tenant_id, read_at)
SELECT person.id, job.id, 1, now()
FROM tenants_user AS person CROSS JOIN LATERAL (
    SELECT id FROM aijobs_aijob WHERE tenant_id = 1 AND status = 'completed'
    ORDER BY id DESC LIMIT 10000
) AS job WHERE person.username = 'member';

VACUUM ANALYZE aijobs_joboutput;

VACUUM ANALYZE aijobs_readmark
"""


def addresses() -> dict[str, str]:
    """What is asked for, by name."""
    done = AIJob.objects.filter(tenant=1, status=AIJob.Status.COMPLETED)
    newest, oldest = done.order_by("-pk")[0].pk, done.order_by("pk")[0].pk
    collection = Collection.objects.filter(tenant=1).order_by("-pk")[0].pk
    of_collection = done.filter(collection=collection).order_by("pk")[0].pk
    desk, usage = reverse("read"), reverse("usage")
    found: dict[str, str] = {}
    for age, job in (("newest", newest), ("oldest", oldest)):
        page = reverse("job", args=[job])
        found |= {
            f"job: the {age}": page,
            f"job: the {age}, from the list": f"{page}?list={quote('collections=apart')}",
            f"job: the {age}, from a search": f"{page}?list={quote('q=hail')}",
            f"desk: the {age}": f"{desk}?job={job}",
            f"desk: the {age}, of what is unread": f"{desk}?unread=1&job={job}",
            f"desk: the {age}, of a search": f"{desk}?q=hail&job={job}",
        }
    return found | {
        "desk: the first": desk,
        "desk: the first that is unread": f"{desk}?unread=1",
        "desk: the first of a search": f"{desk}?q=roof",
        "desk: the first of a kind": f"{desk}?job_type=analyze",
        "desk: the first of a collection": f"{desk}?collection={collection}",
        "desk: in a collection": f"{desk}?collection={collection}&job={of_collection}",
        "job: in a collection": reverse("job", args=[of_collection])
        + f"?list={quote(f'collection={collection}')}",
        "usage: this month": usage,
        "usage: 30 days": f"{usage}?days=30",
        "usage: 90 days": f"{usage}?days=90",
    }


@override_settings(
    ALLOWED_HOSTS=["testserver"],
    STORAGES=settings.STORAGES
    | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}},
)
def _times(requests: int) -> dict[str, float]:
    client = Client()
    client.force_login(User.objects.get(username="member"))

    def visit(address: str, _: str) -> None:
        response = client.get(address)
        if response.status_code != 200:
            raise RuntimeError(f"{address}: {response.status_code}")

    subjects = {what: partial(visit, address) for what, address in addresses().items()}
    times = by_turns(subjects, ["many"], requests, clock=server_time)
    return {what: one["many"] for what, one in times.items()}


@measurement("job, desk and usage", aim=f"≤{MOST_MS} ms")
def result_pages(bench: Bench) -> Iterator[Row]:
    """Each of these pages, in milliseconds of the processor: the slowest of its kind."""
    jobs = min(bench.n * 100, 1_000_000)
    with databases({"many": jobs}), database("many"):
        with connection.cursor() as cursor:
            for statement in f"{WORDS};\n{ANSWERS}".split(";\n"):
                cursor.execute(statement)
        took = bench.apart(partial(_times, REQUESTS if bench.n >= 1_000 else 1))
    for kind in ("job", "desk", "usage"):
        found = {what: 1e3 * took[what] for what in took if what.startswith(f"{kind}: ")}
        worst = max(found, key=lambda what: found[what])
        yield Row(
            f"the slowest of {len(found)} pages: {worst}, {jobs:,} jobs",
            ours=f"{found[worst]:.1f} ms",
            holds=found[worst] <= MOST_MS,
        )
