"""What must be so when everything has ended: our books against Anthropic's."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum

from aijobs.models import (
    FOR_A_PERSON,
    AIJob,
    Batch,
    Collection,
    JobAttempt,
    JobDocument,
    JobInput,
    JobOutput,
    LedgerEntry,
    Reservation,
    Seeding,
    StrangerBatch,
    Submission,
    Trial,
    UsageRollup,
    Webhook,
    WebhookDelivery,
)
from tests.factories import STATES
from tests.faults.beside import beside
from tests.faults.journeys import (
    CANCELED,
    COLLECTIONS,
    HOPELESS,
    ROWS,
    SEEDINGS,
    TENANTS,
    TRIALS,
    URGENT,
    WITHDRAWN,
)
from tests.faults.world import World


@dataclass
class Books:
    """`lost`: jobs without an end, answers without a charge. `doubled`: batches, jobs, charges
    there are too many of. `wrong`: each finding in words. `paid_twice`: rows of batches that are
    known to be one too many. `dropped`: answers that came and were not kept, as was asked."""

    lost: int = 0
    doubled: int = 0
    paid_twice: int = 0
    dropped: int = 0
    wrong: list[str] = field(default_factory=list)

    def compare(self, what: str, is_: int, should_be: int) -> None:
        """Fewer than there should be are lost, more are doubled."""
        if is_ != should_be:
            self.lost += max(0, should_be - is_)
            self.doubled += max(0, is_ - should_be)
            self.wrong.append(f"{what}: {is_}, and should be {should_be}")

    def refute(self, what: str, count: int) -> None:
        if count:
            self.lost += count
            self.wrong.append(f"{what}: {count}")


def audit(world: World, *, journey: bool = True) -> Books:
    """Everything has ended; has it ended once, and was it charged once?

    `journey`: the jobs are those of `journeys.live`.
    """
    books = Books()
    if journey:
        whole = len(TENANTS) * ROWS
        collections = len(TENANTS) * len(COLLECTIONS)
        books.compare("collections", Collection.objects.count(), collections)
        books.compare("seedings", Seeding.objects.count(), len(TENANTS) * SEEDINGS)
        books.compare("trials", Trial.objects.count(), len(TENANTS) * TRIALS)
        dropped = AIJob.objects.filter(collection__name="Dropped", status="canceled").count()
        books.compare("dropped jobs", dropped, len(TENANTS) * CANCELED)
        books.compare("jobs", AIJob.objects.exclude(collection=None).count(), whole)
        urgent = AIJob.objects.filter(collection=None, rerun_of=None).count()
        books.compare("urgent jobs", urgent, len(TENANTS) * len(URGENT))
        asked = AIJob.objects.exclude(collection=None).exclude(collection__name="Withdrawn")
        ends = Counter(asked.values_list("status", flat=True))
        lost = _lost_calls(asked)
        expected = whole - len(TENANTS) * (len(WITHDRAWN) + HOPELESS + CANCELED) - lost
        hurried = AIJob.objects.filter(collection__name="Hurried")
        charged = LedgerEntry.objects.filter(job_id__in=hurried.values("pk"), corrects=None)
        answered = hurried.count() - _lost_calls(hurried)
        books.compare("charges of jobs with a deadline", charged.count(), answered)
        books.compare(f"results ({dict(ends)})", ends["completed"], expected)
        withdrawn = AIJob.objects.filter(collection__name="Withdrawn")
        kept = withdrawn.exclude(status__in=["canceled", "completed"])
        books.refute("withdrawn jobs that ended otherwise", kept.count())
        anew = AIJob.objects.exclude(rerun_of=None)
        books.compare("jobs asked anew", anew.count(), len(TENANTS))
        books.compare("their results", anew.filter(status="completed").count(), len(TENANTS))
        beside(books, whole + len(TENANTS))
    books.compare("inputs", JobInput.objects.count(), AIJob.objects.count())
    books.compare("documents", JobDocument.objects.count(), AIJob.objects.count())
    books.compare(
        "reserved jobs", AIJob.objects.filter(reserved_usd__gt=0).count(), AIJob.objects.count()
    )
    books.refute("reserved and never released", int(Reservation.objects.total() != 0))
    waiting = Reservation.objects.aggregate(jobs=Sum("jobs"))["jobs"]
    books.refute("counted as waiting, and over", waiting or 0)
    _jobs(books)
    _batches(books, world)
    _dropped(books)
    _direct_calls(books, world)
    _webhooks(books, world)
    return books


def _dropped(books: Books) -> None:
    """Answers that were not kept were charged, each once, and left nothing else."""
    wished = AIJob.objects.filter(dropped_at__isnull=False)
    otherwise = wished.filter(Q(output__isnull=False) | ~Q(status="canceled"))
    books.refute("answers that were to be dropped, and are there", otherwise.count())
    lines = JobAttempt.objects.filter(error_type="dropped", route="batch")
    dropped = [*lines.values_list("job", "batch")]
    charges = LedgerEntry.objects.filter(route="batch", corrects=None)
    charged = Counter(charges.values_list("job_id", "batch"))
    books.compare("dropped answers", len(dropped), len({*dropped}))
    books.compare("their charges", sum(charged[one] for one in dropped), len(dropped))
    books.dropped = len(dropped)


@contextmanager
def _snapshot() -> Iterator[None]:
    """All that is read in it is of one moment. Who is alone in a transaction needs none."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def _lost_calls(jobs: QuerySet[AIJob]) -> int:
    """Of `jobs`, those that ran at once and failed because the last call's answer was lost."""
    last = JobAttempt.objects.filter(job=OuterRef("pk"), number=OuterRef("attempts"))
    failed = jobs.filter(status="failed", route="sync")
    return failed.filter(Exists(last.filter(error_type="in_doubt"))).count()


