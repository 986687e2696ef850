"""The examples of the guides run as they are written."""

import os
import re
import subprocess
from pathlib import Path

import click
import pytest

from citizenapp_client.cli import app
from tests.client.conftest import Installed
from tests.docs import examples
from tests.ground import CHECKOUT, Site

GUIDES = (
    "docs/quickstart.md",
    "docs/collections.md",
    "docs/errors.md",
    "clients/python/README.md",
    "README.md",
)
PYTHON = [
    (guide, example.code)
    for guide in GUIDES
    for example in examples.of(guide)
    if example.language == "python"
]
SHELL = [
    (guide, example.code)
    for guide in ("docs/quickstart.md", "docs/collections.md")
    for example in examples.of(guide)
    if example.language == "sh"
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return examples.place(tmp_path)


def environ(installed: Installed, site: Site) -> dict[str, str]:
    return {
        "HOME": str(installed.home),
        "PATH": f"{installed.python.parent}{os.pathsep}{os.environ['PATH']}",
        "CITIZENAPP_URL": site.url,
        "CITIZENAPP_API_KEY": site.api_key,
        "API": f"{site.url}/api/ai",
        "KEY": site.api_key,
    }


@pytest.mark.parametrize(("guide", "code"), PYTHON)
def test_python_examples_run(
    installed: Installed, live_site: Site, folder: Path, guide: str, code: str
) -> None:
    done = subprocess.run(
        [installed.python, "-W", "error", "-c", code],
        env=environ(installed, live_site),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{guide}\n{code}\n{done.stderr}"


@pytest.mark.parametrize("guide", ["docs/quickstart.md", "docs/collections.md"])
def test_shell_examples_run(
    installed: Installed, live_site: Site, folder: Path, guide: str
) -> None:
    known = environ(installed, live_site)
    for document, code in SHELL:
        if document != guide:
            continue
        if "curl" in code:
            answer = examples.run(code, known)
            assert answer.status < 300, f"{code}\n{answer.body}"
            known |= examples.ids(answer)
            continue
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", code],
            env=known,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"


def test_every_command_that_a_guide_names_exists() -> None:
    named = {
        command
        for guide in GUIDES
        for command in re.findall(
            r"citizenapp ((?:jobs|collection|quote) \w+|[a-z]+)", (CHECKOUT / guide).read_text()
        )
    }
    assert len(named) > 5
    for command in named:
        found: click.Command = app
        for name in command.split():
            assert isinstance(found, click.Group)
            assert name in found.commands, command
            found = found.commands[name]
