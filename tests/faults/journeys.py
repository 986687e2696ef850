"""What workers do in a world: the stages in turn, and between them what clients and staff do."""

import contextlib
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import orjson
from django.db.models import Q

from aijobs import gateway
from aijobs.gateway import GatewayError
from aijobs.mails import inform
from aijobs.models import (
    AIJob,
    Batch,
    Collection,
    CollectionToCheck,
    EventType,
    Seeding,
    Submission,
    WebhookDelivery,
)
from aijobs.pipeline import (
    accept,
    apply,
    assemble,
    dispatch,
    expedite,
    index,
    poll,
    reconcile,
    rescue,
    seed,
    settle,
    share,
    sweep,
    withdraw,
)
from aijobs.webhooks import deliver, endpoints
from citizenapp.tenants.models import Tenant
from tests.faults import people
from tests.faults.world import World

# Each document orders its own outcome; in the end all but the refused ones have a result.
DOCUMENTS = [
    "Hail is covered.",
    "Fire is not covered. " * 20,
    "The insurer answers within ten days.",
    "An overloaded line. [[emulate:errored:overloaded_error*1]]",
    "A late line. [[emulate:expired*1]]",
    "A cut line. [[emulate:max_tokens*1]]",
    "A canceled line. [[emulate:canceled*1]]",
    "Hail is covered.",
    "A refused line. [[emulate:refusal]]",
    "A cut line. [[emulate:max_tokens*1]]",
    "A refused line. [[emulate:refusal]]",
]
# What the documents of two more collections share is worth a cache: the first one goes first.
QUESTIONS = [f"Which clause number {n} speaks of hail? " + "And of fire? " * 30 for n in range(8)]
SEEDED = [
    "An overloaded first line. [[emulate:errored:overloaded_error*1]]",
    "Wind is covered.",
    "A late line that reads. [[emulate:expired*1]]",
    "Water is not covered.",
]
# What its first one fails for holds the others until somebody lets them go on.
STOPPED = ["A refused first line. [[emulate:refusal]]", "Theft is covered.", "Loss is not."]
# One is tried at once. Then one of the others goes first; or all others are dropped.
TRIED = [f"{what} is covered." for what in ("Rain", "Snow", "Ice", "Rain", "Mud", "Sand")]
# These go by batch, and where that takes too long for them, what is left of it runs at once.
HURRIED = [f"The rate of {what} is fixed." for what in ("loans", "bonds", "rent")]
HURRY_SECONDS = 260
DROPPED = ["Glass is covered.", "Paint is not.", "Tyres are not."]
# What waits of these is canceled; of what is on its way then, the answers are dropped.
WITHDRAWN = ["Ice on roads is covered.", "Fog is not. " * 20, "Frost is."]
# By its name: the job type, what all rows share, how many are tried, and the documents.
COLLECTIONS: dict[str, tuple[str, dict[str, Any], int, list[str]]] = {
    "Policies": ("summarize", {}, 0, DOCUMENTS),
    "Questions": ("analyze", {"questions": QUESTIONS}, 0, SEEDED),
    "Tried": ("analyze", {"questions": QUESTIONS}, 1, TRIED),
    "Dropped": ("summarize", {}, 1, DROPPED),
    "Withdrawn": ("summarize", {}, 0, WITHDRAWN),
    "Hurried": ("summarize", {"needed_within": HURRY_SECONDS}, 0, HURRIED),
    "Stopped": ("analyze", {"questions": QUESTIONS}, 0, STOPPED),
}
# Of each tenant: documents, those that never get a result, and those that are dropped.
ROWS = sum(len(texts) for *_, texts in COLLECTIONS.values())
HOPELESS = 3
CANCELED = len(DROPPED) - 1
SEEDINGS = 3
TRIALS = 2
URGENT = ["Is hail covered?", "Is wind? [[emulate:errored:overloaded_error*1]]"]
TENANTS = ("acme", "beta")

# Returns whether it is done for good.
Deed = Callable[[datetime], bool]

# The deed that comes when all is done, by its number.
LAST = 0

MOST_ROUNDS = 3_000
LONGEST_STRIDE_SECONDS = 40.0
# Where only webhooks are waited for, some of which come again after half an hour or two.
LONGEST_STRIDE_TO_WEBHOOKS_SECONDS = 1_000.0


