"""Counts tokens as a tokenizer would: pieces of words, groups of digits, marks, scripts.

It is no model's own vocabulary, and nobody else's estimate either: what CitizenApp reckons with is
held against it. A word is a piece of up to six letters and further ones of up to seven; a number is
a piece of up to three digits and further ones of up to four; each other mark is a piece, and so are
two line breaks. A space goes with what follows it. Letters with accents and those of other
alphabets are pieces of up to two and further ones of up to three; each sign of a script that takes
three bytes of UTF-8, as Chinese does, is one.
"""

import string


def _only(kept: str) -> bytes:
    """A table that leaves these characters alike, and makes a space of every other byte."""
    wanted = kept.encode()
    return bytes(wanted[0] if byte in wanted else 0x20 for byte in range(256))


# To look at a text once for each kind takes a fraction of what a regular expression does.
_WORDS, _NUMBERS = _only(string.ascii_letters), _only(string.digits)
_WORD, _NUMBER = _WORDS[ord("a") : ord("a") + 1], _NUMBERS[ord("0") : ord("0") + 1]
_NO_MARKS = bytes(set(range(256)) - set(string.punctuation.encode()))
# The first byte of two is an e, what follows it a c; the first byte of more is a u.
_FOREIGN = bytes(
    0x20 if byte < 0x80 else b"c"[0] if byte < 0xC0 else b"e"[0] if byte < 0xE0 else b"u"[0]
    for byte in range(256)
)


def count(text: str) -> int:
    """How many tokens a text has: at least one. The same text always has as many."""
    return max(1, _pieces(text))


def cut(text: str, most: int) -> str:
    """The longest beginning of a text that has at most so many tokens."""
    if _pieces(text) <= most:
        return text
    # A further character brings one token or none: halving finds the place.
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if _pieces(text[:middle]) <= most:
            low = middle
        else:
            high = middle - 1
    return text[:low]


def _pieces(text: str) -> int:
    data = b" " + text.encode("utf-8", "replace")
    words, numbers = data.translate(_WORDS), data.translate(_NUMBERS)
    breaks = data.count(b"\n")
    found = (
        words.count(b" " + _WORD)
        + words.count(_WORD * 7)
        + numbers.count(b" " + _NUMBER)
        + numbers.count(_NUMBER * 4)
        + len(data.translate(None, _NO_MARKS))
        + (breaks - data.count(b"\n\n") if breaks else 0)
    )
    if text.isascii():
        return found
    foreign = data.translate(_FOREIGN)
    return found + sum(map(foreign.count, (b" e", b"ececec", b"u")))
