"""Every step boundary of every stage is a point at which a worker may be told to die."""

import ast
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from aijobs import crash_points, pipeline
from aijobs.crash_points import Step
from tests.faults.scenarios import DAY, RARE

STAGES = sorted(path for path in Path(pipeline.__path__[0]).glob("*.py") if path.stem != "_steps")
# What lasts, apart from moves: calls that change something at Anthropic, and rows that are stored.
LASTING = {"create_batch", "create_message", "cancel_batch", "delete_batch", "copy_rows", "store"}


def functions(path: Path) -> list[ast.FunctionDef]:
    tree = ast.parse(path.read_text())
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def called(function: ast.FunctionDef) -> set[str]:
    """The last words of everything that it calls."""
    calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    return {call.attr if isinstance(call, ast.Attribute) else ast.unparse(call) for call in calls}


def named(function: ast.FunctionDef) -> set[str]:
    """Every name that it speaks of, itself apart."""
    nodes = [node for node in ast.walk(function) if isinstance(node, ast.Name | ast.Attribute)]
    return {node.attr if isinstance(node, ast.Attribute) else node.id for node in nodes}


EVERYTHING = [function for path in STAGES for function in functions(path)]


def test_every_point_is_reached_by_a_stage_and_by_a_day() -> None:
    named = {
        node.attr
        for path in STAGES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "Step"
    }
    assert named == {step.name for step in Step}
    assert sorted([*DAY, *RARE]) == sorted(Step)


@pytest.mark.parametrize("path", STAGES, ids=lambda path: path.stem)
def test_no_function_does_something_lasting_without_a_point(path: Path) -> None:
    for function in functions(path):
        lasting = {name for name in called(function) if name in LASTING or name[:5] == "mark_"}
        if lasting and "crash_point" not in called(function):
            neighbours = functions(path) if function.name[0] == "_" else EVERYTHING
            callers = [one for one in neighbours if function.name in named(one)]
            assert callers, f"{path.stem}.{function.name}: {lasting}"
            for caller in callers:
                assert "crash_point" in called(caller), (
                    f"{function.name} in {caller.name}: {lasting}"
                )


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
