"""The page about a torture can be written whatever was tried."""

from aijobs.crash_points import Step
from tests.faults import report, scenarios
from tests.faults.books import Books
from tests.faults.scenarios import StatusCounter


def test_every_step_and_every_call_that_fails_has_a_row() -> None:
    counter = StatusCounter()
    calls = {str(fault.at) for fault in scenarios.one_of_each_kind()}
    stages = {step.partition(".")[0] for step in Step} | calls | {"all"}
    for stage in stages:
        counter.add(stage, "SIGKILL", 2, Books())
    told = report.table(counter)
    assert all(f"| SIGKILL | {stage} | 2 | 0 | 0 |" in told for stage in stages)
