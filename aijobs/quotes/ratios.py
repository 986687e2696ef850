"""How the tokens of jobs compare with what was expected of them: learned from our own charges."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import NamedTuple

from django.db import connection

from aijobs.jobtypes import JobType
from aijobs.models import TenantTokenRatio, TokenRatio
from citizenapp.tenants.models import Tenant

# The latest charges, of all kinds together: what was learned longer ago says less.
LOOKED_AT = 20_000
# The prior counts as much as so many charges. A tenant with fewer has no ratios of its own.
PRIOR_JOBS = 10
LEARNED_EVERY = timedelta(minutes=2)
# Ratios are learned from thousands of charges, and hardly differ from one minute to the next.
_KEPT = timedelta(minutes=1)

# Whose ratios are kept at once in each process.
_MOST_TENANTS = 1_000

# The same for all tenants together, and for each of them.
_STORE = """
INSERT INTO {table} (
    {keys}, jobs, prompt_low, prompt_mean, prompt_high, answer_low, answer_mean, answer_high,
    learned_at
)
SELECT {keys}, count(*),
       percentile_cont(0.1) WITHIN GROUP (ORDER BY prompt), avg(prompt),
       percentile_cont(0.9) WITHIN GROUP (ORDER BY prompt),
       percentile_cont(0.1) WITHIN GROUP (ORDER BY answer), avg(answer),
       percentile_cont(0.9) WITHIN GROUP (ORDER BY answer), %(now)s
FROM job GROUP BY {keys} HAVING count(*) >= {least} ORDER BY {keys}
ON CONFLICT ({keys}) DO UPDATE SET
    jobs = EXCLUDED.jobs, prompt_low = EXCLUDED.prompt_low, prompt_mean = EXCLUDED.prompt_mean,
    prompt_high = EXCLUDED.prompt_high, answer_low = EXCLUDED.answer_low,
    answer_mean = EXCLUDED.answer_mean, answer_high = EXCLUDED.answer_high,
    learned_at = EXCLUDED.learned_at
"""
_KEYS = "job_type, model, document_kind"
_OF_ALL = _STORE.format(table="aijobs_tokenratio", keys=_KEYS, least=1)
_OF_TENANTS = _STORE.format(
    table="aijobs_tenanttokenratio", keys=f"tenant_id, {_KEYS}", least=PRIOR_JOBS
)

LEARN = f"""
WITH job AS MATERIALIZED (
    SELECT input.tenant_id, charge.job_type, charge.priced_as AS model, input.document_kind,
           (
               input_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens
           )::float8 / input.expected_tokens AS prompt,
           output_tokens::float8 / input.most_answer_tokens AS answer
    FROM (
        SELECT * FROM aijobs_ledgerentry WHERE corrects_id IS NULL ORDER BY id DESC LIMIT %(most)s
    ) AS charge
    JOIN aijobs_jobinput AS input ON input.job_id = charge.job_id
    WHERE input.expected_tokens > 0 AND input.most_answer_tokens > 0 AND charge.priced_as <> ''
), of_all AS ({_OF_ALL})
{_OF_TENANTS}
"""  # noqa: S608


class Range(NamedTuple):
    """Something between `low` and `high` in eight of ten cases, `likely` on the average."""

    low: float
    likely: float
    high: float


class Ratios(NamedTuple):
    """Tokens of the prompt to those expected, and of the answer to the most that it may have."""

    prompt: Range
    answer: Range
    jobs: int = 0
    """From how many charges they were learned."""


def prior(kind: JobType) -> Ratios:
    """What is expected of a job type that has no charges yet."""
    usual = kind.usual_answer
    return Ratios(Range(0.7, 0.85, 1.0), Range(usual / 2, usual, min(2 * usual, 1.0)))


Key = tuple[str, str, str]
"""Job type, model, kind of document."""


@dataclass(slots=True)
class _Memory:
    learned: Mapping[Key, Ratios]
    since: datetime


_lock = Lock()
# By the id of a tenant; under None those of all of them.
_memory: dict[int | None, _Memory] = {}


def of(
    tenant: Tenant, kind: JobType, document_kind: str, now: datetime, *, model: str = ""
) -> Ratios:
    """The ratios that hold for such jobs of a tenant.

    What all tenants' jobs were charged is weighed against the prior, and the tenant's own against
    that: the more there are, the more they count.
    `model`: where they are asked of another than that of their type.
    """
    expected = prior(kind)
    for whose in (None, tenant.pk):
        if found := _learned(whose, now).get((kind.name, kind.model_of(model), document_kind)):
            weight = found.jobs / (found.jobs + PRIOR_JOBS)
            expected = Ratios(
                _between(expected.prompt, found.prompt, weight),
                _between(expected.answer, found.answer, weight),
                max(expected.jobs, found.jobs),
            )
    return expected


def learn(now: datetime) -> None:
    """Look at the latest charges again, where that was not done just now."""
    if TokenRatio.objects.filter(learned_at__gt=now - LEARNED_EVERY).exists():
        return
    with connection.cursor() as cursor:
        cursor.execute(LEARN, {"now": now, "most": LOOKED_AT})
    forget()


def forget() -> None:
    """Ask the database again next time."""
    with _lock:
        _memory.clear()


def _between(one: Range, other: Range, weight: float) -> Range:
    low, likely, high = (a + (b - a) * weight for a, b in zip(one, other, strict=True))
    return Range(low, likely, high)


def _learned(tenant_id: int | None, now: datetime) -> Mapping[Key, Ratios]:
    with _lock:
        kept = _memory.get(tenant_id)
        if kept is None or not kept.since <= now < kept.since + _KEPT:
            if len(_memory) >= _MOST_TENANTS:
                _memory.clear()
            kept = _memory[tenant_id] = _Memory(_load(tenant_id), now)
        return kept.learned


def _load(tenant_id: int | None) -> Mapping[Key, Ratios]:
    rows: Iterable[TokenRatio | TenantTokenRatio] = TokenRatio.objects.all()
    if tenant_id is not None:
        rows = TenantTokenRatio.objects.filter(tenant=tenant_id)
    return {
        (row.job_type, row.model, row.document_kind): Ratios(
            Range(row.prompt_low, row.prompt_mean, row.prompt_high),
            Range(row.answer_low, row.answer_mean, row.answer_high),
            row.jobs,
        )
        for row in rows
    }