def always(world: World) -> list[str]:
    """What is wrong at this moment, in words, though work may be under way."""
    wrong = []
    done = AIJob.objects.filter(status="completed")
    if JobOutput.objects.count() != done.filter(output__isnull=False).count():
        wrong.append("an output of a job that is not completed")
    if done.filter(output=None).exists():
        wrong.append("a job that is completed without output")
    if AIJob.objects.filter(input=None).exists():
        wrong.append("a job without input")
    if AIJob.objects.filter(status="submitted", batch__status__in=Batch.FINAL).exists():
        wrong.append("a job that waits for a batch that is done")
    held = AIJob.objects.filter(status="queued", not_before=FOR_A_PERSON, answered_by=None)
    asked = Q(collection__seeding__state="refused") | Q(collection__trial__state="open")
    if held.exclude(asked).exists():
        wrong.append("a job that is held, and nobody is asked about it")
    wrong += _disagreements()
    wrong += _sums_apart()
    wrong += _without_charge()
    wrong += _reservations_apart()
    remote = _remote(world)
    known = _known()
    doubts = list(Submission.objects.in_doubt().values_list("requests", flat=True))
    unknown = [batch["total"] for key, batch in remote.items() if key not in known]
    if Counter(unknown) - Counter(doubts):
        wrong.append(f"batches at Anthropic that nobody looks for: {unknown} against {doubts}")
    wrong += [f"{key} is known {times} times" for key, times in known.items() if times > 1]
    billed = sum(batch["succeeded"] for batch in remote.values())
    if LedgerEntry.objects.filter(route="batch", corrects=None).count() > billed:
        wrong.append("more charges than Anthropic billed")
    return wrong


def _remote(world: World) -> dict[str, dict[str, Any]]:
    """All that Anthropic ever had of us, by its ids."""
    return {batch["id"]: batch for batch in world.emulator.control("GET", "batches")}


def _known() -> Counter[str | None]:
    """How often each batch at Anthropic stands in our rows: as a submission, or as a stranger."""
    there = Submission.objects.exclude(remote_id=None)
    return Counter(
        [
            *there.values_list("remote_id", flat=True),
            *StrangerBatch.objects.values_list("remote_id", flat=True),
        ]
    )


