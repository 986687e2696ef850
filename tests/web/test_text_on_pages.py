"""How texts, sums and moments are written."""

from datetime import UTC, datetime

import pytest

from aijobs.templatetags import show
from aijobs.templatetags.markdown import markdown


def test_a_count_at_its_limit_says_that_there_are_more() -> None:
    assert show.of_limit(10_000, 10_000) == "10,000"
    assert show.of_limit(10_001, 10_000) == "10,000+"


def test_a_moment_is_machine_readable_and_in_utc() -> None:
    at = datetime(2026, 11, 2, 9, 5, tzinfo=UTC)
    assert str(show.moment(at)) == (
        '<time datetime="2026-11-02T09:05:00+00:00">2 Nov 2026, 09:05 UTC</time>'
    )


def test_lone_surrogates_become_replacement_characters() -> None:
    assert show.text("a\ud800b") == "a\ufffdb"


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![pixel](https://evil.example/p.png)",
        "[click](javascript:alert(1))",
        "<a href='https://evil.example' onclick='x()'>x</a>",
        "<style>body{display:none}</style>",
    ],
)
def test_markup_in_answers_starts_and_fetches_nothing(hostile: str) -> None:
    html = str(markdown(hostile))
    for tag in ("<script", "<img", "<style", 'href="javascript', "<a href='"):
        assert tag not in html


def test_markdown_in_answers_is_rendered() -> None:
    html = str(markdown("**Due**\n\n- one\n- two\n\n[law](https://example.org)"))
    assert "<strong>Due</strong>" in html
    assert "<li>one</li>" in html
    assert 'rel="noopener noreferrer nofollow"' in html
