"""What the documents say is so: settings, commands, statuses, links, examples."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from aijobs.models import AIJob, Batch
from citizenapp.local.product import TIMINGS
from tests.ground import Site

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
SETTINGS = (ROOT / "docs/settings.md").read_text()
DEFAULT = re.compile(r'_number\("(\w+)", ([\d_]+)\)')


def read(path: str) -> str:
    return (ROOT / path).read_text()


def blocks(document: str) -> list[str]:
    """The shell examples of a document."""
    return re.findall(r"```sh\n(.*?)```", read(document), re.DOTALL)


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    source = read("citizenapp/settings.py")
    asked = set(re.findall(r'(?:environ\.get|environ|_\w+)[(\[]"([A-Z_]+)"', source))
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", SETTINGS, re.MULTILINE))
    assert documented == asked | {"PORT"}


@pytest.mark.parametrize(("name", "default"), DEFAULT.findall(read("citizenapp/settings.py")))
def test_a_documented_default_is_the_default(name: str, default: str) -> None:
    row = re.search(rf"^\| `{name}` \| `(\d+)` \|(?: (?:`(\d+)`)? ?\|)?", SETTINGS, re.MULTILINE)
    assert row
    assert row[1] == default.replace("_", "")
    assert row[2] == TIMINGS.get(name)


def test_every_status_is_documented_with_its_lifecycle() -> None:
    lifecycle = read("docs/lifecycle.md")
    for status in [*AIJob.Status.values, *Batch.Status.values]:
        assert f"| `{status}` |" in lifecycle
        assert re.search(rf"(--> {status}\b|\b{status} -->)", lifecycle)


def test_every_make_target_that_a_document_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    for document in DOCUMENTS:
        named = set(re.findall(r"(?:^|`)make ([a-z]+)\b", document.read_text(), re.MULTILINE))
        assert named <= targets, document.name


def test_every_manage_command_that_a_document_names_exists() -> None:
    ours = {path.stem for path in ROOT.glob("aijobs/management/commands/[a-z]*.py")}
    for document in DOCUMENTS:
        named = set(re.findall(r"manage\.py ([a-z_]+)", document.read_text()))
        assert named <= ours | {"check", "createsuperuser"}, document.name


def test_every_link_leads_somewhere() -> None:
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
            if not target.startswith("http"):
                assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_file_that_the_map_names_exists() -> None:
    for name in re.findall(r"`([a-z_/]+\.(?:py|toml|md))`", read("ARCHITECTURE.md")):
        assert list(ROOT.glob(f"aijobs/**/{name}")) or (ROOT / name).exists(), name


def test_maps_and_decisions_stay_short() -> None:
    assert len(read("ARCHITECTURE.md").splitlines()) <= 150
    for decision in ROOT.glob("docs/decisions/*.md"):
        assert len(decision.read_text().splitlines()) <= 40, decision.name
        assert "What would change our mind" in decision.read_text()


def test_the_two_commands_come_first() -> None:
    assert [line.split("#")[0].strip() for line in blocks("README.md")[0].splitlines()] == [
        "make run",
        "make test",
    ]


def test_the_api_examples_run(live_site: Site) -> None:
    (examples,) = [block for block in blocks("README.md") if "curl" in block]
    script = re.sub(
        r"^KEY=.*$", f"KEY={shlex.quote(live_site.api_key)}", examples, flags=re.MULTILINE
    )
    script = script.replace("http://127.0.0.1:8000", live_site.url)
    assert script.count("curl -s ") == 5
    for call in re.findall(r"^(?:curl .*(?:\n +.*)*)", script, re.MULTILINE):
        setup = "\n".join(re.findall(r"^(?:KEY|API)=.*$", script, re.MULTILINE))
        done = subprocess.run(
            ["bash", "-c", f"{setup}\n{call} --fail-with-body"],
            capture_output=True,
            text=True,
            timeout=30,
            cwd=ROOT,
            check=False,
        )
        assert done.returncode == 0, done.stdout
