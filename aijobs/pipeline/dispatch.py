"""dispatch: send assembled batches to Anthropic, each at most once.

Anthropic's API has no idempotency key. So the intent is stored first, with a nonce in every
custom_id and the id of the newest batch Anthropic had before; then comes one POST without
retries. What can't be known from its answer is left to reconcile, and never sent again here.
"""

import logging
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from tempfile import TemporaryFile
from typing import IO

import orjson
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from aijobs import gateway, jobtypes
from aijobs.crash_points import Step, crash_point
from aijobs.jobtypes import Part
from aijobs.models import AIJob, Batch, Submission, new_nonce
from aijobs.outcomes import endings
from aijobs.outcomes.answers import Failure
from aijobs.outcomes.endings import Road
from aijobs.pipeline import _breaker, _seeding, _shares
from aijobs.pipeline._quarantine import quarantine
from aijobs.pipeline._seeding import Breakpoints
from aijobs.postgres.copying import read_rows
from aijobs.postgres.locks import exclusive
from aijobs.postgres.outages import retry_while_db_down
from aijobs.submissions import identity, moves
from aijobs.submissions.results import loads

logger = logging.getLogger(__name__)

# Waits after a batch could not be sent: doubled each time, from the first to the second.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=10)


# The documents of a batch's jobs, each tenant's jobs in their order. OFFSET 0 makes each input a
# look-up by its key, whatever the statistics say. PostgreSQL breaks base64 into lines.
ROWS = """
SELECT encode(uuid_send(job.id), 'hex'), job.job_type, job.max_tokens_factor, input.options,
       input.shares_document, input.model, job.collection_id,
       document.text, document.media_type, document.pages, document.read_as = 'original',
       CASE document.read_as WHEN 'original'
            THEN translate(encode(document.original, 'base64'), E'\n', '') END,
       document.name
FROM (
    SELECT id, job_type, max_tokens_factor, collection_id FROM aijobs_aijob
    WHERE batch_id = %s AND status = 'submitted' ORDER BY tenant_id, id OFFSET 0
) AS job
CROSS JOIN LATERAL (
    SELECT options, shares_document, model FROM aijobs_jobinput WHERE job_id = job.id OFFSET 0
) AS input
CROSS JOIN LATERAL (
    SELECT name, text, media_type, pages, read_as, original FROM aijobs_jobdocument
    WHERE job_id = job.id ORDER BY number OFFSET 0
) AS document
"""


class TooSlow(gateway.NeverSent):
    """A body was broken off: what stays incomplete becomes no batch."""


def ready(now: datetime) -> list[Batch]:
    """Assembled batches whose pause is over, oldest first, as many as Anthropic's queue has room
    for; none while nothing may be sent.
    """
    if _breaker.is_holding(now):
        return []
    is_ready = Q(retry_at=None) | Q(retry_at__lte=now)
    return _shares.fitting(Batch.objects.filter(is_ready, status="assembled").order_by("pk"))


def due(now: datetime) -> bool:
    return bool(ready(now))


def run(now: datetime, clock: Callable[[], datetime]) -> int:
    """Send what is ready, one batch after the other; returns how many were confirmed.

    One worker at a time, so that what is in doubt stays in an order that reconcile can read.
    `clock` says when each answer came: `now` is when the round began, and a large body or a
    silent server takes minutes that the grace period of reconcile must not lose.
    """
    confirmed = 0
    with exclusive("dispatch") as mine:
        if mine:
            for batch in ready(now):
                # What is left is sent in the next round: a task may last only so long.
                began = clock()
                is_late = began - now > timedelta(seconds=settings.AIJOBS_SEND_SECONDS)
                # Others may have turned up at Anthropic meanwhile.
                if is_late or not _shares.fitting([batch]) or not _breaker.allowance(1, now):
                    break
                with quarantine(batch, now):
                    confirmed += dispatch(batch, clock, _seeding.breakpoints(began))
                    crash_point(Step.DISPATCH_COMMITTED)
            if _breaker.is_holding(now):
                # In the queue, where they can be canceled.
                assembled = Batch.objects.filter(status=Batch.Status.ASSEMBLED)
                _give_back(assembled, now, "Nothing could be sent.")
    return confirmed


