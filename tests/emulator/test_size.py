import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulator.requests import make_params
from tests.ground import emulating

REQUESTS = 10_000
DOCUMENT = "The quick brown fox must jump over the lazy dog every day. " * 80


def body() -> Iterator[bytes]:
    params = json.dumps(make_params(DOCUMENT))
    yield b'{"requests":['
    for number in range(REQUESTS):
        yield f'{"," if number else ""}{{"custom_id":"r{number}","params":{params}}}'.encode()
    yield b"]}"


def peak_memory(folder: Path) -> int:
    """The largest resident size of the process that has this data folder open, in bytes."""
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            if str(folder).encode() in (status.parent / "cmdline").read_bytes():
                fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
                return int(fields["VmHWM"].split()[0]) * 1_024
        except OSError:
            continue
    raise LookupError(folder)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory from /proc")
def test_a_batch_is_never_held_in_memory(tmp_path: Path) -> None:
    import httpx2  # noqa: PLC0415 - the SDK's own HTTP client

    headers = {"x-api-key": "k", "anthropic-version": "2023-06-01"}
    with (
        emulating(tmp_path) as emulator,
        httpx2.Client(base_url=emulator.url, headers=headers, timeout=60) as client,
    ):
        before = peak_memory(tmp_path)
        batch = client.post("/v1/messages/batches", content=body()).json()
        path = f"/v1/messages/batches/{batch['id']}"
        while client.get(path).json()["processing_status"] != "ended":
            pass
        rows = size = 0
        with client.stream("GET", f"{path}/results") as response:
            for chunk in response.iter_bytes():
                rows += chunk.count(b"\n")
                size += len(chunk)
        grown = peak_memory(tmp_path) - before
    assert rows == REQUESTS
    assert grown < (size + REQUESTS * len(DOCUMENT)) / 3
