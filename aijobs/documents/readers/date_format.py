"""A date or a time as a spreadsheet shows it: the part of number formats that is about days."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol


class Part(Protocol):
    """A piece of a format: what kind it is of, and its characters."""

    @property
    def kind(self) -> str: ...
    @property
    def text(self) -> str: ...


_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre"
    " diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre"
    " dicembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
}
_SHORT_MONTHS = {
    "de": "Jan Feb Mrz Apr Mai Jun Jul Aug Sep Okt Nov Dez",
    "fr": "janv févr mars avr mai juin juil août sept oct nov déc",
    "nl": "jan feb mrt apr mei jun jul aug sep okt nov dec",
}
_DAYS = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "es": "lunes martes miércoles jueves viernes sábado domingo",
    "it": "lunedì martedì mercoledì giovedì venerdì sabato domenica",
    "nl": "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
}
# The low byte of a Windows language number.
_LANGUAGES = {0x07: "de", 0x0A: "es", 0x0C: "fr", 0x10: "it", 0x13: "nl"}
# "As long as the settings say", for a day and for a time.
_SYSTEM_DAY, _SYSTEM_TIME = 0xF800, 0xF400
_LAST_DAY = 2_958_466


def is_date(parts: Sequence[Part]) -> bool:
    """Whether a section shows a day, a time or a duration."""
    return any(part.kind in {"date", "elapsed"} for part in parts)


def show_date(parts: Sequence[Part], serial: float, *, since_1904: bool) -> str | None:
    """A serial number of days under the parts of a section; None where it is no day."""
    elapsed = any(part.kind == "elapsed" for part in parts)
    if not (elapsed and abs(serial) < _LAST_DAY) and not 0 <= serial < _LAST_DAY:
        return None
    places = _second_places(parts)
    moment, days = _moment(serial, places, since_1904=since_1904)
    language, system = _locale(parts)
    if system == _SYSTEM_DAY:
        return moment.strftime("%Y-%m-%d")
    if system == _SYSTEM_TIME:
        return moment.strftime("%H:%M:%S")
    halves = any(part.kind == "half" for part in parts)
    shown: list[str] = ["-"] if serial < 0 else []
    for index, part in enumerate(parts):
        if part.kind == "date":
            as_minutes = part.text[0] in "mM" and _is_minute(parts, index)
            shown.append(_date_part(part.text.lower(), moment, language, as_minutes, halves))
        elif part.kind == "elapsed":
            shown.append(_elapsed(part.text.lower(), moment, days))
        elif part.kind == "half":
            shown.append(("PM" if moment.hour >= 12 else "AM")[: 2 if len(part.text) > 3 else 1])
        elif part.kind == "digit":
            # Placeholders stand for fractions of a second only.
            if _is_decimal(parts, index):
                place = _decimal_place(parts, index)
                shown.append(f"{moment.microsecond:06d}"[place : place + 1] or "0")
        elif part.kind in {"literal", "any"}:
            shown.append(part.text)
    return "".join(shown)


def _moment(serial: float, places: int, *, since_1904: bool) -> tuple[datetime, int]:
    """The moment, rounded to what is shown of its seconds, and whole days before it."""
    unit = 10**places
    ticks = round(abs(serial) * 86_400 * unit)
    days, ticks = divmod(ticks, 86_400 * unit)
    # Spreadsheets believe in a 29 February 1900, which was day 60.
    first = (1904, 1, 1) if since_1904 else (1899, 12, 31 if days < 60 else 30)
    start = datetime(*first)  # noqa: DTZ001 - a cell has no time zone
    return start + timedelta(days=days, microseconds=ticks * 1_000_000 // unit), days


def _second_places(parts: Sequence[Part]) -> int:
    return min(
        6, sum(part.kind == "digit" and _is_decimal(parts, i) for i, part in enumerate(parts))
    )


def _is_decimal(parts: Sequence[Part], index: int) -> bool:
    while index and parts[index - 1].kind == "digit":
        index -= 1
    return index > 0 and parts[index - 1].text in {".", ","}


def _decimal_place(parts: Sequence[Part], index: int) -> int:
    place = 0
    while index and parts[index - 1].kind == "digit":
        index -= 1
        place += 1
    return place


def _locale(parts: Sequence[Part]) -> tuple[str, int]:
    for part in parts:
        if part.kind == "locale":
            try:
                number = int(part.text.split(",")[0] or "0", 16) & 0xFFFF
            except ValueError:
                return part.text[:2].lower() if part.text[:2].lower() in _MONTHS else "en", 0
            return _LANGUAGES.get(number & 0xFF, "en"), number
    return "en", 0


def _is_minute(parts: Sequence[Part], index: int) -> bool:
    """Whether an m stands for minutes: beside hours before it or seconds behind it."""
    if len(parts[index].text) > 2:
        return False

    def first(letters: list[str]) -> str:
        return next(iter(letters), "")

    timed = [part.kind in {"date", "elapsed"} for part in parts]
    before = [parts[i].text[0].lower() for i in range(index - 1, -1, -1) if timed[i]]
    behind = [parts[i].text[0].lower() for i in range(index + 1, len(parts)) if timed[i]]
    return first(before) == "h" or first(behind) == "s"


def _date_part(text: str, moment: datetime, language: str, as_minutes: bool, halves: bool) -> str:
    letter, size = text[0], len(text)
    if letter in "ye":
        return f"{moment.year % 100:02d}" if letter == "y" and size < 3 else str(moment.year)
    if letter == "b":
        return str(moment.year + 543)
    if letter == "m" and not as_minutes:
        return _month(moment.month, size, language)
    if letter == "d" and size > 2:
        name = _DAYS[language].split()[moment.weekday()]
        return name if size > 3 else name[: 2 if language == "de" else 3]
    number = {
        "m": moment.minute,
        "d": moment.day,
        "h": (moment.hour % 12 or 12) if halves else moment.hour,
        "s": moment.second,
    }.get(letter)
    return "" if number is None else f"{number:0{min(size, 2)}d}"


def _month(month: int, size: int, language: str) -> str:
    if size < 3:
        return f"{month:0{size}d}"
    name = _MONTHS[language].split()[month - 1]
    if size == 3:
        short = _SHORT_MONTHS.get(language)
        return short.split()[month - 1] if short else name[:3]
    return name[0] if size == 5 else name


def _elapsed(text: str, moment: datetime, days: int) -> str:
    hours = days * 24 + moment.hour
    minutes = hours * 60 + moment.minute
    number = {"h": hours, "m": minutes, "s": minutes * 60 + moment.second}[text[0]]
    return f"{number:0{len(text)}d}"
