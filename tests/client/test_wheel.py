"""The wheel by itself: typed, whole, and content with what it asks for."""

import subprocess
import sys
import zipfile
from pathlib import Path

from tests.client.conftest import Installed

EVERYTHING = """
import importlib, pkgutil, sys
import citizenapp_client
for module in pkgutil.walk_packages(citizenapp_client.__path__, "citizenapp_client."):
    importlib.import_module(module.name)
assert citizenapp_client.__version__ != "0"
assert not {"django", "aijobs", "citizenapp"} & {*sys.modules}, "it stands alone"
"""

PROGRAM = """
from citizenapp_client import AsyncClient, Client, models


def summary(client: Client) -> str:
    job = client.jobs.wait(client.summarize("Hail.", needed_within=0).job_id)
    reveal_type(job.cost_usd)
    return job.result.summary if isinstance(job.result, models.SummarizeOutput) else ""


async def rows(client: AsyncClient) -> list[models.ResultRow]:
    upload = await client.collections.upload("a.csv", job_type="classify", columns={"a": "b"})
    return [row async for row in upload.rows()]


def wrong(client: Client) -> None:
    client.summarize("Hail.", needed_with=0)
    client.jobs.list(status="done")
"""


def test_it_is_typed_and_licensed(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert "citizenapp_client/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any("generate" in name for name in names)


def test_all_of_it_runs_with_what_it_asks_for_and_nothing_else(installed: Installed) -> None:
    done = subprocess.run(
        [installed.python, "-I", "-W", "error", "-c", EVERYTHING],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_program_on_it_is_checked(installed: Installed, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    options = ("--python-executable", installed.python, "--cache-dir", tmp_path / "cache")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", *options, "program.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    errors = [line for line in done.stdout.splitlines() if ": error: " in line]

    assert 'Revealed type is "decimal.Decimal"' in done.stdout
    assert len(errors) == 2, done.stdout
    assert 'Unexpected keyword argument "needed_with"' in errors[0]
    assert 'Argument "status" to "list" of "Jobs" has incompatible type' in errors[1]


def test_the_command_says_what_it_is(installed: Installed) -> None:
    done = installed.run("--version")

    assert done.returncode == 0
    assert done.stdout.startswith("citizenapp, version 0.")
