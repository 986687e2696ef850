"""Laws that every template keeps."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template
from django.test import Client
from pytest_django import Settings

from tests.factories import make_tenant, make_user

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted(
    path for path in (ROOT / "templates").rglob("*.html") if "admin" not in path.parts
)
SCRIPTS = sorted((ROOT / "static" / "js").glob("*.js"))
SPRITE = (ROOT / "static" / "icons.svg").read_text()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_compile_and_hold_nothing_that_the_content_policy_forbids(path: Path) -> None:
    get_template(str(path.relative_to(ROOT / "templates")))
    source = path.read_text()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", source)
    assert not re.search(r"<script(?![^>]*\ssrc=)", source)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', source)
    assert "|safe" not in source


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_icons_are_in_the_sprite(path: Path) -> None:
    for name in re.findall(r'{% icon "(\w+)"', path.read_text()):
        assert f'id="{name}"' in SPRITE


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_import_files_that_are_there(path: Path) -> None:
    for name in re.findall(r'from "\./(\w+\.js)"', path.read_text()):
        assert path.with_name(name).exists()


@pytest.mark.django_db
def test_an_unknown_address_has_a_page_in_style(client: Client) -> None:
    response = client.get("/nowhere")
    assert response.status_code == 404
    assert "There is nothing at this address" in response.content.decode()


@pytest.mark.django_db
def test_the_page_for_our_own_mistakes_needs_nothing_that_may_be_broken() -> None:
    assert "on our side" in get_template("500.html").render()


@pytest.mark.django_db
@pytest.mark.parametrize(("cookie", "theme"), [("dark", 'data-theme="dark"'), ("x", "")])
def test_the_chosen_colours_are_there_from_the_first_byte(
    client: Client, settings: Settings, cookie: str, theme: str
) -> None:
    client.force_login(make_user("max", make_tenant()))
    client.cookies["theme"] = cookie
    page = client.get("/").content.decode()
    opening = page[page.index("<html") : page.index("<head>")]
    assert theme in opening
    assert ("data-theme" in opening) == bool(theme)
