"""Headings on a page of a PDF: short lines in type that is clearly larger than the text."""

from collections import Counter
from collections.abc import Sequence

from .pdf_words import Word

_LEAST_TEXT = 200  # characters; below that no size is that of the text
_SHARE_OF_TEXT = 0.6
_LARGER = 1.2
_MUCH_LARGER = 1.6
_TALLER = 0.95
_MOST_WORDS = 14


def set_levels(words: Sequence[Word]) -> None:
    """Give words in large type the level of a heading, where the page has text to compare with."""
    sizes: Counter[float] = Counter()
    for word in words:
        sizes[round(word.size * 2) / 2] += len(word.text)
    usual, _ = max(sizes.items(), key=lambda item: item[1], default=(0.0, 0))
    text = [word for word in words if usual and 0.9 <= word.size / usual <= 1.1]
    length = sum(len(word.text) for word in text)
    if length < max(_LEAST_TEXT, _SHARE_OF_TEXT * sizes.total()):
        return
    # Sizes alone may lie, as a matrix may enlarge them; some boxes are as high as their letters.
    height = sorted(map(_height, text))[len(text) * 9 // 10]
    for word in words:
        if word.size >= _LARGER * usual:
            word.level = 1 if word.size >= _MUCH_LARGER * usual else 2
            word.is_tall = _height(word) >= _TALLER * height


def level_of(words: Sequence[Word]) -> int:
    """The level, from 1, of a line that is a heading; 0 for others."""
    signs = [sign for word in words for sign in word.text]
    letters = sum(sign.isalpha() for sign in signs)
    if not words or len(words) > _MOST_WORDS or letters < 3 or letters < 0.5 * len(signs):
        return 0
    if not all(word.level for word in words) or not any(word.is_tall for word in words):
        return 0
    return max(word.level for word in words)


def _height(word: Word) -> float:
    return word.box[3] - word.box[1]