def _disagreements() -> list[str]:
    """Batches whose status is not that of the submission by which they stand."""
    current = ArrayAgg(
        "submissions__state", filter=Q(submissions__state__in=Submission.CURRENT), default=[]
    )
    # One statement: between two of them a worker may move both.
    return [
        f"a batch that is {status}, with the submissions {states}"
        for status, states in Batch.objects.annotate(states=current).values_list("status", "states")
        if (states not in [[state] for state in STATES[status]] if STATES[status] else states)
    ]


def _without_charge() -> list[str]:
    """Results that nothing was charged for, and that are no copies of one that was."""
    wrong = []
    # One snapshot: between two statements a worker may complete jobs.
    with _snapshot():
        charged = set(LedgerEntry.objects.filter(corrects=None).values_list("tenant", "job_id"))
        done = AIJob.objects.filter(status="completed", output__isnull=False)
        done = done.select_related("output")
        results = {(one.tenant_id, one.pk): one.output.result for one in done}
        for one in done:
            key = (one.tenant_id, one.pk)
            if one.answered_by is None:
                if key not in charged:
                    wrong.append(f"{one.pk} is completed without a charge")
                continue
            original = (one.tenant_id, one.answered_by)
            if key in charged:
                wrong.append(f"{one.pk} has another's result, and was charged")
            if original not in charged or results.get(original) != results[key]:
                wrong.append(f"{one.pk} has a result that is not that of {one.answered_by}")
    return wrong


RESERVED = """
SELECT (SELECT ROW(trim_scale(COALESCE(sum(usd), 0)), COALESCE(sum(jobs), 0))::text
        FROM aijobs_reservation),
       (SELECT ROW(trim_scale(COALESCE(sum(reserved_usd), 0)), count(*))::text FROM aijobs_aijob
        WHERE status IN ('queued', 'submitted', 'processing'))
"""


def _reservations_apart() -> list[str]:
    """What is reserved, and by how many, where it is not what the jobs that are not over say."""
    with connection.cursor() as cursor:
        cursor.execute(RESERVED)
        reserved, of_jobs = cursor.fetchone()
    return [] if reserved == of_jobs else [f"{reserved} (USD, jobs) reserved, by jobs {of_jobs}"]


SUMS = ("cost_usd", "sync_cost_usd", "saved_usd", "input_tokens", "output_tokens")


def _sums_apart() -> list[str]:
    """Sums of the ledger that are not those of the rollups, which pages show."""
    by = ("tenant", "job_type", "route", "model")

    def sums(rows: QuerySet[Any], answers: Any) -> dict[tuple[Any, ...], dict[str, Any]]:
        totals = {name: Sum(name) for name in SUMS}
        found = rows.order_by().values(*by).annotate(**totals, answers_given=answers)
        return {tuple(row.pop(name) for name in by): row for row in found}

    # One snapshot: between two statements a worker may store charges.
    with _snapshot():
        ledger = sums(LedgerEntry.objects.all(), Count("pk", filter=Q(corrects=None)))
        rollups = sums(UsageRollup.objects.all(), Sum("answers"))
    return [
        f"sums of {key}: {ledger.get(key)} in the ledger, {rollups.get(key)} in the rollups"
        for key in sorted({*ledger, *rollups})
        if ledger.get(key) != rollups.get(key)
    ]


def _jobs(books: Books) -> None:
    waiting = Seeding.objects.filter(state__in=["waiting", "refused"])
    books.refute("seedings that nobody has decided", waiting.count())
    books.refute("jobs without an end", AIJob.objects.exclude(status__in=AIJob.FINAL).count())
    done = AIJob.objects.filter(status="completed")
    books.compare("outputs", JobOutput.objects.count(), done.count())
    books.refute("completed without output", done.filter(output=None).count())
    books.refute("results that nobody paid for", len(_without_charge()))


