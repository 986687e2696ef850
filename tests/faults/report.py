"""The table of `make torture`, and the words around it."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

import anthropic
import django
from django.db import connection

from aijobs.crash_points import Step
from tests.faults.scenarios import Row, StatusCounter

# The stages as their points to die at stand in aijobs/crash_points.py, then the calls that fail.
STAGES = [
    *dict.fromkeys(step.partition(".")[0] for step in Step),
    *("create", "list", "retrieve", "results", "cancel", "delete", "message", "all"),
]

TEMPLATE = """\
# Reliability

What is promised: **nothing that was accepted is lost, nothing is paid twice, and every answer
that was paid is stored and charged once.** This page says how that is tested, what came of it, and
what cannot be promised. `make torture` wrote it; the next run writes it anew.

## How it is tested

Real processes do what the product's workers do, against a real PostgreSQL and, over HTTP by the
official SDK, the emulator of Anthropic's API. They are killed by SIGKILL: at every named point of
every stage (`aijobs/crash_points.py`; between two points lies at most one thing that
lasts, a commit or a call), at random moments from outside, alone and with two or four of them doing
everything at once. The network fails at each call in each way that the emulator knows: before and
after the work was done, once or for an hour. Workers are stopped by SIGSTOP at any moment, and wake
up when others have gone on. A new worker is born at once and goes on with what it finds.

When nothing is left to do, our books are held against Anthropic's: every job ended once, and has
a result where it should; every line of every batch became one result, or one attempt with its
reason; as many charges as rows that were billed, to the token; as many batches as we know of, and
none of them still running. `lost` counts what is too few, `doubled` what is too many. Answers that
people drop while Claude works on them are among the rows: each is charged once, and nothing else
of it is kept; in this run there were {dropped}. Tags, the words that jobs are found by, and e-mails
are counted as well.

A passing of time is simulated: the clock of workers and emulator jumps ahead when there is
nothing to do, so that a grace period costs no minutes.

## What came of it

{summary}.

| | |
|---|---|
| command | `{command}` |
| date | {date} |
| took | {minutes:.1f} minutes |
| machine | {cores} cores, {machine}, Linux {linux} |
| versions | Python {python}, Django {django}, anthropic {anthropic}, PostgreSQL {postgresql} |

Under “stage” stands the stage that was killed, or the call that failed. What several workers did at
once is counted in rounds, each of all stages.

{table}

{untried}

## What cannot be promised

**A list that lags longer than the grace period.** Anthropic's API has no idempotency key. When the
answer to a submission is lost, we look for the batch in Anthropic's list. If it does not show
there within `AIJOBS_RECONCILE_GRACE` (10 minutes) after the doubt began, it counts as never made
and its jobs are sent again, under a new nonce. Should it turn up later, both run. `sweep` looks for
such a batch for two days, cancels it, and tells staff what it cost until then; its results are
never stored, so no job ends twice. What it finished before it was canceled is paid twice. In this
run the list lagged too long {late} times: {paid_twice} requests were paid twice, none was lost.

**A strange batch of the same size in the same minutes.** A batch in doubt is recognised by being
new, unknown to us, and of the same number of requests. Whoever uses the same workspace for other
work can have made one just like it. If there are two, staff decide. If there is only the wrong one,
it is adopted, its results prove to be somebody else's by their nonce, nothing of them is stored,
and the batch is in doubt again. A workspace of its own rules this out.

**A direct call in doubt.** Urgent jobs use the Messages API, which has no list to look into. If the
connection breaks or the worker dies during the call, or is stopped and the call takes longer than
`AIJOBS_STOP_GRACE`, the answer may have been made and billed. Such a job ends as failed, with the
error `in_doubt`, and is not asked again by itself: what it cost is the one thing that may be
missing in the ledger. A person may retry it. Should its worker only have slept, its answer ends the
doubt.

**Results that nobody fetches for 29 days.** Anthropic deletes them then. Staff are told seven days
ahead. After that the jobs fail with `results_expired`, and are not paid a second time by a machine.

**A PostgreSQL that loses commits**, by a disk that lies or a standby that takes over without the
last of them. The promise stands on the database keeping what it confirmed.

**A clock that is wrong by more than minutes.** A batch in doubt is looked for from its watermark
on, and where that is gone, from the moment of its intent, which is ours: keep clocks in step (NTP).

**An API that behaves otherwise than documented.** The emulator knows Anthropic's documentation and
what was measured. It is no proof about Anthropic's service.
"""


def summary(counter: StatusCounter) -> str:
    lost = sum(row.lost for row in counter.rows.values())
    doubled = sum(row.doubled for row in counter.rows.values())
    return (
        f"{counter.deaths:,} deaths in {counter.worlds:,} runs from the first job to the last,"
        f" {counter.rounds:,} rounds of all stages: {lost} lost, {doubled} doubled"
    )


def table(counter: StatusCounter) -> str:
    lines = ["| fault | stage | times tried | lost | doubled |", "|---|---|--:|--:|--:|"]
    tried = [(key, row) for key, row in counter.rows.items() if row.times]
    for (stage, fault), row in sorted(tried, key=_place):
        lines.append(f"| {fault} | {stage} | {row.times:,} | {row.lost} | {row.doubled} |")
    return "\n".join(lines)


def untried(counter: StatusCounter) -> str:
    """What was ordered in vain, in a sentence."""
    vain = [f"{fault} at {stage}" for (stage, fault), row in counter.rows.items() if not row.times]
    if not vain:
        return "Everything that was ordered came to pass."
    return f"Ordered, but no such call was made in time: {'; '.join(sorted(vain))}."


def _place(item: tuple[tuple[str, str], Row]) -> tuple[int, str]:
    (stage, fault), _ = item
    return STAGES.index(stage), fault


def write(path: Path, counter: StatusCounter, seconds: float, command: str) -> None:
    """Write the page about a run that took so long."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        (postgresql,) = cursor.fetchone()
    path.write_text(
        TEMPLATE.format(
            summary=summary(counter),
            table=table(counter),
            untried=untried(counter),
            command=command,
            late=counter.late,
            paid_twice=counter.paid_twice,
            dropped=f"{counter.dropped:,}",
            date=datetime.now(UTC).date().isoformat(),
            minutes=seconds / 60,
            cores=len(os.sched_getaffinity(0)),
            machine=platform.machine(),
            linux=platform.release().partition("-")[0],
            python=platform.python_version(),
            django=django.get_version(),
            anthropic=anthropic.__version__,
            postgresql=postgresql.split()[0],
        )
    )
