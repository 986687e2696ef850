"""The wheel by itself: typed, whole, and content with what it asks for."""

import subprocess
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


def test_it_is_typed_and_licensed(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert "citizenapp_client/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any("awaited" in name or "generate" in name for name in names)


def test_all_of_it_runs_with_what_it_asks_for_and_nothing_else(installed: Installed) -> None:
    done = subprocess.run(
        [installed.python, "-I", "-W", "error", "-c", EVERYTHING],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_the_command_says_what_it_is(installed: Installed) -> None:
    done = installed.run("--version")

    assert done.returncode == 0
    assert done.stdout.startswith("citizenapp, version 0.")
