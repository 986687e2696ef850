"""Which direct calls Anthropic has room for: its limits as it tells them, and what it refused."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from aijobs import jobtypes
from aijobs.gateway.limits import Bucket
from aijobs.models import AIJob, RateBucket, RateLimit

REQUESTS, INPUT_TOKENS, OUTPUT_TOKENS = "requests", "input-tokens", "output-tokens"

# For how long a model is left alone where Anthropic refuses a call and does not say.
UNTOLD_WAIT = timedelta(seconds=10)

# More than any limit there is.
BOUNDLESS = 2**31 - 1

# The parameters that `room` gives.
_ROOM = (
    "room_models",
    "room_calls",
    "room_tokens",
    "room_sizes",
    "room_answer_tokens",
    "room_answer_sizes",
)


def paused(now: datetime) -> set[str]:
    """The models that may not be called now."""
    found = RateLimit.objects.filter(paused_until__gt=now)
    return set(found.values_list("model", flat=True))


def models(closed: Collection[str]) -> dict[str, list[Any]]:
    """Which model each job type asks, and what of it is closed: parameters of `_urgent`.

    A job may have a model of its own, so both the models and the types that ask them are told.
    """
    asked = {kind.name: kind.model for kind in jobtypes.all_types()}
    return {
        "job_types": list(asked.keys()),
        "models": list(asked.values()),
        "usual_answers": [kind.usual_answer for kind in jobtypes.all_types()],
        "closed_types": [name for name, model in asked.items() if model in closed],
        "closed_models": sorted(closed),
    }


def room(running: Iterable[str], now: datetime) -> dict[str, list[Any]]:
    """What models have room for, beside calls of these models: parameters of `_urgent.CLAIM`.

    `calls` that may start, `tokens` of prompts that they may have together, `answer_tokens` that
    they may write, and the `sizes` of these whole buckets. A prompt that is larger than its bucket
    may start when that is full: Anthropic decides. A model of which nothing is known is left out.
    """
    busy = Counter(running)
    limits = {one.model: one for one in RateLimit.objects.all()}
    buckets = {(one.model, one.kind): one for one in RateBucket.objects.all()}
    most = settings.AIJOBS_URGENT_AT_ONCE
    rows: list[list[Any]] = []
    for model in sorted({*limits, *(of for of, _ in buckets)}):
        left = {
            name: bucket.level_now(now) for (of, name), bucket in buckets.items() if of == model
        }
        # Where nothing was refused lately, the extra calls of further tenants may start as well.
        told = limits.get(model)
        limit = most if told is None else int(min(told.at_once, most))
        calls = (limit if limit < most else 2 * most) - busy[model]
        calls = min(calls, int(left.get(REQUESTS, BOUNDLESS)))
        is_paused = told is not None and told.paused_until > now
        if is_paused or left.get(OUTPUT_TOKENS, 1) < 1:
            calls = 0
        sizes = {name: bucket.size for (of, name), bucket in buckets.items() if of == model}
        tokens = [
            float(of.get(name, BOUNDLESS))
            for name in (INPUT_TOKENS, OUTPUT_TOKENS)
            for of in (left, sizes)
        ]
        rows.append([model, max(0, calls), *tokens])
    return {name: [row[place] for row in rows] for place, name in enumerate(_ROOM)}


def without_room(room: dict[str, list[Any]]) -> set[str]:
    """The models of which nothing may start."""
    named = zip(room["room_models"], room["room_calls"], strict=True)
    return {model for model, calls in named if not calls}


@transaction.atomic
def take(jobs: Iterable[AIJob], now: datetime) -> None:
    """Calls for these jobs, whose inputs are loaded, are about to be sent."""
    amounts: dict[str, Counter[str]] = {}
    for job in jobs:
        taken = amounts.setdefault(job.input.asked_model, Counter())
        taken[REQUESTS] += 1
        taken[INPUT_TOKENS] += job.input.expected_tokens or 0
        # How much it writes is not known before: what answers of its type usually take.
        most = job.input.most_answer_tokens or 0
        taken[OUTPUT_TOKENS] += int(most * job.kind.usual_answer)
    for model, taken in sorted(amounts.items()):
        RateBucket.mark_taken(model, taken, now)


@transaction.atomic
def learn(told: Mapping[str, Mapping[str, Bucket]], now: datetime) -> None:
    """What the headers of answers said about the limits of each model."""
    for model, buckets in sorted(told.items()):
        for kind, bucket in buckets.items():
            RateBucket.mark_told(model, kind, **bucket._asdict(), now=now)
