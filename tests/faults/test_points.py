"""Every step boundary of every stage is a point at which a worker may be told to die."""

import ast
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from aijobs import crash_points, mails, outcomes, pipeline, submissions, webhooks
from aijobs.crash_points import Step
from tests.faults.flow import POINT, Reader, calls, functions
from tests.faults.scenarios import DAY, RARE

ROOMS = (pipeline, submissions, outcomes)
# Of webhooks, what the cluster runs. Whoever sets one up stores once.
WEBHOOKS = [
    Path(webhooks.__path__[0], f"{name}.py") for name in ("collections", "deliver", "outbox")
]
MAILS = [Path(mails.__path__[0], f"{name}.py") for name in ("inform", "writing")]
FILES = sorted(path for room in ROOMS for path in Path(room.__path__[0]).glob("*.py"))
FILES += WEBHOOKS + MAILS
# They store in the transaction of whoever calls them, which has locked the jobs.
IN_TRANSACTIONS = {"store", "_store", "charge_alone"}
READER = Reader(FILES, IN_TRANSACTIONS)


def named(function: ast.FunctionDef) -> set[str]:
    """Every name that it speaks of, itself apart."""
    nodes = [node for node in ast.walk(function) if isinstance(node, ast.Name | ast.Attribute)]
    return {node.attr if isinstance(node, ast.Attribute) else node.id for node in nodes}


EVERYTHING = [(path, function) for path in FILES for function in functions(path)]


def without_point(path: Path, function: ast.FunctionDef, way: tuple[str, ...] = ()) -> str:
    """A way to a function on which nothing has a point; "" where each has one."""
    way = (f"{path.parent.stem}.{path.stem}.{function.name}", *way)
    if POINT in calls(function):
        return ""
    callers = [
        (other, one)
        for other, one in EVERYTHING
        if (other == path or function.name[0] != "_")
        and one is not function
        and function.name in named(one)
        and f"{other.parent.stem}.{other.stem}.{one.name}" not in way
    ]
    if not callers:
        return " → ".join(way)
    return next(filter(None, (without_point(*caller, way) for caller in callers)), "")


def test_every_point_is_reached_by_a_stage_and_by_a_day() -> None:
    named = {
        node.attr
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "Step"
    }
    assert named == {step.name for step in Step}
    assert sorted([*DAY, *RARE]) == sorted(Step)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.stem}.{path.stem}")
def test_no_function_does_something_lasting_without_a_point(path: Path) -> None:
    for function in functions(path):
        if what := {name for name in calls(function) if READER.lasts(name)}:
            assert without_point(path, function) == "", what


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.stem}.{path.stem}")
def test_between_two_lasting_things_lies_a_point(path: Path) -> None:
    assert {one.name: gaps for one in functions(path) if (gaps := READER.gaps(one))} == {}


@pytest.mark.parametrize(
    ("body", "gaps"),
    [
        (
            "job.mark_queued(now); job.mark_canceled(now)",
            ["job.mark_queued, then job.mark_canceled"],
        ),
        ("one.mark_a(now); crash_point(step); one.mark_b(now)", []),
        ("with transaction.atomic(): one.mark_queued(now); other.mark_queued(now)", []),
        ("for one in ids: gateway.cancel_batch(one)", ["gateway.cancel_batch twice"]),
        ("gateway.cancel_batch(one); withdraw.cancel_job(two, now=now)", []),
        ("moves.adopt(one, now); moves.release(two, now)", ["moves.adopt, then moves.release"]),
        ("if not one.mark_canceled(now): other.mark_canceled(now)", []),
        (
            "if one.mark_canceled(now): other.mark_canceled(now)",
            ["one.mark_canceled, then other.mark_canceled"],
        ),
    ],
)
def test_a_missing_point_is_found(body: str, gaps: list[str]) -> None:
    [function] = ast.parse(f"def some(now):\n    {body}").body
    assert isinstance(function, ast.FunctionDef)
    assert READER.gaps(function) == gaps


def die(order: str, step: Step, times: int) -> int:
    """How a process ends that comes to a step so many times: minus the signal, or the code."""
    pid = os.fork()
    if not pid:
        os.environ[crash_points.ORDER] = order
        for _ in range(times):
            crash_points.crash_point(step)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_process_dies_when_and_where_it_was_told_to(settings: Any) -> None:
    settings.EMULATED = True
    assert die("poll.claimed:2", Step.POLL_CLAIMED, 1) == 0
    assert die("poll.claimed:2", Step.POLL_CLAIMED, 2) == -signal.SIGKILL
    assert die("poll.claimed", Step.POLL_CLAIMED, 1) == -signal.SIGKILL
    assert die("poll.claimed", Step.POLL_ANSWERED, 1) == 0


def test_nothing_dies_where_a_real_anthropic_answers(settings: Any) -> None:
    settings.EMULATED = False
    assert die("poll.claimed", Step.POLL_CLAIMED, 1) == 0
