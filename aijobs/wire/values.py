"""How many values a JSON text holds, told without reading it as JSON.

Each becomes an object of Python's, which takes dozens of bytes for the two that `[]` takes in the
text: a body of 60 MB, which packs to 60 KB, would take more than a gigabyte.
"""

import re

# A string to its end, or to the end of the text. Always matches, so that it is linear.
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_MARKS = "[{,"


def are_more_than(most: int, text: str) -> bool:
    """Whether there are more: what begins a list or an object, or follows a comma, is one."""
    if _count(text) <= most:
        return False
    # Those inside of strings do not count.
    return _count(_STRING.sub("", text)) > most


def _count(text: str) -> int:
    return sum(text.count(mark) for mark in _MARKS)
