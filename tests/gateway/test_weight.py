"""The SDK is heavy and batches are large: neither may weigh on who does not need them."""

import os
import subprocess
import sys
from pathlib import Path

import orjson

from tests.ground import CHECKOUT, Emulator

# The peak counts from the start of a process, so that each measure takes one of its own.
MEASURE = """
import resource, sys, django
django.setup()
from aijobs import gateway

gateway.newest_batch_id()
_, what, path = sys.argv
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if what == "send":
    with open(path, "rb") as body:
        print(gateway.create_batch(body).id)
else:
    with open(path, "wb") as results:
        gateway.download_results(what, results)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
REQUESTS, TEXT_BYTES = 600, 100_000


def run(program: str, *arguments: str, environ: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=CHECKOUT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_the_gateway_leaves_the_sdk_alone() -> None:
    program = """
import sys, django
django.setup()
import aijobs.gateway
print("anthropic" in sys.modules)
"""
    environ = os.environ | {"DJANGO_SETTINGS_MODULE": "citizenapp.settings"}
    assert run(program, environ=environ) == "False"


def test_a_batch_goes_out_and_comes_back_with_flat_memory(
    emulator: Emulator, tmp_path: Path
) -> None:
    params = {"model": "claude-haiku-5-5", "max_tokens": 64}
    content = f"<document>{'Hail is covered. ' * (TEXT_BYTES // 17)}</document>"
    request = params | {"messages": [{"role": "user", "content": content}]}
    line = orjson.dumps(request).decode()
    body = tmp_path / "body"
    with body.open("w") as file:
        file.write('{"requests":[')
        file.write(",".join(f'{{"custom_id":"one-{n}","params":{line}}}' for n in range(REQUESTS)))
        file.write("]}")
    megabytes = body.stat().st_size >> 20
    assert megabytes > 50
    environ = os.environ | {
        "DJANGO_SETTINGS_MODULE": "citizenapp.settings",
        "ANTHROPIC_BASE_URL": emulator.url,
        "ANTHROPIC_API_KEY": "emulator",
    }
    remote_id, grown = run(MEASURE, "send", str(body), environ=environ).split()
    assert int(grown) < 20
    assert emulator.control("GET", f"batches/{remote_id}")["total"] == REQUESTS
