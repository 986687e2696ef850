"""Notices of one moment become one text a tenant."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from aijobs.events import Change, Notice
from aijobs.live.news import MOST_CHANGES, RESYNC, Digest


def change(job: str, status: str = "queued") -> Change:
    return Change(job_id=job, status=status, collection_id=None)


def digest_of(*notices: Notice) -> dict[int, str]:
    digest = Digest()
    for notice in notices:
        digest.add(notice)
    return dict(digest.texts())


def test_each_tenant_gets_a_text_of_its_own() -> None:
    texts = digest_of(Notice(1, (change("a"),)), Notice(2, (change("b"),)))
    assert [orjson.loads(texts[tenant])["changes"] for tenant in (1, 2)] == [
        [change("a")],
        [change("b")],
    ]


def test_a_job_that_moved_twice_is_told_once_in_its_last_place() -> None:
    texts = digest_of(Notice(1, (change("a"), change("b"))), Notice(1, (change("a", "completed"),)))
    assert orjson.loads(texts[1])["changes"] == [change("b"), change("a", "completed")]


def test_a_resync_stands_for_the_changes_around_it() -> None:
    assert digest_of(Notice(1, (change("a"),)), Notice(1), Notice(1, (change("b"),))) == {1: RESYNC}


@given(st.lists(st.integers(0, 150), max_size=400))
def test_a_text_names_every_job_or_says_resync(jobs: list[int]) -> None:
    texts = digest_of(*(Notice(1, (change(str(job)),)) for job in jobs))
    if len(set(jobs)) > MOST_CHANGES:
        assert texts == {1: RESYNC}
    else:
        told = [c["job_id"] for text in texts.values() for c in orjson.loads(text)["changes"]]
        assert sorted(told) == sorted({str(job) for job in jobs})
