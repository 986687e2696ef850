"""A number as a spreadsheet shows it, by its number format ("00000", "0.0%", "dd.mm.yyyy").

Points and commas are those of the stored format, which is the American one in every file. Formats
that follow the settings of whoever looks are shown as ISO dates. Colors and fill characters are
left out, and spaces that only align are cut off at both ends.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import lru_cache

from .date_format import is_date, show_date

_DAY = "yyyy-mm-dd"
_ACCOUNTING = '_(* #,##0{0}_);_(* \\(#,##0{0}\\);_(* "-"{1}_);_(@_)'
_DOLLARS = '_("$"* #,##0{0}_);_("$"* \\(#,##0{0}\\);_("$"* "-"{1}_);_(@_)'
BUILT_IN = {
    0: "General",
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    5: '"$"#,##0_);\\("$"#,##0\\)',
    6: '"$"#,##0_);\\("$"#,##0\\)',
    7: '"$"#,##0.00_);\\("$"#,##0.00\\)',
    8: '"$"#,##0.00_);\\("$"#,##0.00\\)',
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    12: "# ?/?",
    13: "# ??/??",
    14: _DAY,
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    22: f"{_DAY} h:mm",
    37: "#,##0_);\\(#,##0\\)",
    38: "#,##0_);\\(#,##0\\)",
    39: "#,##0.00_);\\(#,##0.00\\)",
    40: "#,##0.00_);\\(#,##0.00\\)",
    41: _ACCOUNTING.format("", ""),
    42: _DOLLARS.format("", ""),
    43: _ACCOUNTING.format(".00", "??"),
    44: _DOLLARS.format(".00", "??"),
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
    48: "##0.0E+0",
    49: "@",
    # Dates and times of East Asian editions.
    **dict.fromkeys((*range(27, 32), 36, *range(50, 55), 57, 58), _DAY),
    **dict.fromkeys((32, 33, 34, 35, 55, 56), "h:mm:ss"),
}
"""The formats that a workbook names by number only."""

# A literal, a condition, elapsed time, a currency; then whatever stands for itself.
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?'
    r"|\\(?P<escaped>.)"
    r"|_(?P<blank>.)"
    r"|\*(?P<fill>.)"
    r"|\[\$(?P<currency>[^\]-]*)(?:-(?P<locale>[^\]]*))?\]"
    r"|\[(?P<condition>[<>=]+)\s*(?P<limit>[-+0-9.eE]+)\]"
    r"|\[(?P<elapsed>h+|m+|s+)\]"
    r"|\[[^\]]*\]"
    r"|(?P<general>General)"
    r"|(?P<half>AM/PM|A/P)"
    r"|(?P<exponent>E[+-])"
    r"|(?P<date>y+|m+|d+|h+|s+|b+|e+|g+)"
    r"|(?P<digit>[0#?])"
    r"|(?P<any>.)",
    re.IGNORECASE | re.DOTALL,
)
_TEST = {
    "<": lambda value, limit: value < limit,
    "<=": lambda value, limit: value <= limit,
    ">": lambda value, limit: value > limit,
    ">=": lambda value, limit: value >= limit,
    "=": lambda value, limit: value == limit,
    "<>": lambda value, limit: value != limit,
}
_MOST_DIGITS = 30
_SIMPLE = re.compile(r"(?P<grouped>#,##)?0(?:\.(?P<decimals>0{1,9}))?")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a section: what kind it is of, and its characters."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class _Section:
    parts: tuple[Part, ...]
    condition: tuple[str, float] | None = None

    def has(self, *kinds: str) -> bool:
        return any(part.kind in kinds for part in self.parts)


def shown_number(value: float, code: str, *, since_1904: bool = False) -> str:
    """A number under a format code; `since_1904` where the workbook counts days from then."""
    if plain := _SIMPLE.fullmatch(code):
        # Most numbers have one of these, and there may be millions of them.
        rounded = _rounded(Decimal(f"{value:.15g}"), len(plain["decimals"] or ""))
        return f"{rounded or abs(rounded):{',' if plain['grouped'] else ''}f}"
    section, signed = _chosen(_sections(code), value)
    if section is None:
        return general(value)
    if is_date(section.parts):
        text = show_date(section.parts, value, since_1904=since_1904)
        return general(value) if text is None else text.strip()
    size = value if signed else abs(value)
    if section.has("general", "text"):
        shown = general(size)
        return _literal(section, shown)
    if not section.has("digit"):
        return _literal(section, "")
    return _number(section, size).strip()


def shown_text(value: str, code: str) -> str:
    """A text under a format code: only a section with an @ changes it."""
    if "@" not in code and code.count(";") < 3:
        return value
    for section in _sections(code):
        if section.has("text"):
            return _literal(section, value)
    return "" if len(_sections(code)) > 3 else value


def general(value: float) -> str:
    """A number without a format: all its digits up to fifteen, and no noise beyond them."""
    if value == int(value) and abs(value) < 2**53:
        return str(int(value))
    exact = Decimal(f"{value:.15g}")
    if 1e-9 <= abs(value) < 1e21:
        text = format(exact, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa, exponent = f"{exact.normalize():E}".split("E")
    return f"{mantissa}E{int(exponent):+03d}"


@lru_cache(maxsize=4096)
def _sections(code: str) -> tuple[_Section, ...]:
    sections: list[_Section] = []
    parts: list[Part] = []
    condition: tuple[str, float] | None = None
    for found in _TOKEN.finditer(code):
        kind = found.lastgroup or ""
        text = found[kind] if kind else ""
        if kind == "any" and text == ";":
            sections.append(_Section(tuple(parts), condition))
            parts, condition = [], None
        elif kind == "limit":
            if found["condition"] in _TEST:
                condition = found["condition"], _as_float(text)
        elif kind == "any" and text == "@":
            parts.append(Part("text", text))
        elif kind in {"quoted", "escaped", "currency", "locale"}:
            parts.append(Part("literal", found["currency"] or "" if kind == "locale" else text))
            if kind == "locale":
                parts.append(Part("locale", text.upper()))
        elif kind == "blank":
            parts.append(Part("literal", " "))
        elif kind not in {"fill", ""}:
            parts.append(Part(kind, text))
    sections.append(_Section(tuple(parts), condition))
    return tuple(sections)


def _as_float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _chosen(sections: tuple[_Section, ...], value: float) -> tuple[_Section | None, bool]:
    """The section for a value, and whether a negative one needs its sign before it."""
    numeric = [section for section in sections[:3] if not section.has("text")] or [sections[0]]
    if any(section.condition for section in numeric):
        for section in numeric:
            if section.condition is None or _TEST[section.condition[0]](
                value, section.condition[1]
            ):
                return section, True
        return numeric[-1] if len(numeric) > 1 else None, True
    if value < 0 and len(numeric) > 1:
        return numeric[1], False
    if value == 0 and len(numeric) > 2:
        return numeric[2], True
    return numeric[0], True


def _literal(section: _Section, value: str) -> str:
    """The section with `value` in the place of "General" or "@"."""
    return "".join(
        value if part.kind in {"general", "text"} else part.text
        for part in section.parts
        if part.kind in {"general", "text", "literal", "any"}
    ).strip(" " if value else None)


def _number(section: _Section, value: float) -> str:
    parts = section.parts
    places = [index for index, part in enumerate(parts) if part.kind == "digit"]
    scaled = Decimal(f"{value:.15g}")
    scaled = scaled.scaleb(2 * sum(part == Part("any", "%") for part in parts))
    if any(part == Part("any", "/") for part in parts[places[0] :]):
        return _fraction(parts, scaled)
    exponent = next((i for i, part in enumerate(parts) if part.kind == "exponent"), None)
    if exponent is not None:
        return _scientific(parts, exponent, scaled)
    return _plain(parts, scaled)


def _plain(parts: tuple[Part, ...], value: Decimal) -> str:
    """Digits put where their placeholders stand, from the point outwards."""
    point = _point(parts)
    whole, fraction = parts[:point], parts[point + 1 :]
    places = [index for index, part in enumerate(whole) if part.kind == "digit"]
    first, last = (places[0], places[-1]) if places else (0, len(whole))
    grouped = any(part == Part("any", ",") for part in whole[first:last])
    value = value.scaleb(-3 * (_commas_behind(whole) + _commas_behind(fraction)))
    decimals = sum(part.kind == "digit" for part in fraction)
    rounded = _rounded(abs(value), decimals)
    digits, _, behind_point = format(rounded, "f").partition(".")
    shown = _whole(whole, digits.lstrip("0"), grouped=grouped)
    if point < len(parts):
        shown += "." + _decimals(fraction, behind_point)
    return ("-" if value < 0 and rounded else "") + shown


def _commas_behind(parts: tuple[Part, ...]) -> int:
    """How many commas follow the last placeholder: each divides by a thousand."""
    places = [index for index, part in enumerate(parts) if part.kind == "digit"]
    if not places:
        return 0
    behind = parts[places[-1] + 1 :]
    return next((i for i, part in enumerate(behind) if part != Part("any", ",")), len(behind))


def _point(parts: tuple[Part, ...]) -> int:
    return next((i for i, part in enumerate(parts) if part == Part("any", ".")), len(parts))


def _rounded(value: Decimal, decimals: int) -> Decimal:
    if value.adjusted() > _MOST_DIGITS:
        return value
    # As many digits as the largest value takes; the usual context has 28.
    enough = Context(prec=2 * _MOST_DIGITS + 2)
    return value.quantize(Decimal(1).scaleb(-min(decimals, _MOST_DIGITS)), ROUND_HALF_UP, enough)


def _whole(parts: tuple[Part, ...], digits: str, *, grouped: bool) -> str:
    shown: list[str] = []
    left = sum(part.kind == "digit" for part in parts)
    count = 0

    def put(digit: str) -> None:
        nonlocal count
        if grouped and count and count % 3 == 0:
            shown.append(",")
        shown.append(digit)
        count += 1

    if not left and digits:
        shown.extend(reversed(digits))
    for part in reversed(parts):
        if part.kind == "digit":
            left -= 1
            if digits:
                put(digits[-1])
                digits = digits[:-1]
            elif part.text == "0":
                put("0")
            elif part.text == "?":
                shown.append(" ")
            while not left and digits:
                put(digits[-1])
                digits = digits[:-1]
        elif part.kind == "literal" or (part.kind == "any" and part.text != ","):
            shown.extend(reversed(part.text))
    return "".join(reversed(shown))


def _decimals(parts: tuple[Part, ...], digits: str) -> str:
    kept = len(digits.rstrip("0"))
    shown = ""
    index = 0
    for part in parts:
        if part.kind == "digit":
            digit = digits[index : index + 1] or "0"
            if index < kept or part.text == "0":
                shown += digit
            elif part.text == "?":
                shown += " "
            index += 1
        elif part.kind == "literal" or (part.kind == "any" and part.text != ","):
            shown += part.text
    return shown


def _scientific(parts: tuple[Part, ...], at: int, value: Decimal) -> str:
    mantissa, power = parts[:at], parts[at + 1 :]
    point = _point(mantissa)
    step = max(1, sum(part.kind == "digit" for part in mantissa[:point]))
    decimals = sum(part.kind == "digit" for part in mantissa[point:])
    exponent = 0
    if value:
        exponent = (value.adjusted() // step) * step
        # Rounding may carry into another place: 9.99 becomes 10.
        if _rounded(abs(value.scaleb(-exponent)), decimals).adjusted() >= step:
            exponent += step
    sign = "-" if exponent < 0 else parts[at].text[1].replace("-", "")
    digits = str(abs(exponent)).lstrip("0")
    return (
        _plain(mantissa, value.scaleb(-exponent))
        + f"E{sign}"
        + _whole(power, digits, grouped=False)
    )


def _fraction(parts: tuple[Part, ...], value: Decimal) -> str:
    """Like "# ?/?" or "# ??/16": a whole number, and a fraction of as many digits."""
    slash = next(index for index, part in enumerate(parts) if part == Part("any", "/"))
    above = slash
    while above and parts[above - 1].kind == "digit":
        above -= 1
    below = "".join(part.text for part in parts[slash + 1 :] if part.kind in {"digit", "any"})
    below = below.strip()
    exact = Fraction(abs(value))
    if fixed := int(below) if below.isdigit() and below.strip("0") else 0:
        near = Fraction(int(exact * fixed + Fraction(1, 2)), fixed)
    else:
        near = exact.limit_denominator(10 ** max(1, min(len(below), 7)) - 1)
    sign = "-" if value < 0 and near else ""
    has_whole = any(part.kind == "digit" for part in parts[:above])
    whole, rest = divmod(near, 1) if has_whole else (0, near)
    top, bottom = rest.numerator, rest.denominator
    if fixed:
        top, bottom = int(rest * fixed), fixed
    if not top and has_whole:
        return f"{sign}{whole}"
    return f"{sign}{whole} {top}/{bottom}" if whole else f"{sign}{top}/{bottom}"
