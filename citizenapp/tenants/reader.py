"""How dates, numbers and money are written for whoever reads a page.

The pages are in English. What differs from reader to reader is how English is written there:
"1,234.50" and "Nov 26, 2026" in the United States, "1.234,50" and "26 Nov 2026" in Germany. The
patterns are those of the Unicode CLDR (https://cldr.unicode.org), as Babel has them.

Machines read the same everywhere: outside a page, the reader is that of `EVERYBODY`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import NumberPattern, format_decimal, parse_pattern
from django.http import HttpRequest

from citizenapp.tenants.models import Tenant, User

UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Reader:
    """`numbers` and `dates` are locales; `zone` is the time zone in which moments are written."""

    numbers: Locale
    dates: Locale
    zone: tzinfo = UTC
    zone_is_chosen: bool = False
    """By the person. Otherwise the browser, which knows better, uses its own."""

    @property
    def tag_of_numbers(self) -> str:
        """For `Intl` of JavaScript: "de-CH"."""
        return str(self.numbers).replace("_", "-")

    @property
    def tag_of_dates(self) -> str:
        return str(self.dates).replace("_", "-")


# Dates as Europe writes them in English, "26 Nov 2026, 14:05": nobody takes them for another day.
EVERYBODY = Reader(Locale("en", "US"), Locale("en", "150"))

_finding: ContextVar[Callable[[], Reader]] = ContextVar("reader", default=lambda: EVERYBODY)


def current() -> Reader:
    """Whoever reads the page that is being made."""
    return _finding.get()()


@contextmanager
def reading(find: Callable[[], Reader]) -> Iterator[None]:
    """What is written meanwhile is for the reader that `find` finds, when first needed."""
    found: list[Reader] = []

    def once() -> Reader:
        if not found:
            found.append(find())
        return found[0]

    token = _finding.set(once)
    try:
        yield
    finally:
        _finding.reset(token)


def of_request(request: HttpRequest) -> Reader:
    """By the choice of the person, else by the languages of the browser and the workspace."""
    user = request.user
    person = user if isinstance(user, User) else None
    access = getattr(request, "access", None)
    chosen = person.time_zone if person else ""
    zone = chosen or (access.tenant.time_zone if access else "UTC")
    numbers, dates = locales_of(
        (person.locale if person else "") or request.headers.get("Accept-Language", "")
    )
    return Reader(numbers, dates, _zone(zone), zone_is_chosen=bool(chosen))


def of_person(person: User | None, tenant: Tenant | None = None) -> Reader:
    """Of somebody who reads no page but an e-mail, as a member or a guest of a workspace."""
    chosen = person.time_zone if person else ""
    numbers, dates = locales_of(person.locale if person else "")
    zone = _zone(chosen or (tenant.time_zone if tenant else "UTC"))
    return Reader(numbers, dates, zone, zone_is_chosen=bool(chosen))


@lru_cache(maxsize=256)
def locales_of(languages: str) -> tuple[Locale, Locale]:
    """The locales of numbers and of dates for an Accept-Language, or for one tag such as "de-CH".

    The first language that Babel knows counts. Nonsense is as good as nothing.
    """
    for part in languages[:200].split(","):
        tag = part.partition(";")[0].strip().replace("-", "_")
        try:
            locale = Locale.parse(tag) if tag else None
        except (UnknownLocaleError, ValueError):
            continue
        if locale is not None:
            return _numbers_of(locale), _dates_of(locale)
    return EVERYBODY.numbers, EVERYBODY.dates


def count(number: int) -> str:
    """A count with its thousands grouped."""
    return decimal(number, 0)


def decimal(number: Decimal | float, places: int) -> str:
    """A number with so many decimal places."""
    return str(format_decimal(number, _pattern(places), locale=current().numbers))


def usd(amount: Decimal, places: int) -> str:
    """A sum in US dollars with so many decimal places: "$1,234.50", "1.234,50 $"."""
    written = decimal(abs(amount), places)
    pattern = current().numbers.currency_formats["standard"].pattern
    # No-break spaces: a sum is never torn in two.
    written = f"${written}" if pattern.startswith("¤#") else f"{written}\u00a0$"
    return f"−{written}" if amount < 0 else written


def moment(when: datetime) -> str:
    """A moment with its time zone: "26 Nov 2026, 14:05 CET"."""
    return f"{full_day(when.astimezone(current().zone).date())}, {clock(when)}"


def clock(when: datetime) -> str:
    """The time of day of a moment with its time zone: "14:05 CET", "2:05 PM EST"."""
    reader = current()
    local = when.astimezone(reader.zone)
    time = format_time(local, "short", tzinfo=reader.zone, locale=reader.dates)
    return f"{time} {local.tzname()}"


def day(when: date) -> str:
    """A day of a year that is plain: "26 November", "November 26"."""
    return _by_skeleton("MMMMd", when, current().dates)


def short_day(when: date) -> str:
    """A day of a year that is plain, where there is little room: "26 Nov", "Nov 26"."""
    return _by_skeleton("MMMd", when, current().dates)


def full_day(when: date) -> str:
    """A day with its year: "26 Nov 2026", "Nov 26, 2026"."""
    return str(format_date(when, "medium", locale=current().dates))


def month(when: date) -> str:
    """A month with its year: "November 2026"."""
    return _by_skeleton("yMMMM", when, current().dates)


# A page of usage writes each day ten times, and some thousand sums of a few patterns.
@lru_cache(maxsize=1_024)
def _by_skeleton(skeleton: str, when: date, locale: Locale) -> str:
    return str(format_skeleton(skeleton, when, locale=locale))


@lru_cache(maxsize=32)
def _pattern(places: int) -> NumberPattern:
    return parse_pattern(f"#,##0.{'0' * places}" if places else "#,##0")


def _numbers_of(locale: Locale) -> Locale:
    """The locale with a region: the likely one where none is named."""
    return locale if locale.territory else Locale(locale.language, _territory(locale))


def _dates_of(locale: Locale) -> Locale:
    """English as it is written where the reader lives, or as the world writes it."""
    try:
        return Locale("en", _territory(locale))
    except UnknownLocaleError:
        return EVERYBODY.dates


def _territory(locale: Locale) -> str | None:
    if locale.territory:
        return str(locale.territory)
    likely = get_global("likely_subtags").get(locale.language, "")
    return likely.rpartition("_")[2] or None


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