def dispatch(
    batch: Batch, clock: Callable[[], datetime], breakpoints: Breakpoints = _seeding.NONE
) -> bool:
    """Send one batch; True when Anthropic confirmed it. `breakpoints` as in `write_body`."""
    nonce = new_nonce()
    # Requests are nearly as long as Python's own buffer.
    with TemporaryFile(buffering=gateway.PIECE) as body:
        requests = _fill(batch, nonce, body, clock, breakpoints)
        if not requests:
            return False
        try:
            watermark = gateway.newest_batch_id()
        except gateway.GatewayError as error:
            # Nothing was sent yet, and without a watermark nothing may be.
            batch.defer(clock() + _pause(batch), f"Not submitted yet: {error}")
            if isinstance(error, gateway.Refused):
                _trip_breaker(error, sent_at=clock(), now=clock())
            return False
        crash_point(Step.DISPATCH_WATERMARK)
        submission = moves.store_intent(
            batch,
            nonce,
            watermark=watermark,
            requests=requests,
            request_bytes=body.tell(),
            now=clock(),
        )
        # Without one, somebody else dissolved the batch or took it since it was read.
        return submission is not None and _send(submission, body, clock)


def _give_back(batches: Iterable[Batch], now: datetime, note: str) -> None:
    """Dissolve batches that cannot be sent as they are; their jobs wait in the queue."""
    for batch in batches:
        with transaction.atomic():
            if batch.mark_dissolved(now, batch.note or note):
                AIJob.objects.filter(batch=batch).queue_unsent_again()
        crash_point(Step.DISPATCH_DISSOLVED)


def _fill(
    batch: Batch,
    nonce: str,
    body: IO[bytes],
    clock: Callable[[], datetime],
    breakpoints: Breakpoints,
) -> int:
    """Write the body of a batch; returns how many requests, 0 where nothing is to be sent now."""
    requests = write_body(batch, nonce, body, breakpoints)
    crash_point(Step.DISPATCH_WRITTEN)
    if not requests:
        batch.mark_dissolved(clock(), "Every job left it before it was sent.")
        return 0
    # It may have been assembled when Anthropic's queue was said to be longer.
    size = identity.distinct_size(min(requests, settings.AIJOBS_QUEUE_SLOTS or requests))
    if not size:
        # What is as small waits for the same end: together they make a larger one.
        small = Batch.objects.filter(status=Batch.Status.ASSEMBLED, requests__lte=batch.requests)
        if len(small) > 1:
            _give_back(small, clock(), "Too small to be told from one in doubt.")
        else:
            batch.defer(clock() + FIRST_PAUSE, "Waits: a batch of the same size is in doubt.")
    elif size < requests:
        left_out = _leave_out(batch, requests - size)
        size = write_body(batch, nonce, body, breakpoints) if left_out else 0
    return size


