"""apply: retry, cancel, drop, tag or erase many jobs that were asked for at once, page by page.

Which jobs is written down when they are asked for. A page is one transaction: its jobs move, what
became of them is counted, and it is deleted. So a worker that dies leaves whole pages, and of two
workers one finds an operation locked and looks at the next.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, QuerySet

from aijobs.crash_points import Step, crash_point
from aijobs.models import AIJob, Operation, new_id
from aijobs.models.jobs import AIJobQuerySet
from aijobs.pipeline import _again, _erasing_many
from aijobs.pipeline import tag as tags
from aijobs.pipeline._telling import look_again
from aijobs.pipeline.withdraw import REASONS, withdraw_jobs
from citizenapp.tenants.models import Tenant

logger = logging.getLogger(__name__)

PAGE_JOBS = 1_000
# What is erased takes longer, and nobody may use it meanwhile.
PAGE_ERASED = 100
# Pages a round, so that a round ends soon whatever there is to do; and operations that take turns.
MOST_PAGES, MOST_OPERATIONS = 200, 50
PAUSE = timedelta(minutes=1)
TRIES = 5

# What a job was that is gone, or is being erased.
GONE = "gone"

WRITE_DOWN = """
INSERT INTO aijobs_operationpage (operation_id, number, jobs)
SELECT %s, (place - 1) / %s, array_agg(id ORDER BY id)
FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM ({wanted}) AS wanted (id)) AS placed
GROUP BY 2
RETURNING cardinality(jobs)
"""

Moved = tuple[int, Counter[str]]


def ask(
    tenant: Tenant,
    kind: Operation.Kind,
    jobs: AIJobQuerySet,
    *,
    by: str,
    now: datetime,
    tag: str = "",
) -> Operation:
    """Write down which jobs it is about: those among `jobs` at this moment.

    `tag` is what they get or lose, where that is what is asked for. Raises TooManyTags.
    """
    operation = _fix(tenant, kind, jobs, by, now, tag)
    crash_point(Step.APPLY_ASKED)
    return operation


@transaction.atomic
def _fix(
    tenant: Tenant, kind: Operation.Kind, jobs: AIJobQuerySet, by: str, now: datetime, tag: str
) -> Operation:
    if kind == Operation.Kind.TAG:
        tag = tags.tag_of(tenant, tag).name
    operation = Operation.objects.create(
        id=new_id(now),
        tenant=tenant,
        kind=kind,
        tag=tag,
        total=0,
        created_by=by,
        created_at=now,
        look_at=now,
    )
    with suppress(EmptyResultSet), connection.cursor() as cursor:
        # Django itself sees of some filters that nothing can fit them.
        wanted, parameters = jobs.order_by().values_list("pk").query.sql_with_params()
        size = PAGE_ERASED if kind == Operation.Kind.ERASE else PAGE_JOBS
        statement = WRITE_DOWN.format(wanted=wanted)
        cursor.execute(statement, [operation.pk, size, *parameters])
        operation.total = sum(jobs for (jobs,) in cursor)
    operation.save(update_fields=["total"])
    if not operation.total:
        operation.mark_completed(now)
    return operation


def in_audit(operation: Operation) -> dict[str, str]:
    """What the audit says of an operation beside the number of its jobs."""
    if operation.kind == Operation.Kind.DROP:
        return {"answers": "dropped"}
    return {"tag": operation.tag} if operation.tag else {}


def ready(now: datetime) -> QuerySet[Operation]:
    """Operations that have pages, those first that waited longest."""
    running = Operation.objects.filter(status=Operation.Status.RUNNING)
    # Others are looked for by `erase`.
    running = running.filter(job_id=None, collection_id=None)
    return running.filter(look_at__lte=now).order_by("look_at", "pk")


def due(now: datetime) -> bool:
    return ready(now).exists()


def run(now: datetime) -> int:
    """A page of each operation in turn; returns how many pages."""
    pages = 0
    while pages < MOST_PAGES:
        worked = sum([_worked(operation, now) for operation in ready(now)[:MOST_OPERATIONS]])
        if not worked:
            break
        pages += worked
    return pages


def _worked(operation: Operation, now: datetime) -> bool:
    """Whether a page of it was carried out. One that fails is put off, and the others go on."""
    try:
        worked = carry_out(operation, now)
    except (InterfaceError, OperationalError):
        raise
    except Exception as error:
        # Only the kind is told: the text of an error may quote a document.
        logger.error("Operation %s: %s", operation.pk, type(error).__name__)  # noqa: TRY400
        _put_off(operation, now)
        worked = False
    crash_point(Step.APPLY_COMMITTED)
    return worked


@transaction.atomic
def carry_out(operation: Operation, now: datetime) -> bool:
    """Carry out its next page; False where another worker has the operation, or none is left."""
    mine = (
        Operation.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(pk=operation.pk, status=Operation.Status.RUNNING)
        .select_related("tenant")
        .first()
    )
    page = mine.pages.order_by("number").first() if mine else None
    if mine is None or page is None:
        return False
    changed, skipped = _changed(mine, page.jobs, now)
    crash_point(Step.APPLY_MOVED)
    page.delete()
    Operation.objects.filter(pk=mine.pk).update(
        done=F("done") + len(page.jobs),
        changed=F("changed") + changed,
        skipped=dict(Counter(mine.skipped) + skipped),
        attempts=0,
    )
    if not mine.pages.exists():
        mine.mark_completed(now)
    look_again(mine.tenant_id)
    return True


@transaction.atomic
def _changed(operation: Operation, ids: Sequence[UUID], now: datetime) -> Moved:
    tenant = operation.tenant
    match operation.kind:
        case Operation.Kind.RETRY:
            return _retry(tenant, ids, now)
        case Operation.Kind.CANCEL:
            return _cancel(tenant, ids, now)
        case Operation.Kind.DROP:
            return _drop(tenant, ids, now)
        case Operation.Kind.ERASE:
            changed = _erasing_many.erase_page(tenant, ids, operation.created_by, now)
            return changed, +Counter({GONE: len(ids) - changed})
        case kind:
            taken = kind == Operation.Kind.UNTAG
            move = tags.take if taken else tags.put
            changed, skipped, there = move(tenant, ids, operation.tag)
            return changed, +(skipped + Counter({GONE: len(ids) - there}))


def _cancel(tenant: Tenant, ids: Sequence[UUID], now: datetime) -> Moved:
    waiting, others = _sorted(tenant, ids, [AIJob.Status.QUEUED])
    return AIJob.objects.filter(pk__in=waiting).cancel_waiting(now), others


def _drop(tenant: Tenant, ids: Sequence[UUID], now: datetime) -> Moved:
    """Cancel what waits; what is on its way goes on, and its answer is not kept."""
    jobs = AIJob.objects.of(tenant).filter(pk__in=ids)
    withdrawn = withdraw_jobs(tenant, jobs, now)
    changed = withdrawn.canceled + withdrawn.dropped
    there = Counter(jobs.order_by().values_list("status", flat=True))
    over = (AIJob.Status.COMPLETED, AIJob.Status.FAILED)
    others = Counter({str(status): there[status] for status in over})
    others[GONE] = len(ids) - there.total()
    # The rest was canceled before, or is to be as soon as it has ended.
    others[AIJob.Status.CANCELED.value] = len(ids) - changed - others.total()
    return changed, +others


def _retry(tenant: Tenant, ids: Sequence[UUID], now: datetime) -> Moved:
    ended, others = _sorted(tenant, ids, [AIJob.Status.FAILED, AIJob.Status.CANCELED])
    moved, refused = _again.retry_as_many_as_may(tenant, ended, now)
    return moved, others + refused


def _sorted(
    tenant: Tenant, ids: Sequence[UUID], movable: Sequence[str]
) -> tuple[list[UUID], Counter[str]]:
    """Those that can move, locked; and the others, counted by their shown status."""
    jobs = AIJob.objects.of(tenant).filter(pk__in=ids)
    locked = jobs.filter(status__in=movable).order_by("pk").select_for_update(no_key=True)
    chosen = list(locked.values_list("pk", flat=True))
    mine = set(chosen)
    shown: QuerySet[Any] = jobs.with_shown_status().only("pk")
    others = Counter(str(one.shown_status) for one in shown if one.pk not in mine)
    others[GONE] += len(ids) - len(chosen) - others.total()
    return chosen, +others


def _put_off(operation: Operation, now: datetime) -> None:
    """Leave it alone for a while; after some times it is given up."""
    Operation.objects.filter(pk=operation.pk).update(
        look_at=now + PAUSE, attempts=F("attempts") + 1
    )
    crash_point(Step.APPLY_PUT_OFF)
    operation.refresh_from_db()
    if operation.attempts >= TRIES and operation.mark_failed(now):
        logger.error("Operation %s is given up.", operation.pk)


_MESSAGES: dict[str, Mapping[Any, str]] = {
    Operation.Kind.RETRY: _again.WHY_NOT,
    Operation.Kind.CANCEL: REASONS,
    Operation.Kind.DROP: REASONS,
    Operation.Kind.ERASE: {},
    Operation.Kind.TAG: tags.WHY_NOT,
    Operation.Kind.UNTAG: tags.WHY_NOT,
}


def why(kind: str, reason: str) -> str:
    """What a reason in `skipped` means, in a sentence."""
    if reason == GONE:
        return "It is gone: erased, or older than jobs are kept."
    return _MESSAGES[kind][reason]