class Stuck(Exception):
    """Work was left that no round would finish."""


def found_tenants() -> None:
    """They are content with deadlines that batches meet as often as not."""
    Tenant.objects.bulk_create(
        Tenant(name=name.title(), slug=name, deadline_percent=50) for name in TENANTS
    )


def be_told(world: World) -> None:
    """Each tenant has an endpoint that wants to know of everything."""
    for tenant in Tenant.objects.order_by("pk"):
        url = f"{world.receiver.url}/{tenant.slug}"
        fields = {"url": url, "events": EventType.values, "includes_result": True}
        endpoints.create(tenant, fields, root="http://x/", created_by="ann", now=world.now())


def queue_collections(now: datetime) -> bool:
    """Every tenant queues all the documents. A client that got no answer looks before it asks."""
    for tenant in Tenant.objects.order_by("pk"):
        there = set(Collection.objects.filter(tenant=tenant).values_list("name", flat=True))
        for name, (kind, defaults, trial, texts) in COLLECTIONS.items():
            rows = [
                (row, {"document_text": f"{tenant.name}: {text}"})
                for row, text in enumerate(texts, 1)
            ]
            if name not in there:
                accept.accept_collection(
                    *(tenant, name, kind, rows),
                    now=now,
                    created_by="ann",
                    defaults=defaults,
                    trial=trial,
                )
    return True


def let_the_others_go_on(now: datetime) -> None:
    """Where the one that went first has failed. Its people may do so twice."""
    for collection in Collection.objects.filter(seeding__state="refused"):
        seed.let_go_on(collection)


def decide_about_trials(now: datetime) -> None:
    """Once those that were tried have ended. Its people may do so twice."""
    for collection in Collection.objects.filter(trial__state="open"):
        tried = AIJob.objects.filter(collection=collection, route="sync", answered_by=None)
        if tried.exclude(status__in=AIJob.FINAL).exists():
            continue
        if collection.name == "Dropped":
            withdraw.cancel_collection(collection, now=now)
        else:
            seed.end_trial(collection, now)


def queue_urgent(now: datetime) -> bool:
    for tenant in Tenant.objects.order_by("pk"):
        for text in URGENT[AIJob.objects.filter(tenant=tenant, collection=None).count() :]:
            raw = {"document_text": text}
            accept.accept_job(tenant, "summarize", raw, now=now, created_by="ann", needed_within=0)
    return True


def cancel_a_waiting_job(now: datetime) -> bool:
    """Of no collection with a cache: the first one is not to be canceled, nor are too many."""
    waiting = AIJob.objects.filter(status="queued", route="batch")
    job = waiting.filter(collection__name="Policies").last()
    return job is not None and withdraw.cancel_job(job, now=now)


def cancel_an_assembled_batch(now: datetime) -> bool:
    batch = Batch.objects.filter(status="assembled").last()
    return batch is not None and withdraw.cancel_batch(batch, Batch.AfterCancel.REQUEUE, now=now)


def cancel_a_submitted_batch(now: datetime) -> bool:
    """Not one with jobs that go first: without them nothing would be read from the cache."""
    first = AIJob.objects.filter(pk__in=Seeding.objects.values("job_id"), batch__isnull=False)
    sent = Batch.objects.filter(status="submitted").exclude(pk__in=first.values("batch"))
    batch = sent.first()
    with contextlib.suppress(GatewayError):
        return batch is not None and withdraw.cancel_batch(batch, Batch.AfterCancel.CANCEL, now=now)
    return True


def take_back_a_submitted_batch(now: datetime) -> bool:
    batch = Batch.objects.filter(status="submitted").last()
    with contextlib.suppress(GatewayError):
        return batch is not None and withdraw.cancel_batch(
            batch, Batch.AfterCancel.REQUEUE, now=now
        )
    return True


def retry_what_ended_badly(now: datetime) -> bool:
    """Once all has ended: what was canceled and not for good, and calls whose answer was lost."""
    if is_at_work() or not people.have_asked_anew():
        return False
    badly = AIJob.objects.filter(Q(status="canceled") | Q(status="failed", collection=None))
    for job in badly.exclude(status="canceled", collection__name__in=["Dropped", "Withdrawn"]):
        accept.retry_job(job, now=now)
    for collection in Collection.objects.exclude(name="Withdrawn"):
        accept.retry_collection(collection, now=now)
    return True