def _send(submission: Submission, body: IO[bytes], clock: Callable[[], datetime]) -> bool:
    """The one POST of a submission, whose intent is stored; True when Anthropic confirmed it."""
    batch = submission.batch
    crash_point(Step.DISPATCH_INTENT)
    try:
        remote = gateway.create_batch(body, _in_time(submission, clock))
    except gateway.NeverSent as error:
        crash_point(Step.DISPATCH_ANSWERED)
        _take_back(submission, clock() + _pause(batch), f"Not submitted yet: {error}")
        if isinstance(error, TooSlow):
            _leave_out(batch, batch.requests // 2)
            if batch.flag_for_staff("The line is too slow for it. Half of it goes elsewhere."):
                logger.error("Batch %s could not be sent in time.", batch.pk)  # noqa: TRY400
    except gateway.Refused as error:
        crash_point(Step.DISPATCH_ANSWERED)
        _refused(submission, error, clock())
    except gateway.InDoubt as error:
        crash_point(Step.DISPATCH_ANSWERED)
        moves.doubt(submission, clock(), f"In doubt: {error}")
        logger.warning("Batch %s is in doubt: %s", batch.pk, error)
    else:
        crash_point(Step.DISPATCH_ANSWERED)
        logger.info("Batch %s submitted: %s requests.", batch.pk, batch.requests)
        confirmed = retry_while_db_down(
            moves.confirm, submission, remote.id, remote.expires_at, clock()
        )
        crash_point(Step.DISPATCH_CONFIRMED)
        _breaker.record_success(sent_at=submission.sent_at, now=clock(), by_answer=False)
        return confirmed
    return False


def _take_back(submission: Submission, retry_at: datetime, note: str) -> None:
    moves.take_back(submission, retry_at, note)
    crash_point(Step.DISPATCH_TAKEN_BACK)


def _leave_out(batch: Batch, jobs: int) -> bool:
    """Put the newest jobs of a batch back into the queue; the next batch takes them.

    False when somebody else moved the batch.
    """
    in_it = AIJob.objects.filter(batch=batch, status=AIJob.Status.SUBMITTED).order_by("-id")
    ids = list(in_it.values_list("pk", flat=True))
    with transaction.atomic():
        if not batch.mark_reduced(len(ids) - jobs):
            return False
        AIJob.objects.filter(pk__in=ids[:jobs], batch=batch).queue_unsent_again()
    crash_point(Step.DISPATCH_REDUCED)
    return True


def _in_time(submission: Submission, clock: Callable[[], datetime]) -> Callable[[], None]:
    """Breaks off a body that is still being sent AIJOBS_SEND_SECONDS after its intent.

    A worker that was held up may have been taken for dead, and its batch released. A body that
    stays incomplete becomes no batch.
    """
    end = submission.sent_at + timedelta(seconds=settings.AIJOBS_SEND_SECONDS)

    def before_piece() -> None:
        crash_point(Step.DISPATCH_SENDING)
        if clock() > end:
            raise TooSlow(f"it took longer than {settings.AIJOBS_SEND_SECONDS:.0f} s")

    return before_piece


def write_body(
    batch: Batch, nonce: str, body: IO[bytes], breakpoints: Breakpoints = _seeding.NONE
) -> int:
    """Write `{"requests": […]}` of the batch's jobs into a file; returns how many there are.

    `breakpoints` says whose requests may read the cache.
    """
    submission = Submission(batch=batch, nonce=nonce)
    count = 0
    body.seek(0)
    body.truncate()
    body.write(b'{"requests":[')
    # Where a job cannot be written, the connection must be free for whoever notes it down.
    with closing(read_rows(ROWS, [batch.pk])) as rows:
        for job, documents in groupby(rows, itemgetter(*range(7))):
            key, job_type, max_tokens_factor, options, shares_document, model, collection = job
            kind = jobtypes.get(job_type)
            given = kind.load(
                orjson.loads(options),
                [_part(*row[7:]) for row in documents],
                shares_document=shares_document == "t",
            )
            params = kind.request(given, model=model, max_tokens_factor=int(max_tokens_factor))
            if collection in breakpoints:
                params = breakpoints[collection].into(
                    params, key, shares_document=given.shares_document
                )
            line = orjson.dumps({"custom_id": submission.custom_id(key), "params": params})
            body.write(b"," + line if count else line)
            count += 1
    body.write(b"]}")
    return count


def _part(
    text: str, media_type: str, pages: str | None, is_file: str, data: str | None, name: str
) -> Part:
    """A document out of the text of its columns."""
    is_original = is_file == "t"
    as_read = "" if is_original else loads(text)
    return Part(as_read, media_type, int(pages) if pages else None, is_original, data or "", name)


def _refused(submission: Submission, error: gateway.Refused, now: datetime) -> None:
    """Anthropic does not want it: wait where it wants nothing, else let its jobs try elsewhere."""
    batch = submission.batch
    if _trip_breaker(error, sent_at=submission.sent_at, now=now):
        _take_back(submission, now, f"Anthropic accepts nothing now: {error}")
        return
    if error.passes:
        _take_back(submission, now + _pause(batch), f"Not submitted yet: {error}")
        return
    if error.is_too_large and batch.requests > 1:
        _take_back(submission, now, f"Too large, and sent in halves: {error}")
        _leave_out(batch, batch.requests // 2)
        return
    logger.error("Batch %s was refused as a whole: %s", batch.pk, error)
    with transaction.atomic():
        if not moves.reject(submission, now, f"Refused: {error}"):
            return
        ids = list(
            AIJob.objects.filter(batch=batch, status="submitted").values_list("pk", flat=True)
        )
        locked = endings.lock_jobs(ids, status="submitted", batch=batch)
        failure = Failure("batch_refused", f"Anthropic refused its whole batch: {error}")
        rows = ((job, failure) for job in locked.values())
        endings.store(rows, Road.of_batch(submission), now=now)
        crash_point(Step.DISPATCH_REFUSED)


def _trip_breaker(error: gateway.Refused, *, sent_at: datetime, now: datetime) -> bool:
    """Whether the next batch would be refused for the same reason; then nothing more is sent."""
    if error.account_block:
        _breaker.trip(error.account_block, str(error), sent_at=sent_at, now=now)
    return error.account_block is not None


def _pause(batch: Batch) -> timedelta:
    return min(FIRST_PAUSE * 2.0 ** min(batch.attempts, 10), LONGEST_PAUSE)
