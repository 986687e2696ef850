"""A setting that is wrong is named, before anything begins."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks

from tests.ground import CHECKOUT, REPLACED_PARTS


def found() -> set[str]:
    return {str(message.id) for message in run_checks() if str(message.id).startswith("aijobs.")}


@pytest.mark.parametrize(
    ("wrong", "identifier"),
    [
        ({"LOCAL": False, "ALLOWED_HOSTS": [], "EMULATED": False}, "aijobs.E002"),
        ({"AIJOBS_BATCH_REQUESTS": 0}, "aijobs.E004"),
        ({"AIJOBS_BATCH_REQUESTS": 100_001}, "aijobs.E004"),
        ({"AIJOBS_BATCH_BYTES": 7_999_999}, "aijobs.E005"),
        ({"AIJOBS_BATCH_BYTES": 256_000_001}, "aijobs.E005"),
        ({"AIJOBS_MAX_ATTEMPTS": 0}, "aijobs.E006"),
        ({"AIJOBS_SUBMIT_WHEN": 0}, "aijobs.E007"),
        ({"AIJOBS_URGENT_AT_ONCE": 0}, "aijobs.E008"),
        ({"AIJOBS_COLLECTION_ITEMS": 0}, "aijobs.E009"),
        ({"AIJOBS_UPLOAD_BYTES": 0}, "aijobs.E010"),
        ({"AIJOBS_SEND_SECONDS": 0}, "aijobs.E011"),
        ({"AIJOBS_ANSWER_SECONDS": 0}, "aijobs.E012"),
        ({"AIJOBS_SEED_SECONDS": 3_000}, "aijobs.E023"),
        ({"AIJOBS_API_BURST": 0}, "aijobs.E030"),
        ({"AIJOBS_API_KEY_PERCENT": 0}, "aijobs.E031"),
        ({"AIJOBS_API_KEY_PERCENT": 101}, "aijobs.E031"),
        ({"AIJOBS_WEBHOOK_ALLOW": ["10.0.0.0/33"]}, "aijobs.E025"),
        ({"AIJOBS_WEBHOOK_PROXY": "socks5://proxy"}, "aijobs.E026"),
        ({"LOCAL": False, "EMULATED": True}, "aijobs.W001"),
        ({"EMAIL_BACKEND": "citizenapp.tenants.mail.NoServer"}, "aijobs.W002"),
    ],
)
def test_settings_that_contradict_each_other_are_named(
    settings: Any, wrong: dict[str, Any], identifier: str
) -> None:
    settings.ALLOWED_HOSTS = ["example.com"]
    assert found() <= {"aijobs.W001"}
    for name, value in wrong.items():
        setattr(settings, name, value)
    assert found() == {identifier}


# The least that the product needs when it does not run in local mode.
OUTSIDE = {"DATABASE_URL": "postgres:///x", "SECRET_KEY": "k", "ALLOWED_HOSTS": "x"}


def check(folder: Path, **environ: str) -> str:
    """What `manage.py check` says in this environment."""
    inherited = {key: value for key, value in os.environ.items() if key not in REPLACED_PARTS}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=CHECKOUT,
        env=inherited | {"CITIZENAPP_VAR": str(folder)} | environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0, done.stdout
    return done.stderr


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("AIJOBS_POLL_EVERY", "often", "AIJOBS_POLL_EVERY must be a number, not 'often'"),
        ("AIJOBS_SUBMIT_WHEN", "nan", "AIJOBS_SUBMIT_WHEN must be zero or more"),
        ("AIJOBS_SUBMIT_EVERY", "-1", "AIJOBS_SUBMIT_EVERY must be zero or more"),
        ("EMAIL_URL", "mail.example.com", "EMAIL_URL must be like smtp+tls://"),
        ("EMAIL_URL", "smtp+tls://", "EMAIL_URL must be like smtp+tls://"),
        ("STAFF_SECOND_FACTOR", "sometimes", "STAFF_SECOND_FACTOR must be true or false"),
        ("DEBUG", "maybe", "DEBUG must be true or false, not 'maybe'"),
        ("DATABASE_URL", "sqlite:///x", "DATABASE_URL must be a PostgreSQL URL"),
        ("DATABASE_URL", "nonsense", "DATABASE_URL"),
        ("SECRET_KEY", "", "SECRET_KEY must be set when DATABASE_URL is"),
        ("AIJOBS_MODEL_CLASSIFY", "claude-unheard-1", "AIJOBS_MODEL_CLASSIFY: No price is known"),
        ("AIJOBS_MODEL_CLASSIFY", "claude-unheard-1", "Name a TOML file in AIJOBS_PRICES"),
        ("AIJOBS_MODEL_CLASSIFY", "m" * 101, "AIJOBS_MODEL_CLASSIFY is longer than 100 bytes"),
        ("AIJOBS_MODEL_LONG_PROMPTS", "claude-unheard-1", "AIJOBS_MODEL_LONG_PROMPTS: No price"),
        ("AIJOBS_MODEL_LONG_PROMPTS", "claude-haiku-5-5", "asks more for long prompts itself"),
        ("AIJOBS_PRICES", "nowhere.toml", "AIJOBS_PRICES names no price table"),
    ],
)
def test_what_the_environment_says_wrongly_is_named(
    tmp_path: Path, name: str, value: str, said: str
) -> None:
    assert said in check(tmp_path, **OUTSIDE | {name: value})


def test_a_model_of_ones_own_with_a_price_of_ones_own_is_accepted(tmp_path: Path) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text(
        '[[prices]]\nmodel = "claude-unheard-1"\nvalid_from = 2026-01-01\n'
        'tiers = [{ input = "2", output = "10" }]\n'
    )
    named = {"AIJOBS_MODEL_CLASSIFY": "claude-unheard-1", "AIJOBS_PRICES": str(prices)}
    asked = "from aijobs import jobtypes; print(jobtypes.get('classify').model)"
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", asked],
        cwd=CHECKOUT,
        env=os.environ | {"CITIZENAPP_VAR": str(tmp_path)} | named,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "claude-unheard-1"
    subprocess.run(
        [sys.executable, "manage.py", "check", "--fail-level", "ERROR"],
        cwd=CHECKOUT,
        env=os.environ | {"CITIZENAPP_VAR": str(tmp_path)} | named,
        capture_output=True,
        check=True,
    )
