"""docs/simulation.md shows what the command says of the built-in days."""

import re
import shlex
from io import StringIO
from xml.etree import ElementTree

import pytest
from django.core.management import call_command

from aijobs.management.simulation import document, report
from aijobs.management.simulation.mixes import MIXES
from tests.docs.test_documents import ROOT, read

TEXT = read("docs/simulation.md")
SECTION = re.compile(
    r"```sh\npython manage\.py simulate (.*?)\n```\n\n<!-- ([a-z-]+) -->\n\n```text\n(.*?)```",
    re.DOTALL,
)
# The shortest of them is played anew; all of them take a minute.
PLAYED = "night"


def test_each_built_in_day_has_its_command_its_table_and_its_drawing() -> None:
    sections = SECTION.findall(TEXT)
    assert [(command, mix) for command, mix, _ in sections] == [
        (f"--mix {mix}", mix) for mix in MIXES
    ]
    for _, mix, shown in sections:
        assert shown.split("\n")[0].split() == " ".join(report.SCHEDULES).split()
        drawing = ROOT / "docs/images" / f"simulation-{mix}.svg"
        assert ElementTree.parse(drawing).getroot().tag.endswith("svg")


@pytest.mark.parametrize("mix", MIXES)
def test_on_each_built_in_day_nearly_all_deadlines_are_met_at_nearly_the_least_cost(
    mix: str,
) -> None:
    (shown,) = [shown for _, name, shown in SECTION.findall(TEXT) if name == mix]
    ours = re.search(r"^ours +([\d.]+)% +[\d.,]+ +([\d.]+) +[\d.]+% +(\d+)$", shown, re.MULTILINE)
    assert ours
    assert float(ours[1]) >= 99
    assert float(ours[2]) <= 1.1
    assert ours[3] == "0"


@pytest.mark.django_db
def test_the_table_is_what_the_command_says() -> None:
    ((command, shown),) = [
        (command, shown) for command, mix, shown in SECTION.findall(TEXT) if mix == PLAYED
    ]
    told = StringIO()
    call_command("simulate", *shlex.split(command), stdout=told)
    assert told.getvalue().endswith(shown)


def test_every_option_is_described() -> None:
    source = read("aijobs/management/commands/simulate.py")
    options = re.findall(r'"(--[a-z-]+)"', source)
    assert {f"`{one}" for one in options} <= set(re.findall(r"`--[a-z-]+", TEXT))


def test_a_document_without_a_place_for_a_mix_is_refused() -> None:
    with pytest.raises(ValueError, match="no place for office"):
        document.with_tables("# Nothing\n", {"office": None})  # type: ignore[dict-item]
