"""A batch of messages by Anthropic's SDK: created, followed, and its results read."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from anthropic import Anthropic

from tests.benchmarks.bench import Bench
from tests.benchmarks.report import Row, measurement
from tests.ground import Site, serving, short_folder

HURRY = {"AIJOBS_SUBMIT_EVERY": "0.5", "AIJOBS_POLL_EVERY": "0.5"}
CLAUSE = "The insurer must pay for what hail does to the roof of the house. " * 30


class Took(NamedTuple):
    """Seconds, and what the web process had at its highest over what it was before."""

    create: float
    whole: float
    results: float
    peak_bytes: int


@measurement("messages through the Anthropic-shaped door", aim="+50 MB")
def messages(bench: Bench) -> Iterator[Row]:
    """By the SDK as it is, from the whole product with one daphne."""
    with short_folder() as folder, serving(folder, **HURRY) as site:
        site.emulator.release()
        took = _run(site, bench.n)
    yield Row(
        f"{bench.n:,} messages by the SDK, create to results",
        f"{took.whole:.1f} s",
        ratio=f"create {took.create:.1f} s, results {bench.n / took.results:,.0f} rows/s",
        holds=took.peak_bytes < 50_000_000,
        peak_bytes=took.peak_bytes,
        why="Daphne hands a body on by way of memory: what it takes beyond is the body. Gunicorn, "
        "which serves HTTP in production, reads it piece by piece.",
    )


def _run(site: Site, requests: int) -> Took:
    web = _web_process(site.url.rpartition(":")[2])
    with Anthropic(base_url=site.url, api_key=site.api_key, max_retries=0) as client:
        client.messages.batches.list()
        (web / "clear_refs").write_text("5")
        idle, began = _status(web, "VmRSS"), time.perf_counter()
        batch = client.messages.batches.create(
            requests=[
                {
                    "custom_id": f"r{number}",
                    "params": {
                        "model": "claude-haiku-5-5",
                        "max_tokens": 200,
                        "messages": [{"role": "user", "content": f"Clause {number}. {CLAUSE}"}],
                    },
                }
                for number in range(requests)
            ]
        )
        create = time.perf_counter() - began
        while client.messages.batches.retrieve(batch.id).processing_status != "ended":
            time.sleep(0.25)
        ended = time.perf_counter()
        found = {row.custom_id: row.result for row in client.messages.batches.results(batch.id)}
        done = time.perf_counter()
    assert len(found) == requests
    for custom_id, result in found.items():
        assert result.type == "succeeded", custom_id
    return Took(create, done - began, done - ended, _status(web, "VmHWM") - idle)


def _web_process(port: str) -> Path:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"citizenapp.local.web" in command and port.encode() in command:
            return process
    raise LookupError(port)


def _status(process: Path, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+)", (process / "status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) * 1_024