def meet_a_stranger(now: datetime) -> bool:
    """While a batch is in doubt, somebody else with the same key makes one that looks like it."""
    submission = Submission.objects.filter(state="in_doubt").first()
    if submission is None:
        return False
    params = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hail?"}]}
    requests = [{"custom_id": f"theirs-{n}", "params": params} for n in range(submission.requests)]
    with contextlib.suppress(GatewayError):
        gateway.create_batch(BytesIO(orjson.dumps({"requests": requests})))
    return True


def back_after(world: World, outage: timedelta) -> Deed:
    """The network, which was ordered to fail, is whole again so long after now."""
    end = world.now() + outage

    def come_back(now: datetime) -> bool:
        if now < end:
            return False
        world.emulator.control("DELETE", "faults")
        return True

    return come_back


def is_at_work() -> bool:
    return (
        is_somebody_waiting()
        or WebhookDelivery.objects.filter(status="pending").exists()
        or CollectionToCheck.objects.exists()
    )


def is_somebody_waiting() -> bool:
    """Whether jobs or batches have not ended."""
    return (
        AIJob.objects.exclude(status__in=AIJob.FINAL).exists()
        or Batch.objects.exclude(status__in=Batch.FINAL).exists()
        or Submission.objects.filter(state="duplicate", ended_at=None).exists()
    )


def stride_after(idle: int) -> float:
    """Seconds, after so many rounds in which nothing was due."""
    longest = LONGEST_STRIDE_SECONDS
    if not is_somebody_waiting():
        longest = LONGEST_STRIDE_TO_WEBHOOKS_SECONDS
    return min(2.0 ** min(idle, 10), longest)


def once(world: World, number: int, deed: Deed) -> Callable[[datetime], object]:
    """The deed, until it is done for good. A death between deed and note does it twice.

    Not after the last one: what would be canceled then, nobody would try again.
    """

    def is_over() -> bool:
        return bool(world.done[number] or world.done[LAST])

    def act(now: datetime) -> None:
        if not is_over():
            with world.alone():
                if not is_over() and deed(now):
                    world.done[number] = 1

    return act


def live(world: World, event: Deed | None = None) -> None:
    """Do everything that there is to do, in the order of a busy day, until nothing is left.

    `event`: what else happens, once. Raises Stuck when it does not come to an end.
    """
    clock, number = world.now, itertools.count(LAST + 1)

    def deed(what: Deed) -> Callable[[datetime], object]:
        return once(world, next(number), what)

    day: list[Callable[[datetime], object]] = [
        deed(queue_collections),
        deed(queue_urgent),
        deed(people.tag_one),
        deed(people.tag_all),
        apply.run,
        deed(people.forget_words),
        index.run,
        deed(cancel_a_waiting_job),
        lambda now: expedite.run(now, clock),
        decide_about_trials,
        assemble.run,
        deed(cancel_an_assembled_batch),
        reconcile.run,
        lambda now: dispatch.run(now, clock),
        deed(people.withdraw_a_collection),
        deed(people.drop_an_answer),
        *([deed(event)] if event else []),
        deed(cancel_a_submitted_batch),
        deed(take_back_a_submitted_batch),
        poll.run,
        rescue.run,
        settle.run,
        deed(people.ask_anew),
        seed.run,
        share.run,
        lambda now: deliver.run(now, clock),
        lambda now: inform.run(now, clock),
        let_the_others_go_on,
        once(world, LAST, retry_what_ended_badly),
    ]
    stages = (
        *(expedite, assemble, dispatch, poll, reconcile, rescue, settle, seed, share, deliver),
        *(apply, index, inform),
    )
    dues = [stage.due for stage in stages]
    idle = 1
    # So that an operation has several pages, and a dead worker's letters do not wait for long.
    apply.PAGE_JOBS, inform.LEASE = 12, timedelta(seconds=60)
    for _ in range(MOST_ROUNDS):
        world.count_round()
        if idle:
            sweep.run(clock())
        for act in day:
            act(clock())
        if world.done[LAST] and not is_at_work() and not people.is_untold():
            return
        idle = 0 if any(due(clock()) for due in dues) else idle + 1
        if idle:
            world.stride(stride_after(idle))
    raise Stuck
