"""Jobs by the words of their references, files, documents and answers."""

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import BooleanField, F, Func, OuterRef, Subquery, Value

from aijobs.jobtypes.words import in_order, stored
from aijobs.models import JobText
from aijobs.models.jobs import AIJobQuerySet
from citizenapp.tenants import remembering
from citizenapp.tenants.models import Tenant

# A word that so many of the newest jobs hold is found by walking the list from the newest on.
# Where another filter is asked for as well, the list may be long and hold few: it takes more then.
PROBED, DENSE, DENSE_AMONG_OTHERS = 500, 4, 13
# One letter begins too many words.
LEAST_OF_A_BEGINNING = 2

PROBE = """
SELECT count(*) FROM (
    SELECT job_id FROM aijobs_jobinput WHERE tenant_id = %s
    ORDER BY tenant_id DESC, job_id DESC LIMIT %s
) AS newest CROSS JOIN LATERAL (
    SELECT words FROM aijobs_jobtext WHERE job_id = newest.job_id OFFSET 0
) AS text WHERE text.words @@ %s::tsquery
"""


def query_of(tenant: Tenant, text: str) -> str:
    """What is asked of the index: all these words, the last of which may be only a beginning."""
    words = list(dict.fromkeys(in_order(text)))
    asked = [f"'{stored(tenant.pk, word)}'" for word in words]
    if words and len(words[-1]) >= LEAST_OF_A_BEGINNING and not text[-1:].isspace():
        asked[-1] += ":*"
    return " & ".join(asked)


def found(tenant: Tenant, jobs: AIJobQuerySet, text: str, *, are_all: bool = True) -> AIJobQuerySet:
    """Those among a tenant's jobs that hold all words of the text. One query, which looks ahead.

    `are_all`: the jobs are those of the tenant, narrowed by nothing else.

    What is rare is taken from the index, all of it, and then put in order. Of what is frequent that
    would be a million rows: the newest page of it is among the newest jobs, so these are looked at
    one by one. PostgreSQL itself cannot tell the two apart, as a word is a tenant's own.
    """
    query = query_of(tenant, text)
    if _among_the_newest(tenant, query) >= (DENSE if are_all else DENSE_AMONG_OTHERS):
        own = JobText.objects.filter(pk=OuterRef("pk")).values(hit=_matches(query))
        return jobs.alias(hit=Subquery(own)).filter(hit=True)
    keys = ArraySubquery(JobText.objects.alias(hit=_matches(query)).filter(hit=True).values("pk"))
    among = Func(
        F("pk"),
        keys,
        template="%(expressions)s)",
        arg_joiner=" = ANY(",
        output_field=BooleanField(),
    )
    return jobs.alias(hit=among).filter(hit=True)


def count(tenant: Tenant, text: str, most: int) -> int:
    """How many jobs hold all words of the text, as far as `most`: by the index alone."""
    hits = JobText.objects.alias(hit=_matches(query_of(tenant, text))).filter(hit=True)
    return hits.values("pk")[:most].count()


def _matches(query: str) -> Func:
    return Func(
        F("words"),
        Value(query),
        template="%(expressions)s::tsquery",
        arg_joiner=" @@ ",
        output_field=BooleanField(),
    )


def _among_the_newest(tenant: Tenant, query: str) -> int:
    def probe() -> int:
        with connection.cursor() as cursor:
            cursor.execute(PROBE, [tenant.pk, PROBED, query])
            return int(cursor.fetchone()[0])

    return remembering.once((PROBE, tenant.pk, query), probe)
