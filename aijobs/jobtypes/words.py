"""The words of a text as they are searched: without capitals and accents."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

# Of each document, and of each answer, so many characters are read.
CHARACTERS = 20_000
_LONGEST = 64
_WORD = re.compile(r"[^\W_]+")
# Chinese, Japanese and Thai put no space between words: each two letters in a row count as one.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"
)


def words(text: str) -> set[str]:
    """All of them."""
    return set(in_order(text))


def in_order(text: str) -> Iterator[str]:
    """The same, one after the other."""
    for word in _WORD.findall(_plain(text)):
        if word.isascii():
            yield word[:_LONGEST]
            continue
        for run in _UNSPACED.findall(word):
            yield from (run[at : at + 2] for at in range(max(1, len(run) - 1)))
        yield from (part[:_LONGEST] for part in _UNSPACED.split(word) if part)


def stored(tenant_id: int, word: str) -> str:
    """A word as the index of all tenants has it: of one of them."""
    return f"{tenant_id}/{word}"


def _plain(text: str) -> str:
    if text.isascii():
        return text.lower()
    return _marks().sub("", unicodedata.normalize("NFKD", text).casefold())


@cache
def _marks() -> re.Pattern[str]:
    """What is written above or below letters."""
    found = (chr(code) for code in range(0x300, 0x20000) if unicodedata.combining(chr(code)))
    return re.compile(f"[{''.join(found)}]+")
