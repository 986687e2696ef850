"""All that a tenant has, read through for an export: lines of JSON, and the files that were sent.

PostgreSQL writes the JSON. Everything is read in pieces that go on after the last id, each of some
megabytes at most, so memory stays flat at any size.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Self

import psycopg
from django.db import connection

from aijobs.postgres import locks
from citizenapp.tenants.models import Tenant

ROWS, MOST_BYTES = 500, 4_000_000
LOCK_SECONDS = 2
_AWAY = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.IdleInTransactionSessionTimeout,
)


class Snapshot:
    """A connection of its own that sees the rows of one moment.

    A snapshot keeps PostgreSQL from clearing away what changed since, so it lasts `seconds` at
    most, also where whoever reads it is slow or gone: PostgreSQL itself ends one that idles longer.
    What is read after that is of a later moment. `moments` says of which ones all was read.
    """

    def __init__(self, seconds: float, clock: Callable[[], float], lock: str = "") -> None:
        """`lock`: of those with this name one at a time; who comes later gets LockNotAvailable."""
        self.moments: list[str] = []
        self._lock = lock
        self._seconds, self._clock = seconds, clock
        self._since = 0.0
        self._link: psycopg.Connection[Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
        self._link = None

    def rows(self, query: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        """What a query finds."""
        if self._link is not None and self._clock() - self._since <= self._seconds:
            try:
                return self._link.execute(query, parameters).fetchall()
            except _AWAY:
                pass  # PostgreSQL has ended it: nobody had asked anything for too long.
        return self._begin().execute(query, parameters).fetchall()

    def _begin(self) -> psycopg.Connection[Any]:
        self.close()
        settings = connection.get_connection_params()
        names = ("cursor_factory", "context", "prepare_threshold", "isolation_level")
        link = psycopg.connect(**{k: v for k, v in settings.items() if k not in names})
        self._link = link  # Closed with the rest, whatever comes.
        link.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        link.read_only = True
        idle = f"SET LOCAL idle_in_transaction_session_timeout = {int(self._seconds * 1_000)}"
        link.execute(idle)
        link.execute("SET LOCAL timezone = 'UTC'")
        if self._lock:
            # The one that this follows may be about to end.
            link.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
            link.execute("SELECT pg_advisory_xact_lock(%s)", [locks.key_of(self._lock)])
        [(moment,)] = link.execute("SELECT to_json(now())#>>'{}'").fetchall()
        self.moments.append(moment)
        self._since = self._clock()
        return link


def lock_of(tenant: Tenant) -> str:
    """Who reads everything of a tenant has it: each keeps a connection, of which there are few."""
    return f"everything of {tenant.pk}"


def is_being_read(tenant: Tenant) -> bool:
    """Whether somebody reads everything of the tenant already."""
    return locks.is_taken(lock_of(tenant))


class Part(NamedTuple):
    """A file of lines. The query finds an id and a line of JSON, in the order of the ids."""

    name: str
    query: str
    first: Any = 0
    is_for_administrators: bool = False


NO_ID = "00000000-0000-0000-0000-000000000000"
PARTS = (
    Part(
        "members",
        """
        SELECT member.id, json_build_object(
            'username', person.username, 'email', person.email, 'role', member.role,
            'created_at', member.created_at)::text
        FROM tenants_membership AS member JOIN tenants_user AS person ON person.id = member.user_id
        WHERE member.tenant_id = %(tenant)s AND member.id > %(after)s
        ORDER BY member.id LIMIT %(rows)s
        """,
    ),
    Part(
        "keys",
        """
        SELECT id, json_build_object(
            'name', name, 'prefix', prefix, 'role', role, 'job_types', job_types,
            'created_at', created, 'made_by', made_by, 'last_used_at', last_used_at,
            'expires_at', expiry_date, 'revoked', revoked)::text
        FROM tenants_apikey WHERE tenant_id = %(tenant)s AND id > %(after)s
        ORDER BY id LIMIT %(rows)s
        """,
        "",
    ),
    Part(
        "invitations",
        """
        SELECT id, json_build_object(
            'email', email, 'role', role, 'invited_by', inviter, 'created_at', created_at,
            'sent_at', sent_at, 'expires_at', expires_at, 'accepted_at', accepted_at,
            'accepted_by', accepted_by, 'withdrawn_at', withdrawn_at)::text
        FROM tenants_invitation WHERE tenant_id = %(tenant)s AND id > %(after)s
        ORDER BY id LIMIT %(rows)s
        """,
        NO_ID,
        is_for_administrators=True,
    ),
    Part(
        "audit",
        """
        SELECT id, json_build_object(
            'at', at, 'who', actor, 'action', action, 'subject', subject, 'details', details,
            'address', host(address), 'program', agent, 'id', id)::text
        FROM tenants_auditentry WHERE tenant_id = %(tenant)s AND id > %(after)s
        ORDER BY id LIMIT %(rows)s
        """,
        NO_ID,
        is_for_administrators=True,
    ),
    Part(
        "collections",
        """
        SELECT id, json_build_object(
            'collection_id', id, 'name', name, 'job_type', job_type, 'total', total,
            'rejected', rejected, 'columns', columns, 'created_by', created_by,
            'created_at', created_at)::text
        FROM aijobs_collection
        WHERE tenant_id = %(tenant)s AND id > %(after)s AND erasing_since IS NULL
        ORDER BY id LIMIT %(rows)s
        """,
        NO_ID,
    ),
    Part(
        "charges",
        """
        SELECT id, json_build_object(
            'charge_id', id, 'corrects', corrects_id, 'job_id', job_id, 'job_type', job_type,
            'route', route, 'model', model, 'priced_as', priced_as, 'priced_on', priced_on,
            'input_tokens', input_tokens, 'output_tokens', output_tokens,
            'cache_read_tokens', cache_read_tokens,
            'cache_write_5m_tokens', cache_write_5m_tokens,
            'cache_write_1h_tokens', cache_write_1h_tokens, 'cost_usd', cost_usd::text,
            'sync_cost_usd', sync_cost_usd::text, 'saved_usd', saved_usd::text,
            'is_estimated', is_estimated, 'created_at', created_at)::text
        FROM aijobs_ledgerentry WHERE tenant_id = %(tenant)s AND id > %(after)s
        ORDER BY tenant_id, id LIMIT %(rows)s
        """,
    ),
    Part(
        "quotes",
        """
        SELECT id, json_build_object(
            'quote_id', id, 'job_type', job_type, 'jobs', jobs, 'low_usd', low_usd::text,
            'likely_usd', likely_usd::text, 'high_usd', high_usd::text, 'quote', answer,
            'created_by', created_by, 'created_at', created_at, 'confirmed_at', confirmed_at,
            'job_id', job_id, 'collection_id', collection_id,
            'charged_usd', charged_usd::text)::text
        FROM aijobs_quote WHERE tenant_id = %(tenant)s AND id > %(after)s
        ORDER BY id LIMIT %(rows)s
        """,
        NO_ID,
    ),
    Part(
        "webhooks",
        """
        SELECT id, json_build_object(
            'webhook_id', id, 'url', url, 'description', description, 'events', events,
            'includes_result', includes_result, 'state', state, 'created_by', created_by,
            'created_at', created_at)::text
        FROM aijobs_webhook WHERE tenant_id = %(tenant)s AND id > %(after)s
        ORDER BY id LIMIT %(rows)s
        """,
        NO_ID,
        is_for_administrators=True,
    ),
    Part(
        "budget_notices",
        """
        SELECT id, json_build_object(
            'month', month, 'percent', percent, 'told_at', told_at,
            'put_away_by', put_away_by)::text
        FROM aijobs_budgetnotice WHERE tenant_id = %(tenant)s AND id > %(after)s
        ORDER BY id LIMIT %(rows)s
        """,
    ),
    Part(
        "operations",
        """
        SELECT id, json_build_object(
            'operation_id', id, 'kind', kind, 'tag', tag, 'status', status, 'total', total,
            'done', done, 'changed', changed, 'skipped', skipped, 'created_by', created_by,
            'created_at', created_at, 'ended_at', ended_at)::text
        FROM aijobs_operation WHERE tenant_id = %(tenant)s AND id > %(after)s
        ORDER BY id LIMIT %(rows)s
        """,
        NO_ID,
    ),
    Part(
        "corrections",
        """
        SELECT id, json_build_object(
            'job_id', job_id, 'number', number, 'result', result, 'created_by', created_by,
            'created_at', created_at)::text
        FROM aijobs_correction AS correction
        WHERE tenant_id = %(tenant)s AND id > %(after)s AND EXISTS (
            SELECT FROM aijobs_aijob AS job
            WHERE job.id = correction.job_id AND job.erasing_since IS NULL)
        ORDER BY tenant_id, id LIMIT %(rows)s
        """,
    ),
    Part(
        "comments",
        """
        SELECT id, json_build_object(
            'job_id', job_id, 'text', text, 'created_by', created_by,
            'created_at', created_at)::text
        FROM aijobs_comment AS comment
        WHERE tenant_id = %(tenant)s AND id > %(after)s AND EXISTS (
            SELECT FROM aijobs_aijob AS job
            WHERE job.id = comment.job_id AND job.erasing_since IS NULL)
        ORDER BY tenant_id, id LIMIT %(rows)s
        """,
        NO_ID,
    ),
    Part(
        "saved_views",
        """
        SELECT view.id, json_build_object(
            'name', view.name, 'query', view.query, 'is_shared', view.is_shared,
            'username', person.username, 'created_at', view.created_at)::text
        FROM aijobs_savedview AS view JOIN tenants_user AS person ON person.id = view.user_id
        WHERE view.tenant_id = %(tenant)s AND view.id > %(after)s
        ORDER BY view.id LIMIT %(rows)s
        """,
        is_for_administrators=True,
    ),
)

WORKSPACE = """
SELECT (to_jsonb(tenant) - 'id' - 'is_demo')::text FROM tenants_tenant AS tenant
WHERE id = %(tenant)s
"""
# The next jobs, with about as many bytes as each takes.
JOBS = """
SELECT job.id, job.request_bytes
FROM aijobs_jobinput AS input CROSS JOIN LATERAL (
    SELECT id, request_bytes FROM aijobs_aijob
    WHERE id = input.job_id AND erasing_since IS NULL OFFSET 0
) AS job
WHERE input.tenant_id = %(tenant)s AND input.job_id > %(after)s
ORDER BY input.tenant_id, input.job_id LIMIT %(rows)s
"""
JOB = """
SELECT json_build_object(
    'job_id', job.id, 'collection_id', job.collection_id, 'job_type', job.job_type,
    'status', job.status, 'route', job.route, 'attempts', job.attempts,
    'answered_by', job.answered_by, 'made_of', (
        SELECT source_id FROM aijobs_rerun WHERE job_id = job.id), 'read_by', (
        SELECT json_agg(json_build_object('username', username, 'read_at', read_at))
        FROM aijobs_readmark AS mark JOIN tenants_user ON tenants_user.id = mark.person_id
        WHERE mark.job_id = job.id),
    'asked_again', job.asked_again, 'created_at', job.created_at, 'needed_by', job.needed_by,
    'started_at', job.started_at, 'finished_at', job.finished_at,
    'created_by', input.created_by, 'row', input.row_number, 'reference', input.reference,
    'metadata', input.metadata, 'options', input.options, 'model', output.model,
    'tags', ARRAY(
        SELECT tag.name FROM aijobs_jobtag AS uses JOIN aijobs_tag AS tag ON tag.id = uses.tag_id
        WHERE uses.job_id = job.id ORDER BY tag.name),
    'documents', (
        SELECT json_agg(json_build_object(
            'number', number, 'name', name, 'media_type', media_type, 'size', size,
            'sha256', encode(sha256, 'hex'), 'pages', pages, 'read_as', read_as,
            'warnings', warnings, 'has_file', original IS NOT NULL, 'text', text) ORDER BY number)
        FROM aijobs_jobdocument WHERE job_id = job.id),
    'result', output.result, 'failed_attempts', (
        SELECT json_agg(json_build_object(
            'number', number, 'route', route, 'type', error_type, 'message', message,
            'ended_at', ended_at) ORDER BY number)
        FROM aijobs_jobattempt WHERE job_id = job.id))::text