def _batches(books: Books, world: World) -> None:
    remote = _remote(world)
    known = _known()
    books.compare("batches at Anthropic that no row knows", len(remote.keys() - known.keys()), 0)
    twice_known = [times for times in known.values() if times > 1]
    books.compare("batches at Anthropic that several rows know", len(twice_known), 0)
    for stranger in StrangerBatch.objects.all():
        remote.pop(stranger.remote_id, None)
    for duplicate in Submission.objects.filter(state=Submission.State.DUPLICATE):
        # Known to be one too many: what it cost is written down.
        assert duplicate.remote_id
        batch = remote.pop(duplicate.remote_id)
        books.paid_twice += batch["succeeded"]
        books.compare("rows of a duplicate", duplicate.succeeded, batch["succeeded"])
    there = Submission.objects.current().exclude(remote_id=None)
    ours = dict(there.values_list("remote_id", "batch"))
    books.refute("batches that disagree with their submissions", len(_disagreements()))
    open_ = Batch.objects.exclude(status__in=Batch.FINAL)
    books.refute("batches without an end", open_.count())
    books.compare("batches at Anthropic", len(remote), len(ours))
    books.refute("batches of ours that Anthropic does not know", len(ours.keys() - remote.keys()))
    running = [one for one in remote.values() if one["status"] != "ended"]
    books.compare("batches still running", len(running), 0)
    # Every line of every batch became one result, or one attempt with a reason.
    done = AIJob.objects.filter(status="completed", route="batch", answered_by=None)
    failed = JobAttempt.objects.filter(route="batch", batch__status="settled")
    lines = Counter(
        [*done.values_list("batch", flat=True), *failed.values_list("batch", flat=True)]
    )
    for remote_id, pk in ours.items():
        if remote_id in remote:
            books.compare(f"lines of batch {pk}", lines[pk], remote[remote_id]["total"])
    charges = LedgerEntry.objects.filter(route="batch", corrects=None)
    billed = [one for remote_id, one in remote.items() if remote_id in ours]
    books.compare("charges", charges.count(), sum(one["succeeded"] for one in billed))
    written = F("cache_write_5m_tokens") + F("cache_write_1h_tokens")
    for tokens, sum_ in {
        "input_tokens": Sum("input_tokens"),
        "output_tokens": Sum("output_tokens"),
        "cache_read_tokens": Sum("cache_read_tokens"),
        "cache_write_tokens": Sum(written),
    }.items():
        charged = charges.aggregate(sum=sum_)["sum"] or 0
        books.compare(tokens, charged, sum(one[tokens] for one in billed))
    books.refute("sums that differ from the rollups", len(_sums_apart()))
    twice = charges.values("batch", "custom_id").annotate(times=Count("id")).filter(times__gt=1)
    books.compare("lines that were charged twice", twice.count(), 0)


def _direct_calls(books: Books, world: World) -> None:
    """What a broken direct call cost cannot be known; but none is asked again by itself."""
    billed = world.emulator.stats()["messages_billed"]
    charges = LedgerEntry.objects.filter(route="sync", corrects=None).count()
    doubts = JobAttempt.objects.filter(route="sync", error_type="in_doubt").count()
    if not charges <= billed <= charges + doubts:
        books.compare("direct charges", charges, billed)


def _webhooks(books: Books, world: World) -> None:
    """Each tenant with an endpoint was told how each of its jobs and collections ended."""
    jobs: set[tuple[str, str, str]] = set()
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for path, event in world.receiver.taken():
        data = event["data"]
        jobs |= {(path, one["job_id"], one["status"]) for one in data.get("jobs", ())}
        if event["type"] == "collection.completed":
            counts[path, data["collection_id"]] = data["counts"]
    for webhook in Webhook.objects.all():
        path = webhook.url.removeprefix(world.receiver.url)
        ended = AIJob.objects.filter(tenant=webhook.tenant_id, status__in=AIJob.FINAL)
        untold = [
            job
            for job, status in ended.values_list("pk", "status")
            if (path, str(job), status) not in jobs
        ]
        books.refute("ended jobs that a webhook did not tell of", len(untold))
        apart = [
            one
            for one in Collection.objects.filter(tenant=webhook.tenant_id)
            if counts.get((path, str(one.pk)))
            != {status: one.counts()[status] for status in AIJob.FINAL}
        ]
        books.refute("collections of whose end a webhook did not tell", len(apart))
        books.refute("webhooks that were switched off", int(webhook.state != "on"))
    failed = WebhookDelivery.objects.exclude(status="delivered")
    books.refute("webhooks that were not delivered", failed.count())
