"""The demo tenant is there in local mode, and cannot exist outside it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import authenticate

from citizenapp.tenants import access
from citizenapp.tenants.demo import ensure_demo
from citizenapp.tenants.models import APIKey, Tenant, User
from tests.factories import make_user
from tests.ground import CHECKOUT

pytestmark = pytest.mark.django_db

DEMO_BACKEND = "citizenapp.tenants.demo.DemoBackend"


@pytest.fixture
def key_file(settings: Any, tmp_path: Path) -> Path:
    settings.LOCAL = True
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend", DEMO_BACKEND]
    return tmp_path / "demo-api-key"


def test_its_people_and_its_key_work(key_file: Path) -> None:
    ensure_demo(key_file)
    for username, role, staff in (("demo", "owner", False), ("admin", "admin", True)):
        user = authenticate(username=username, password=username)
        assert isinstance(user, User)
        assert (user.is_staff, user.is_superuser) == (staff, staff)
        found = access.of_user(user, {})
        assert found
        assert (found.role, found.tenant.is_demo) == (role, True)
    assert access.of_key(key_file.read_text().strip())
    assert key_file.stat().st_mode & 0o077 == 0


def test_making_it_again_changes_nothing(key_file: Path) -> None:
    ensure_demo(key_file)
    key = key_file.read_text()
    ensure_demo(key_file)
    assert key_file.read_text() == key
    assert (Tenant.objects.count(), User.objects.count(), APIKey.objects.count()) == (1, 2, 1)


def test_a_key_that_was_revoked_is_replaced(key_file: Path) -> None:
    ensure_demo(key_file)
    APIKey.objects.update(revoked=True)
    ensure_demo(key_file)
    assert access.of_key(key_file.read_text().strip())


@pytest.mark.parametrize("password", ["", "admin", "Demo", None])
def test_no_other_password_lets_them_in(key_file: Path, password: str | None) -> None:
    ensure_demo(key_file)
    assert authenticate(username="demo", password=password) is None


def test_nobody_else_gets_in_by_their_own_name(key_file: Path) -> None:
    ensure_demo(key_file)
    make_user("ann").set_password("something else")
    User.objects.filter(username="ann").update(password="!")
    assert authenticate(username="ann", password="ann") is None


def test_somebody_who_is_called_demo_is_no_demo_user(key_file: Path) -> None:
    user = make_user("demo")
    user.set_unusable_password()
    user.save()
    assert authenticate(username="demo", password="demo") is None


def test_outside_local_mode_none_of_it_works(key_file: Path, settings: Any) -> None:
    ensure_demo(key_file)
    settings.LOCAL = False
    assert authenticate(username="demo", password="demo") is None
    assert authenticate(username="admin", password="admin") is None
    assert access.of_key(key_file.read_text().strip()) is None
    assert access.of_user(User.objects.get(username="demo"), {}) is None
    with pytest.raises(RuntimeError, match="local mode only"):
        ensure_demo(key_file)


def test_outside_local_mode_its_sign_in_is_not_even_loaded(tmp_path: Path) -> None:
    program = (
        "from citizenapp import settings;"
        "print(settings.LOCAL, settings.AUTHENTICATION_BACKENDS, settings.SECRET_KEY == '')"
    )
    environ = {k: v for k, v in os.environ.items() if k not in {"SECRET_KEY", "DATABASE_URL"}}
    said = subprocess.run(
        [sys.executable, "-c", program],
        cwd=CHECKOUT,
        env=environ | {"DATABASE_URL": "postgres:///x", "CITIZENAPP_VAR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said.startswith("False [")
    assert said.endswith("] True\n")
    assert "ModelBackend" in said
    assert "DemoBackend" not in said