FROM aijobs_aijob AS job JOIN aijobs_jobinput AS input ON input.job_id = job.id
LEFT JOIN aijobs_joboutput AS output ON output.job_id = job.id
WHERE job.id = ANY(%(jobs)s::uuid[]) AND job.tenant_id = %(tenant)s ORDER BY job.id
"""
FILES = """
SELECT job_id, number, name FROM aijobs_jobdocument
WHERE job_id = ANY(%(jobs)s::uuid[]) AND original IS NOT NULL ORDER BY job_id, number
"""
FILE = """
SELECT original FROM aijobs_jobdocument AS document
WHERE job_id = %(job)s AND number = %(number)s AND EXISTS (
    SELECT FROM aijobs_aijob WHERE id = job_id AND tenant_id = %(tenant)s)
"""


def workspace(tenant: Tenant, snapshot: Snapshot) -> bytes:
    """The tenant's settings, a JSON object."""
    [(text,)] = snapshot.rows(WORKSPACE, {"tenant": tenant.pk})
    return f"{text}\n".encode()


def lines(tenant: Tenant, snapshot: Snapshot, part: Part) -> Iterator[list[str]]:
    """The lines of a part, some at a time."""
    parameters = {"tenant": tenant.pk, "after": part.first, "rows": ROWS}
    while found := snapshot.rows(part.query, parameters):
        yield [line for _, line in found]
        parameters["after"] = found[-1][0]


