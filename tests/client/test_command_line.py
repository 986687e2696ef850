"""The command `citizenapp`, as it is installed, with the product as `make run` serves it."""

import json
import os
import pty
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import openpyxl
import pytest

from tests.client.conftest import CSV, Installed
from tests.ground import Site

DEFAULTS = ("--type", "classify", "--default", "categories=motor,home,travel", "--fresh")
COLUMNS = ("--column", "document_text=Text", "--column", "reference=Policy No.")
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


class User:
    """Somebody who has logged in."""

    def __init__(self, installed: Installed, site: Site) -> None:
        self.installed = installed
        self.environ = {"CITIZENAPP_URL": site.url, "CITIZENAPP_API_KEY": site.api_key}

    def run(self, *arguments: str | Path, **options: Any) -> Any:
        return self.installed.run(*arguments, environ=self.environ, **options)


@pytest.fixture
def user(installed: Installed, live_site: Site) -> User:
    return User(installed, live_site)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.txt"
    path.write_text(f"The insurer pays for hail damage. {uuid4()}")
    return path


def test_login_keeps_what_works_where_nobody_else_reads_it(
    newcomer: Installed, live_site: Site
) -> None:
    key = live_site.api_key
    done = newcomer.run("login", "--url", live_site.url, "--key-stdin", input=f"{key}\n")
    assert done.returncode == 0, done.stderr
    (kept,) = newcomer.home.rglob("credentials.json")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    assert key not in done.stdout + done.stderr

    assert newcomer.run("jobs", "list").returncode == 0
    assert newcomer.run("logout").returncode == 0
    assert not kept.exists()


def test_login_without_a_terminal_reads_the_key_in_silence(
    newcomer: Installed, live_site: Site
) -> None:
    done = newcomer.run("login", input=f"{live_site.url}\n{live_site.api_key}\n")
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    assert live_site.api_key not in done.stdout + done.stderr


def test_a_wrong_key_is_not_kept(newcomer: Installed, live_site: Site) -> None:
    done = newcomer.run("login", "--url", live_site.url, "--key-stdin", input="wrong\n")

    assert done.returncode == 3
    assert "API key" in done.stderr
    assert not list(newcomer.home.rglob("credentials.json"))


def test_who_has_not_logged_in_is_told_how(newcomer: Installed) -> None:
    done = newcomer.run("jobs", "list")

    assert done.returncode == 3
    assert "citizenapp login" in done.stderr


def test_a_file_is_summarized(user: User, policy: Path) -> None:
    done = user.run("summarize", policy, "--now", "--max-length", "50", "--wait")

    assert done.returncode == 0, done.stderr
    assert "hail damage" in done.stdout


@pytest.mark.parametrize("wish", [("--now",), ("--needed-within", "0")])
def test_what_is_wanted_now_runs_at_once(
    user: User, policy: Path, table: Path, wish: tuple[str, ...]
) -> None:
    done = user.run("summarize", policy, *wish, "--json")
    assert json.loads(done.stdout)["route"] == "sync", done.stderr

    done = user.run("collection", "upload", table, *DEFAULTS, *COLUMNS, *wish, "--watch")
    assert done.returncode == 0, done.stderr
    (id_, *_) = ID.findall(done.stdout)
    jobs = user.run("jobs", "list", "--collection", id_, "--json").stdout.splitlines()
    assert [json.loads(job)["route"] for job in jobs] == ["sync"] * 3


