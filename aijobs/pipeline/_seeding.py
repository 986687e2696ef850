"""Which job of a collection goes first, which wait for it, and whose requests read the cache."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models import Avg, Case, Count, Exists, F, OuterRef, Q, TextField, Value, When
from django.db.models.functions import MD5, Cast

from aijobs import caching, jobtypes
from aijobs.caching import Prefix
from aijobs.jobtypes import prefixes
from aijobs.models import AIJob, Collection, JobDocument, Seeding
from aijobs.models.jobs import AIJobQuerySet
from aijobs.pipeline._checks import Asked

# Rows that are stored by one COPY, or priced together: the first of such pieces decides about the
# cache. What is not their documents waits in memory for the COPYs after it.
CHUNK = 5_000

# Anthropic may take a day for a batch. A job that is needed sooner than a day after the seed was
# waited for in vain does not wait.
LONGEST_BATCH = timedelta(days=1)


class Alike(NamedTuple):
    """So many requests that begin alike, with prompts of about so many tokens."""

    prefix: Prefix
    rows: int
    prompt_tokens: int


class Sharing:
    """Whether one of some requests is to go first, since the others begin with the same.

    It is decided by the first piece of them.
    """

    def __init__(self, model: str, now: datetime) -> None:
        self._model = model
        self._now = now
        self.wait = _wait()
        """How long the others wait for the first, at most."""
        self.prefix: Prefix | None = None
        """What they have in common; None where nobody waits."""
        self.rows = 0
        self.prompt_tokens = 0
        """Of all these rows together."""
        self._is_decided = not settings.AIJOBS_CACHE

    def decide(self, rows: Sequence[Asked]) -> None:
        """Look at the first piece; those after it change nothing."""
        if self._is_decided:
            return
        self._is_decided = True
        patient = [one for one in rows if one.prefix and self._may_wait(one)]
        # Options that a row has for itself make another beginning.
        found = Counter(one.prefix for one in patient).most_common(1)
        if not found:
            return
        ((shared, count),) = found
        assert shared is not None
        prompt_tokens = sum(one.tokens.tokens for one in patient) // len(patient)
        if _worthwhile(self._model, Alike(shared, count, prompt_tokens), self._now):
            self.prefix = shared

    def add(self, one: Asked) -> bool:
        """Count it, if it is one of them; whether it is."""
        if self.prefix is None or one.prefix != self.prefix or not self._may_wait(one):
            return False
        self.rows += 1
        self.prompt_tokens += one.tokens.tokens
        return True

    @property
    def alike(self) -> Alike | None:
        """Those that were counted; None without any."""
        if self.prefix is None or not self.rows:
            return None
        return Alike(self.prefix, self.rows, self.prompt_tokens // self.rows)

    def plan(self) -> caching.Plan | None:
        """What those that were counted pay, and save. None without any, or without a price."""
        return _plan(self._model, self.alike, self._now) if self.alike else None

    def _may_wait(self, one: Asked) -> bool:
        if one.needed_within is None:
            return True
        return timedelta(seconds=one.needed_within) >= self.wait + LONGEST_BATCH


class Sowing:
    """Decides about a collection while its rows are being stored."""

    def __init__(self, collection: Collection, now: datetime) -> None:
        self._collection = collection
        self._now = now
        self._model = jobtypes.get(collection.job_type).model
        self._sharing = Sharing(self._model, now)
        self._seed: UUID | None = None

    def starts(self, rows: Sequence[tuple[UUID, Asked]]) -> list[datetime]:
        """Until when each of these jobs waits in the queue."""
        self._sharing.decide([one for _, one in rows])
        return [self._start(key, one) for key, one in rows]

    def save(self, repeated: int) -> None:
        """Store what was decided, once all rows are stored.

        `repeated`: how many of them are not sent, since others asked the same.
        """
        sharing = self._sharing
        if sharing.prefix is None or self._seed is None:
            return
        held = AIJob.objects.filter(collection=self._collection, answered_by=None)
        held = held.held_until(self._now + sharing.wait)
        if repeated and not self._leave_out_repeated(self._seed, held):
            return
        plan = sharing.plan()
        if plan is None or sharing.alike is None or (repeated and plan.saving_usd <= 0):
            held.let_go()
            return
        _store(self._collection, self._seed, sharing.alike, plan, self._now)

    def _leave_out_repeated(self, seed: UUID, held: AIJobQuerySet) -> bool:
        """What is not sent neither goes first nor reads the cache; False where nothing is left."""
        if AIJob.objects.filter(pk=seed).exclude(answered_by=None).exists():
            first = held.order_by("pk").first()
            if first is None:
                return False
            self._seed = first.pk
            AIJob.objects.filter(pk=first.pk).update(not_before=self._now)
        rows, sharing = 1 + held.count(), self._sharing
        sharing.prompt_tokens = sharing.prompt_tokens * rows // sharing.rows
        sharing.rows = rows
        return True

    def _start(self, key: UUID, one: Asked) -> datetime:
        if not self._sharing.add(one):
            return self._now
        if self._seed is None:
            self._seed = key
        return self._now if key == self._seed else self._now + self._sharing.wait


def sow_stored(collection: Collection, held: AIJobQuerySet, now: datetime) -> int:
    """Let those of the held jobs that begin alike wait for one of them, if it pays; how many wait.

    What `Sowing` does with rows that are being stored, for those that were stored before. That one
    stays among the held.
    """
    if not settings.AIJOBS_CACHE:
        return 0
    give_up_at = now + _wait()
    may_wait = Q(needed_by=None) | Q(needed_by__gte=give_up_at + LONGEST_BATCH)
    # What beginnings are made of, read off the rows. Should two that look alike here differ, one
    # waits in vain: `Breakpoint` compares the beginnings themselves.
    documents = JobDocument.objects.filter(job=OuterRef("pk"))
    patient = held.filter(may_wait, route=AIJob.Route.BATCH).annotate(
        shares=F("input__shares_document"),
        options=Case(
            When(input__shares_document=True, then=Value("")),
            default=MD5(Cast("input__options", TextField())),
            output_field=TextField(),
        ),
        has_several=Exists(documents.filter(number=2)),
    )
    beginning = ("shares", "options", "has_several")
    counted = (
        patient.order_by()
        .values(*beginning)
        .annotate(rows=Count("pk"), tokens=Avg("input__expected_tokens", default=0))
    )
    most = counted.order_by("-rows").first()
    if most is None:
        return 0
    alike = patient.filter(**{name: most[name] for name in beginning})
    seed = alike.select_related("input").earliest("pk")
    prefix = _prefix_of(seed)
    if prefix is None:
        return 0
    found = Alike(prefix, most["rows"], int(most["tokens"]))
    plan = _worthwhile(jobtypes.get(collection.job_type).model, found, now)
    if plan is None:
        return 0
    _store(collection, seed.pk, found, plan, now)
    return alike.exclude(pk=seed.pk).update(not_before=give_up_at)


def _wait() -> timedelta:
    return timedelta(seconds=settings.AIJOBS_SEED_SECONDS)


def _prefix_of(job: AIJob) -> Prefix | None:
    parts = [one.part for one in job.documents.order_by("number")]
    shares_document = job.input.shares_document
    given = job.kind.load(job.input.options, parts, shares_document=shares_document)
    return caching.prefix_of(job.kind.params(given), shares_document=shares_document)


def _plan(model: str, alike: Alike, now: datetime) -> caching.Plan | None:
    return caching.plan(
        model,
        *(alike.rows, alike.prefix.tokens, alike.prompt_tokens),
        on=now.date(),
    )


def _worthwhile(model: str, alike: Alike, now: datetime) -> caching.Plan | None:
    """The plan, where it saves enough."""
    plan = _plan(model, alike, now)
    if plan is None or plan.saving_usd <= 0:
        return None
    return plan if 100 * plan.saving_usd >= settings.AIJOBS_CACHE_CENTS else None


def _store(
    collection: Collection, seed: UUID, alike: Alike, plan: caching.Plan, now: datetime
) -> None:
    Seeding.objects.create(
        collection=collection,
        job_id=seed,
        model=jobtypes.get(collection.job_type).model,
        prefix_sha256=alike.prefix.sha256,
        prefix_tokens=alike.prefix.tokens,
        prompt_tokens=alike.prompt_tokens,
        rows=alike.rows,
        **plan._asdict(),
        give_up_at=now + _wait(),
    )


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """Whose requests of a collection bear one: those that begin like this."""

    prefix_sha256: bytes
    only: str | None
    """The key of the seed, while its cache is not there yet."""

    def into(self, params: dict[str, Any], key: str, *, shares_document: bool) -> dict[str, Any]:
        """The request of the job with this key, with a breakpoint if it is one of them."""
        if self.only not in (None, key):
            return params
        # Settings or the wording may have changed since it was queued. What begins otherwise would
        # write a cache of its own, at twice the price.
        prefix = caching.prefix_of(params, shares_document=shares_document)
        if prefix is None or prefix.sha256 != self.prefix_sha256:
            return params
        return prefixes.with_breakpoint(params, shares_document=shares_document)


# By the id of a collection.
Breakpoints = Mapping[str, Breakpoint]
NONE: Breakpoints = MappingProxyType({})


def breakpoints(now: datetime) -> Breakpoints:
    """For the requests that are sent now."""
    if not settings.AIJOBS_CACHE:
        return NONE
    return {
        str(one.pk): Breakpoint(
            bytes(one.prefix_sha256),
            one.job_id.hex if one.state == Seeding.State.WAITING else None,
        )
        for one in Seeding.objects.in_use(now)
    }
