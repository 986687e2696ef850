"""Whatever comes in whatever order, with faults, deaths and time between: what must hold, holds.

A Hypothesis state machine; `make torture` lets it tell many more stories.
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from aijobs.crash_points import Step
from aijobs.gateway import GatewayError
from aijobs.models import AIJob, Batch, Collection
from aijobs.pipeline import (
    accept,
    assemble,
    dispatch,
    expedite,
    poll,
    reconcile,
    seed,
    settle,
    share,
    sweep,
    withdraw,
)
from aijobs.submissions import identity
from citizenapp.tenants.models import Tenant
from tests.faults import books, journeys, nursery
from tests.faults.receiver import receiving
from tests.faults.scenarios import RARE
from tests.faults.world import World, settings_of
from tests.ground import Emulator

OUTCOMES = ["", "refusal", "expired*1", "errored:api_error*1", "max_tokens*1", "invalid_json*1"]
FAULTS = st.fixed_dictionaries(
    {
        "at": st.sampled_from(["create", "list", "retrieve", "results", "cancel"]),
        "fault": st.sampled_from(["drop", "html", "status"]),
        "when": st.sampled_from(["before", "after"]),
        "status": st.sampled_from([429, 500, 529]),
    }
) | st.fixed_dictionaries(
    {
        "at": st.just("results"),
        "fault": st.sampled_from(["cut", "half_line", "missing", "duplicate", "foreign"]),
    }
)
STAGES: dict[str, Callable[[World], object]] = {
    "assemble": lambda world: assemble.run(world.now()),
    "dispatch": lambda world: dispatch.run(world.now(), world.now),
    "reconcile": lambda world: reconcile.run(world.now()),
    "expedite": lambda world: expedite.run(world.now(), world.now),
    "poll": lambda world: poll.run(world.now()),
    "seed": lambda world: seed.run(world.now()),
    "settle": lambda world: settle.run(world.now()),
    "share": lambda world: share.run(world.now()),
    "sweep": lambda world: sweep.run(world.now()),
}


class Story(RuleBasedStateMachine):
    """One tenant, one emulator, and everything that may happen."""

    world: World
    queued = 0

    @initialize()
    def begin(self) -> None:
        self.world.reset()
        journeys.found_tenants()

    @rule(outcome=st.sampled_from(OUTCOMES), urgent=st.booleans(), number=st.integers(1, 4))
    def accept(self, outcome: str, urgent: bool, number: int) -> None:
        self.queued += 1
        text = f"Policy {number} covers hail." + (f" [[emulate:{outcome}]]" if outcome else "")
        accept.accept_job(
            Tenant.objects.earliest("pk"),
            "summarize",
            {"document_text": text},
            now=self.world.now(),
            created_by="ann",
            needed_within=0 if urgent else None,
        )

    @rule(outcome=st.sampled_from(OUTCOMES))
    def accept_some_that_share(self, outcome: str) -> None:
        """One of them goes first, and its outcome decides about the others."""
        order = f" [[emulate:{outcome}]]" if outcome else ""
        texts = [f"Policies {self.queued}, {n}.{'' if n else order}" for n in range(4)]
        self.queued += len(texts)
        accept.accept_collection(
            Tenant.objects.earliest("pk"),
            "Policies",
            "analyze",
            [(row, {"document_text": text}) for row, text in enumerate(texts, 1)],
            now=self.world.now(),
            created_by="ann",
            defaults={"questions": journeys.QUESTIONS},
        )

    @rule(tried=st.integers(1, 3), outcome=st.sampled_from(OUTCOMES))
    def accept_some_to_try(self, tried: int, outcome: str) -> None:
        """A few of them run first; a person decides about the others."""
        order = f" [[emulate:{outcome}]]" if outcome else ""
        texts = [f"Trial {self.queued}, {n % 4}.{order if n == 1 else ''}" for n in range(5)]
        self.queued += len(texts)
        accept.accept_collection(
            Tenant.objects.earliest("pk"),
            "Trial",
            "analyze",
            [(row, {"document_text": text}) for row, text in enumerate(texts, 1)],
            now=self.world.now(),
            created_by="ann",
            defaults={"questions": journeys.QUESTIONS},
            trial=tried,
        )

    @rule(drop=st.booleans())
    def decide_about_a_trial(self, drop: bool) -> None:
        if collection := Collection.objects.filter(trial__state="open").first():
            if drop:
                withdraw.cancel_collection(collection, now=self.world.now())
            else:
                seed.end_trial(collection, self.world.now())

    @rule()
    def let_the_others_go_on(self) -> None:
        if collection := Collection.objects.filter(seeding__isnull=False).last():
            seed.let_go_on(collection)

    @rule(stage=st.sampled_from(sorted(STAGES)))
    def work(self, stage: str) -> None:
        STAGES[stage](self.world)

    @rule(step=st.sampled_from([step for step in Step if step not in RARE]))
    def die(self, step: Step) -> None:
        """A worker does one stage, or all, and dies where it is told to, if it comes there."""
        stage = STAGES.get(step.partition(".")[0])
        live = [stage] if stage else list(STAGES.values())
        pid = nursery.born(self.world, step, lambda: [do(self.world) for do in live])
        os.waitpid(pid, 0)

    @rule(fault=FAULTS)
    def break_a_call(self, fault: dict[str, Any]) -> None:
        self.world.emulator.control("POST", "faults", fault)

    @rule(seconds=st.sampled_from([5, 40, 600]))
    def wait(self, seconds: int) -> None:
        self.world.stride(seconds)

    @rule()
    def cancel_a_job(self) -> None:
        if job := AIJob.objects.filter(status="queued").first():
            withdraw.cancel_job(job, now=self.world.now())

    @rule(after=st.sampled_from(Batch.AfterCancel.values))
    def cancel_a_batch(self, after: str) -> None:
        if batch := Batch.objects.exclude(status__in=Batch.FINAL).last():
            with contextlib.suppress(GatewayError):
                withdraw.cancel_batch(batch, Batch.AfterCancel(after), now=self.world.now())

    @rule()
    def retry_a_job(self) -> None:
        if job := AIJob.objects.filter(status__in=["failed", "canceled"]).first():
            accept.retry_job(job, now=self.world.now())

    @precondition(lambda _: Batch.objects.filter(status="unconfirmed").exists())
    @rule(adopt=st.booleans())
    def decide_by_hand(self, adopt: bool) -> None:
        """Staff who look first: they adopt what is there, and release what is not."""
        batch = Batch.objects.filter(status="unconfirmed").earliest("pk")
        self.world.emulator.control("DELETE", "faults")
        submission = identity.current(batch)
        found = identity.candidates(submission, self.world.now())
        if adopt and len(found) == 1:
            reconcile.adopt(batch, found[0].id, now=self.world.now())
        if not adopt and not found:
            reconcile.release(submission, now=self.world.now())

    @invariant()
    def holds(self) -> None:
        assert AIJob.objects.count() == self.queued
        assert books.always(self.world) == []

    def teardown(self) -> None:
        """In the end, with the network whole again, everything ends once."""
        self.world.emulator.control("DELETE", "faults")
        for _ in range(200):
            for stage in STAGES.values():
                stage(self.world)
            journeys.decide_about_trials(self.world.now())
            journeys.let_the_others_go_on(self.world.now())
            if not journeys.is_at_work():
                break
            self.world.stride(40)
        assert books.audit(self.world, journey=False).wrong == []


@pytest.mark.timeout(3_600)
def test_what_always_holds_holds(
    transactional_db: None, emulator: Emulator, tmp_path: Path
) -> None:
    with settings_of(emulator), receiving(tmp_path) as receiver:
        Story.world = World(emulator, receiver, tmp_path)
        run_state_machine_as_test(
            Story,
            settings=settings(
                max_examples=100 if "TORTURE" in os.environ else 5,
                stateful_step_count=25,
                deadline=None,
                derandomize="TORTURE" not in os.environ,
                suppress_health_check=list(HealthCheck),
            ),
        )
