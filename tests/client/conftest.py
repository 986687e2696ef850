"""The wheel of the client, installed by itself."""

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.client.generator import FOLDER

CSV = "Policy No.,Text\nP-1,Hail on a car.\nP-2,Water in a kitchen.\nP-3,A suitcase lost.\n"


class Installed:
    """A Python that has the wheel and what it asks for, and nothing else."""

    def __init__(self, python: Path, home: Path) -> None:
        self.python = python
        self.home = home

    def run(self, *arguments: str | Path, environ: Any = None, **options: Any) -> Any:
        """`citizenapp` with these arguments, by somebody who has never used it."""
        command = [self.python.with_name("citizenapp"), *arguments]
        return subprocess.run(
            command,
            env={"HOME": str(self.home), "PATH": os.environ["PATH"], **(environ or {})},
            check=False,
            **{"capture_output": True, "text": True, "timeout": 60} | options,
        )


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make client` builds it, which needs no network."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "flit_core.wheel", "--outdir", folder],
        cwd=FOLDER, check=True, capture_output=True,
    )  # fmt: skip
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    (packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    tools = Path(str(distribution("installer").locate_file("")))
    subprocess.run(
        [python, "-m", "installer", wheel],
        env={"PYTHONPATH": str(tools)}, check=True, capture_output=True,
    )  # fmt: skip
    (found,) = packages.glob("citizenapp-*.dist-info")
    for needed in _closure(Distribution.at(found)):
        _borrow(needed, packages)
    home = folder / "home"
    home.mkdir()
    return Installed(python, home)


def _closure(wanted: Distribution) -> Iterator[Distribution]:
    """The distributions that it requires, with what these require."""
    seen: set[str] = set()
    todo = [*(wanted.requires or ())]
    while todo:
        requirement = Requirement(todo.pop())
        is_wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if not is_wanted or requirement.name.lower() in seen:
            continue
        seen.add(requirement.name.lower())
        there = distribution(requirement.name)
        assert requirement.specifier.contains(there.version, prereleases=True), requirement
        todo += there.requires or ()
        yield there


def _borrow(there: Distribution, packages: Path) -> None:
    """Link what it consists of, from where the tests have it."""
    for name in {Path(str(file)).parts[0] for file in there.files or ()} - {"..", "__pycache__"}:
        if not (packages / name).exists():
            (packages / name).symlink_to(Path(str(there.locate_file(name))).resolve())


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "policies.csv"
    path.write_text(CSV)
    return path


@pytest.fixture
def newcomer(installed: Installed) -> Iterator[Installed]:
    """Somebody who has not logged in yet."""
    yield installed
    shutil.rmtree(installed.home)
    installed.home.mkdir()
