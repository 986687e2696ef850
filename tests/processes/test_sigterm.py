"""SIGTERM ends every process within its grace; work in hand is finished or untouched."""

import time

from tests.processes.ground import LONG_ONLY, House, await_true


def test_idle_processes_end_at_once_and_quietly(house: House) -> None:
    names = ("web", "relay", "cluster", "emulator")
    read = {name: len(house.log(name)) for name in names}
    for name in names:
        began = time.monotonic()
        assert house.stop(name) == 0
        # Less than the grace after which it would be killed.
        assert time.monotonic() - began < 8, name
        assert "Traceback" not in house.log(name)[read[name] :]
    assert not house.rows("SELECT FROM aijobs_heartbeat")
    house.start(*names)
    house.hurry()
    house.await_end(house.queue())


def test_a_post_in_hand_is_finished(house: House) -> None:
    house.emulator.order("create", "slow", when="after", seconds=2)
    calls = house.emulator.stats()["calls"].get("create", 0)
    job = house.queue()
    await_true(lambda: house.emulator.stats()["calls"].get("create", 0) > calls, "a POST began")
    assert house.terminate_all("cluster") == 0
    [(status,)] = house.rows(
        "SELECT batch.status FROM aijobs_batch batch JOIN aijobs_aijob job"
        " ON job.batch_id = batch.id WHERE job.id = %s",
        [job],
    )
    assert status == "submitted"
    house.start("cluster")
    house.await_end(job)
    house.assert_books_agree()


def statuses_in(house: House, collection: str) -> set[str]:
    rows = house.rows("SELECT status FROM aijobs_aijob WHERE collection_id = %s", [collection])
    return {status for (status,) in rows}


def test_direct_calls_in_hand_are_finished_and_no_other_is_begun(house: House) -> None:
    house.emulator.control("POST", "settings", {"latency_message": 1.5})
    calls = house.emulator.stats()["calls"].get("message", 0)
    items = [{"document_text": f"Clause {number} covers hail."} for number in range(200)]
    status, queued = house.call(
        "POST",
        "collections",
        {"name": "Urgent", "job_type": "summarize", "needed_within": 0, "items": items},
    )
    assert status == 202, queued
    await_true(lambda: house.emulator.stats()["calls"].get("message", 0) > calls, "a call began")
    assert house.stop("cluster") == 0
    assert "Ended work that took longer" not in house.log("cluster")
    assert statuses_in(house, queued["collection_id"]) == {"completed", "queued"}
    house.emulator.control("POST", "settings", {"latency_message": 0})
    house.start("cluster")
    await_true(
        lambda: statuses_in(house, queued["collection_id"]) == {"completed"}, "all of them", 60
    )
    house.assert_books_agree()


@LONG_ONLY
def test_a_post_that_takes_longer_is_killed_and_never_repeated(house: House) -> None:
    house.emulator.order("create", "slow", when="after", seconds=30)
    calls = house.emulator.stats()["calls"].get("create", 0)
    job = house.queue()
    await_true(lambda: house.emulator.stats()["calls"].get("create", 0) > calls, "a POST began")
    began = time.monotonic()
    assert house.stop("cluster") == 0
    assert time.monotonic() - began < 10
    assert "Ended work that took longer" in house.log("cluster")
    house.start("cluster")
    house.await_end(job, seconds=40)
    house.assert_books_agree()


def test_settling_is_finished_or_taken_up_again(house: House) -> None:
    items = [{"document_text": f"Clause {number}. Hail is covered."} for number in range(3_000)]
    status, collection = house.call(
        "POST", "collections", {"name": "Many", "job_type": "summarize", "items": items}
    )
    assert status == 202, collection
    await_true(lambda: bool(house.rows("SELECT FROM aijobs_batch WHERE status = 'ended'")), "ended")
    assert house.stop("cluster") == 0
    house.start("cluster")
    await_true(
        lambda: not house.rows("SELECT FROM aijobs_aijob WHERE status = 'submitted'"), "all", 60
    )
    house.assert_books_agree()
