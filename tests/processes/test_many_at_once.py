"""Many callers at once, through the web server as it runs."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from tests.processes.ground import LONG_ONLY, House

CALLERS = 20


def test_one_key_sent_by_many_at_once_makes_one_job(house: House) -> None:
    key = uuid.uuid4().hex
    body = {"document_text": f"Hail is covered. {key}"}

    def post(_: int) -> tuple[int, str]:
        while True:
            status, answer = house.call("POST", "summarize", body, {"Idempotency-Key": key})
            if status != 409:  # The first call with this key is not done yet.
                return status, str(answer)

    with ThreadPoolExecutor(CALLERS) as threads:
        answers = list(threads.map(post, range(CALLERS)))
    assert {status for status, _ in answers} == {202}
    assert len(set(answers)) == 1
    [(jobs,)] = house.rows(
        "SELECT count(*) FROM aijobs_jobdocument WHERE text::text LIKE %s", [f"%{key}%"]
    )
    assert jobs == 1


@LONG_ONLY
def test_a_storm_at_anthropic_delays_everybody_and_starves_nobody(house: House) -> None:
    others = house.make_tenants(3)
    jobs = [house.queue() for _ in range(5)] + [house.queue(needed_within=0) for _ in range(5)]
    for status in (429, 529, 500) * 3:
        house.emulator.order("any", "status", status=status, times=0)
        jobs += [house.queue(key=key) for key in others]
        time.sleep(1)
        house.emulator.control("DELETE", "faults")
        time.sleep(0.2)
    # A direct call pauses for half a minute, then for a minute.
    house.await_end(*jobs, seconds=150)
    house.assert_books_agree()
