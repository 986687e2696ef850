"""manage.py simulate: what it takes, and what it prints."""

import re
from datetime import timedelta
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.core.management import CommandError, call_command

from tests.factories import NOW, make_job, make_tenant
from tests.pipeline.history import ended

pytestmark = pytest.mark.django_db

ROWS = ["ours", "cheapest, all known", "all at once", "all by batch", "batch, then all again"]


def run(*arguments: str) -> str:
    told = StringIO()
    call_command("simulate", *arguments, stdout=told)
    return told.getvalue()


def test_it_tells_what_each_tenant_gets_and_how_long_it_waits() -> None:
    told = run(
        *("--tenant", "giant=500", "--tenant", "small=3x4@2", "--slots", "100", "--batch", "50")
    )
    heads, giant, small, _, last = told.splitlines()
    assert heads.split() == [
        *("tenant", "jobs", "weight", "places", "while", "waiting"),
        *("batches:", "median", "longest", "minutes:", "median", "longest"),
    ]
    assert giant.split()[:3] == ["giant", "500", "1"]
    assert small.split()[0] == "small"
    assert small.split()[2] == "2"
    # Who comes with a few jobs is in the next batch.
    assert small.split()[-4:-2] == ["1", "1"]
    assert re.fullmatch(
        r"1\d batches, the last after [\d.]+ hours. Slots in use at most: 100 of 100.", last
    )


def test_with_deadlines_it_tells_what_they_cost_and_draws_it(tmp_path: Path) -> None:
    drawing = tmp_path / "day.svg"
    told = run("--tenant", "gold=4x20/30m-4h~8-18", "--tenant", "small=9", "--plot", str(drawing))
    rows = [line for line in told.splitlines() if re.search(r"\d\.\d{3} ", line)]
    assert [next(name for name in ROWS if row.startswith(name)) for row in rows] == ROWS
    assert all(row.split()[-1] == "0" for row in rows[:4])
    svg = ElementTree.fromstring(drawing.read_text())
    told_there = " ".join(svg.itertext())
    assert all(name in told_there for name in ROWS)


def test_the_same_numbers_draw_the_same_day() -> None:
    arguments = ("--tenant", "a=5x5/20m-1h", "--tenant", "b=9x5@3", "--slots", "20", "--batch", "9")
    assert run(*arguments) == run(*arguments)
    assert run(*arguments) != run(*arguments, "--seed", "2")


def test_a_recorded_day_is_played(tmp_path: Path) -> None:
    trace, took = tmp_path / "trace.csv", tmp_path / "took.csv"
    trace.write_text(
        "moment,tenant,jobs,needed_within\n"
        "2026-03-02T09:00:00+01:00,Acme,3,7200\n"
        "2026-03-02T08:30:00Z,Bolt,2,\n"
        "2026-03-02T08:30:00Z,Acme,1,0\n"
    )
    took.write_text("requests,seconds\n1,10\n100,40\n")
    told = run("--trace", str(trace), "--turnarounds", str(took))
    assert re.search(r"^Acme +3 ", told, re.MULTILINE)
    assert re.search(r"^Bolt +2 ", told, re.MULTILINE)
    assert "3 jobs had a deadline." in told
    assert "the last after 8.6 hours" in told


def test_a_past_day_of_this_installation_is_played() -> None:
    acme, bolt = make_tenant("acme"), make_tenant("bolt")
    for number in range(3):
        make_job(acme, needed_by=NOW + timedelta(hours=2, seconds=number))
    make_job(bolt, created_at=NOW + timedelta(seconds=5))
    make_job(bolt, created_at=NOW - timedelta(days=1))
    ended(30.0, batches=3)
    told = run("--from-history", f"{NOW:%Y-%m-%d}")
    assert re.search(r"^acme +3 ", told, re.MULTILINE)
    assert re.search(r"^bolt +1 ", told, re.MULTILINE)
    assert "3 jobs had a deadline." in told


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--tenant", "acme"), "must be such as"),
        (("--tenant", "acme=0"), "a job at least"),
        (("--tenant", "acme=1@101"), "a weight from 1 to 100"),
        (("--tenant", "acme=1/2h-1h"), "the shortest first"),
        (("--tenant", "acme=1/2d"), "a day at most"),
        (("--tenant", "acme=1~9-8"), "the earlier first"),
        (("--slots", "-1"), "at least 0"),
        (("--batch", "100001"), "from 1 to 100000"),
        (("--batch", "many"), "a whole number"),
        (("--tenant", "acme=9000000"), "too long"),
        (("--mix", "holiday"), "invalid choice"),
        (("--mix", "office", "--tenant", "acme=1"), "not allowed with"),
        (("--from-history", "yesterday"), "must be a day"),
        (("--from-history", "2020-01-01"), "Nothing was accepted"),
        (("--trace", "/nowhere/trace.csv"), "No such file"),
        (("--tenant", "acme=1", "--plot", "day.svg"), "no job of this day has a deadline"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: tuple[str, ...], error: str) -> None:
    with pytest.raises(CommandError, match=error):
        run(*arguments)


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        ("moment,tenant,jobs\n", "lacks the column needed_within"),
        ("moment,tenant,jobs,needed_within\n", "has no arrivals"),
        ("moment,tenant,jobs,needed_within\nnoon,a,1,\n", "row 2: Invalid isoformat"),
        ("moment,tenant,jobs,needed_within\n2026-03-02,a,1,\n2026-03-02,a,0,\n", "row 3: needs"),
        ("moment,tenant,jobs,needed_within\n2026-03-02,a,1,90000\n", "row 2: needs"),
    ],
)
def test_a_trace_that_makes_no_sense_is_refused_by_its_row(
    tmp_path: Path, rows: str, error: str
) -> None:
    trace = tmp_path / "trace.csv"
    trace.write_text(rows)
    with pytest.raises(CommandError, match=error):
        run("--trace", str(trace))


def test_without_a_limit_it_says_so() -> None:
    assert run("--tenant", "acme=10", "--slots", "0").endswith("at most: 10 without a limit.\n")