def jobs(tenant: Tenant, snapshot: Snapshot) -> Iterator[list[str]]:
    """A line for each job with all that belongs to it, some at a time."""
    for ids in _pieces(tenant, snapshot):
        found = snapshot.rows(JOB, {"tenant": tenant.pk, "jobs": ids})
        yield [line for (line,) in found]


def files(tenant: Tenant, snapshot: Snapshot) -> Iterator[tuple[str, bytes]]:
    """The files that documents were sent as, each with a path; one at a time."""
    for ids in _pieces(tenant, snapshot):
        for job, number, name in snapshot.rows(FILES, {"jobs": ids}):
            which = {"tenant": tenant.pk, "job": job, "number": number}
            for (original,) in snapshot.rows(FILE, which):
                yield f"{job}/{number}-{_harmless(name)}", original


def _pieces(tenant: Tenant, snapshot: Snapshot) -> Iterator[Sequence[Any]]:
    """The ids of all jobs, as many at a time as have some megabytes together."""
    parameters: dict[str, Any] = {"tenant": tenant.pk, "after": NO_ID, "rows": ROWS}
    while found := snapshot.rows(JOBS, parameters):
        piece: list[Any] = []
        size = 0
        for job, request_bytes in found:
            if piece and size + request_bytes > MOST_BYTES:
                yield piece
                piece, size = [], 0
            piece.append(job)
            size += request_bytes
        yield piece
        parameters["after"] = found[-1][0]


def _harmless(name: str) -> str:
    """A file's name that stays in its folder on every system."""
    kept = "".join(letter if letter.isprintable() and letter not in '/\\:*?"<>|' else "_"
                   for letter in name)  # fmt: skip
    return kept.strip(". ")[-120:] or "document"
