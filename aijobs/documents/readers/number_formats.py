"""Numbers as lists show them: 3 as `3`, `c`, `III` or `third`."""

from collections.abc import Callable

_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"),
    (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
# fmt: off
_ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]
_TENS = [
    "zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
]
# fmt: on
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_SIGNS = "*†‡§"


def letters(number: int) -> str:
    """a … z, then aa, bb … as Word counts on. Beyond its 780 letters the number itself."""
    if not 0 < number <= 780:
        return str(number)
    return chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)


def roman(number: int) -> str:
    """Small Roman numerals, up to 32767 as Word does."""
    if not 0 < number <= 32767:
        return str(number)
    text = ""
    for worth, sign in _ROMAN:
        times, number = divmod(number, worth)
        text += sign * times
    return text


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 11th."""
    teen = 10 <= number % 100 <= 20
    return f"{number}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def in_words(number: int) -> str:
    """Twenty-one, up to 999."""
    if not 0 <= number < 1000:
        return str(number)
    if number < 20:
        return _ONES[number]
    if number < 100:
        rest = number % 10
        return _TENS[number // 10] + (f"-{_ONES[rest]}" if rest else "")
    rest = number % 100
    return f"{_ONES[number // 100]} hundred" + (f" {in_words(rest)}" if rest else "")


def ordinal_in_words(number: int) -> str:
    """Twenty-first, up to 999."""
    if not 0 <= number < 1000:
        return ordinal(number)
    words = in_words(number)
    cut = max(words.rfind(" "), words.rfind("-")) + 1
    last = words[cut:]
    tail = last[:-1] + "ieth" if last.endswith("y") else last + "th"
    return words[:cut] + _ORDINALS.get(last, tail)


_FORMATS: dict[str, Callable[[int], str]] = {
    "decimal": str,
    "decimalHalfWidth": str,
    "decimalFullWidth": lambda n: str(n).translate({48 + i: 0xFF10 + i for i in range(10)}),
    "decimalZero": lambda n: f"{n:02}",
    "lowerLetter": letters,
    "upperLetter": lambda n: letters(n).upper(),
    "lowerRoman": roman,
    "upperRoman": lambda n: roman(n).upper(),
    "ordinal": ordinal,
    "cardinalText": lambda n: in_words(n).capitalize(),
    "ordinalText": lambda n: ordinal_in_words(n).capitalize(),
    "hex": lambda n: f"{n:X}",
    "numberInDash": lambda n: f"- {n} -",
    "decimalEnclosedCircle": lambda n: chr(0x2460 + n - 1) if 0 < n <= 20 else str(n),
    "decimalEnclosedParen": lambda n: f"({n})",
    "decimalEnclosedFullstop": lambda n: f"{n}.",
    "chicago": lambda n: _SIGNS[(n - 1) % 4] * ((n - 1) // 4 + 1) if 0 < n < 400 else str(n),
    "none": lambda n: "",  # noqa: ARG005
    "bullet": lambda n: "",  # noqa: ARG005
}


def is_known(form: str) -> bool:
    """Whether numbers of this format of Word's are shown as Word does."""
    return form in _FORMATS


def shown(number: int, form: str) -> str:
    """A number in a format by Word's name for it; in digits where the format is unknown."""
    return _FORMATS.get(form, str)(number)