def test_files_are_classified_and_the_bad_one_is_named(
    user: User, policy: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7 no more")
    missing = tmp_path / "missing.txt"
    done = user.run("classify", policy, broken, missing, "--categories", "motor,home", "--json")

    assert done.returncode == 4
    assert json.loads(done.stdout)["options"]["categories"] == ["motor", "home"]
    assert f"{broken}: " in done.stderr
    assert f"{missing}: No such file" in done.stderr


def test_a_field_that_is_wrong_is_named(user: User, policy: Path) -> None:
    done = user.run("classify", policy, "--categories", "only")

    assert done.returncode == 4
    assert "categories" in done.stderr


def test_standard_input_is_a_file_as_well(user: User) -> None:
    text = f"Hail. {uuid4()}"
    done = user.run("analyze", "-", "--question", "Who pays?", "--wait", "--json", input=text)

    assert done.returncode == 0, done.stderr
    job = json.loads(done.stdout)
    assert job["document"]["name"] == "stdin.txt"
    assert job["status"] == "completed"


def test_jobs_are_listed_shown_and_moved(user: User, policy: Path) -> None:
    reference = str(uuid4())
    queued = user.run("summarize", policy, "--reference", reference, "--metadata", "a=b", "--wait")
    assert queued.returncode == 0
    listed = user.run("jobs", "list", "--limit", "3")
    assert reference in listed.stdout
    (job,) = map(
        json.loads, user.run("jobs", "list", "--reference", reference, "--json").stdout.splitlines()
    )
    assert job["metadata"] == {"a": "b"}
    shown = user.run("jobs", "get", job["job_id"])
    assert "completed" in shown.stdout
    assert reference in shown.stdout
    refused = user.run("jobs", "cancel", job["job_id"])
    assert refused.returncode == 1
    assert "completed" in refused.stderr
    as_json = user.run("jobs", "retry", job["job_id"], "--json")
    assert json.loads(as_json.stderr)["type"] == "/problems/conflict"
    assert user.run("jobs", "document", job["job_id"]).stdout.strip() == policy.read_text()
    assert user.run("jobs", "get", str(uuid4())).returncode == 1


def test_a_table_is_uploaded_watched_and_downloaded(
    user: User, table: Path, tmp_path: Path
) -> None:
    done = user.run("collection", "upload", table, *DEFAULTS, *COLUMNS, "--watch")
    assert done.returncode == 0, done.stderr
    assert "3 of 3 done" in done.stdout
    assert "\r" not in done.stderr, "there is no bar without a terminal"
    (id_, *_) = ID.findall(done.stdout)

    out = tmp_path / "out.xlsx"
    assert user.run("collection", "results", id_, "--as", "xlsx", "-o", out).returncode == 0
    sheet = openpyxl.load_workbook(out).worksheets[0]
    assert [row[1].value for row in sheet.iter_rows()] == ["reference", "P-1", "P-2", "P-3"]
    as_csv = user.run("collection", "results", id_)
    assert as_csv.stdout.splitlines()[0].startswith("row,reference,")
    assert len(as_csv.stdout.splitlines()) == 4
    assert id_ in user.run("collection", "list").stdout
    assert "3 of 3 done" in user.run("collection", "get", id_).stdout
    assert "0 jobs" in user.run("collection", "cancel", id_).stderr
    assert "0 jobs" in user.run("collection", "retry", id_).stderr


def test_a_bad_row_is_named_and_may_be_left_out(user: User) -> None:
    bad = CSV.replace("Water in a kitchen.", "")
    arguments = ("collection", "upload", "-", *DEFAULTS, *COLUMNS)
    refused = user.run(*arguments, input=bad)
    assert refused.returncode == 1
    assert "row 3: document_text" in refused.stderr

    skipped = user.run(*arguments, "--on-error", "skip", "--json", input=bad)
    assert skipped.returncode == 0
    assert "row 3: document_text" in skipped.stderr
    assert json.loads(skipped.stdout)["accepted"] == 2


def test_a_terminal_gets_a_bar(user: User, table: Path) -> None:
    ours, theirs = pty.openpty()
    done = user.run(
        *("collection", "upload", table, *DEFAULTS, *COLUMNS, "--watch"),
        capture_output=False,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    drawn = os.read(ours, 100_000).decode()
    os.close(ours)

    assert done.returncode == 0
    assert "\r" in drawn
    assert "100%" in drawn
    assert "3 of 3 done" in drawn


def test_a_watch_that_is_interrupted_says_how_to_come_back(
    user: User, live_site: Site, table: Path
) -> None:
    live_site.emulator.hold()
    try:
        done = user.run("collection", "upload", table, *DEFAULTS, *COLUMNS)
        (id_,) = ID.findall(done.stdout)
        watching = subprocess.Popen(
            [user.installed.python.with_name("citizenapp"), "collection", "watch", id_],
            env={"HOME": str(user.installed.home), **user.environ},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert watching.stderr
        assert "0 of 3 done" in watching.stderr.readline()
        time.sleep(0.2)
        watching.send_signal(signal.SIGINT)
        said = watching.communicate(timeout=20)[1]
    finally:
        live_site.emulator.release()

    assert watching.returncode == 130
    assert f"citizenapp collection watch {id_}" in said
    later = user.run("collection", "watch", id_)
    assert later.returncode == 0
    assert "3 of 3 done" in later.stdout


def test_a_trial_is_shown_and_goes_on_at_a_word(user: User, table: Path) -> None:
    done = user.run("collection", "upload", table, *DEFAULTS, *COLUMNS, "--trial", "1", "--watch")
    assert done.returncode == 0, done.stderr
    assert "2 jobs wait for your word" in done.stdout
    (id_, *_) = ID.findall(done.stdout)

    assert "2 jobs go on" in user.run("collection", "continue", id_).stderr
    assert user.run("collection", "watch", id_).returncode == 0


def test_a_quote_is_shown_before_anything_is_queued(user: User, table: Path, policy: Path) -> None:
    arguments = ("collection", "upload", table, *DEFAULTS, *COLUMNS, "--quote")
    declined = user.run(*arguments, input="n\n")
    assert declined.returncode == 0
    assert "By batch:" in declined.stdout
    assert "queued" not in declined.stdout
    assert "queued" in user.run(*arguments, input="y\n").stdout
    assert "queued" in user.run("summarize", policy, "--quote", "--yes").stdout

    quote = json.loads(user.run("summarize", policy, "--fresh", "--quote", "--json").stdout)
    assert user.run("quote", "get", quote["quote_id"]).returncode == 0
    assert "Queued" in user.run("quote", "confirm", quote["quote_id"]).stdout


def test_usage_is_a_table_or_a_file(user: User, policy: Path, tmp_path: Path) -> None:
    user.run("summarize", policy, "--wait")
    shown = user.run("usage", "--by", "route,model")
    assert shown.returncode == 0
    assert shown.stdout.split("\n")[0].split() == ["ROUTE", "MODEL", "JOBS", "COST", "SAVED"]
    assert "total" in shown.stdout
    assert json.loads(user.run("usage", "--json").stdout)["from"]
    assert user.run("usage", "-o", tmp_path / "usage.xlsx").returncode == 0
    assert openpyxl.load_workbook(tmp_path / "usage.xlsx").sheetnames

    nowhere = tmp_path / "missing" / "usage.xlsx"
    done = user.run("usage", "-o", nowhere)
    assert (done.returncode, done.stderr) == (1, f"{nowhere}: No such file or directory\n")


def test_nobody_there_is_code_5(installed: Installed) -> None:
    # Port 9 discards what there is, and nobody listens.
    nowhere = {"CITIZENAPP_URL": "http://127.0.0.1:9", "CITIZENAPP_API_KEY": "key"}
    done = installed.run("jobs", "list", environ=nowhere)

    assert done.returncode == 5
    assert "No answer from http://127.0.0.1:9" in done.stderr


def test_a_watch_whose_server_goes_away_says_how_to_come_back(installed: Installed) -> None:
    nowhere = {"CITIZENAPP_URL": "http://127.0.0.1:9", "CITIZENAPP_API_KEY": "key"}
    id_ = str(uuid4())
    done = installed.run("collection", "watch", id_, environ=nowhere)

    assert done.returncode == 5
    assert f"citizenapp collection watch {id_}" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("collection", "upload", "x.csv"),
        ("classify", "x.txt"),
        ("summarize",),
        ("collection", "upload", "x.csv", "--type", "classify", "--column", "nonsense"),
        ("unknown",),
    ],
)
def test_a_command_that_is_wrong_is_code_2(user: User, arguments: tuple[str, ...]) -> None:
    done = user.run(*arguments)

    assert done.returncode == 2
    assert "Error:" in done.stderr


def test_every_exit_code_is_told(installed: Installed) -> None:
    done = installed.run("--help")
    told = re.findall(r"^ +(\d+)  ", done.stdout, re.MULTILINE)

    assert told == ["0", "1", "2", "3", "4", "5", "130"]
