import math
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs.documents.readers.number_format import general, shown_number, shown_text

# A cell has no time zone.
FIRST, LAST = datetime(1900, 3, 1), datetime(9999, 12, 30)  # noqa: DTZ001
DAY_0 = datetime(1899, 12, 30)  # noqa: DTZ001
EURO = '_-* #,##0.00 [$€-407]_-;-* #,##0.00 [$€-407]_-;_-* "-"?? [$€-407]_-;_-@_-'


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (1234, "00000000", "00001234"),
        (123456789, "000-00-0000", "123-45-6789"),
        (5551234567, "(000) 000-0000", "(555) 123-4567"),
        (0.075, "0.0%", "7.5%"),
        (7.000000000000001, "0.00", "7.00"),
        (2.5, "0", "3"),
        (1.005, "0.00", "1.01"),
        (-0.4, "0", "0"),
        (0, "#", ""),
        (0.5, "#.00", ".50"),
        (3, "0.0##", "3.0"),
        (1234567.891, "#,##0.00", "1,234,567.89"),
        (1234567, "#,##0,", "1,235"),
        (1234567, '0.0,,"M"', "1.2M"),
        (1234.5, '#,##0.00 "€"', "1,234.50 €"),
        (1234.5, EURO, "1,234.50 €"),
        (-1234.5, EURO, "-1,234.50 €"),
        (0, EURO, "-   €"),
        (-5, "0;[Red](0)", "(5)"),
        (-5, "0", "-5"),
        (12345678, "0.00E+00", "1.23E+07"),
        (0.00012, "0.0E+00", "1.2E-04"),
        (9.99, "0.0E+00", "1.0E+01"),
        (12345678, "##0.0E+0", "12.3E+6"),
        (1.5, "# ?/?", "1 1/2"),
        (0.3, "# ?/8", "2/8"),
        (5, '[<10]"low";[>100]"high";0.0', "low"),
        (50, '[<10]"low";[>100]"high";0.0', "50.0"),
        (7, '"Policy "0', "Policy 7"),
        (46146, "dd.mm.yyyy", "04.05.2026"),
        (46146, "d/m/yy", "4/5/26"),
        (46146, "[$-407]d. mmmm yyyy", "4. Mai 2026"),
        (46146, "ddd, mmm d", "Mon, May 4"),
        (46146, "[$-F800]dddd, mmmm dd, yyyy", "2026-05-04"),
        (46146.75, "yyyy-mm-dd h:mm AM/PM", "2026-05-04 6:00 PM"),
        (46146.5, "yyyy\\-mm\\-dd\\Thh:mm:ss", "2026-05-04T12:00:00"),
        (1.5, "[h]:mm", "36:00"),
        (0.0625, "h:mm", "1:30"),
        (3661 / 86400, "[mm]:ss", "61:01"),
        (0.5000001, "mm:ss.000", "00:00.009"),
        (59, "d/m/yyyy", "28/2/1900"),
        (61, "d/m/yyyy", "1/3/1900"),
        (-1, "dd.mm.yyyy", "-1"),
        (0, ";;;", ""),
    ],
)
def test_a_number_is_shown_as_a_spreadsheet_shows_it(value: float, code: str, shown: str) -> None:
    assert shown_number(value, code) == shown


def test_days_may_count_from_1904() -> None:
    assert shown_number(0, "yyyy-mm-dd", since_1904=True) == "1904-01-01"


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [("a", "General", "a"), ("a", '"Ref "@', "Ref a"), ("a", "0;0;0", "a"), ("a", ";;;", "")],
)
def test_a_text_is_changed_by_a_format_for_texts_only(value: str, code: str, shown: str) -> None:
    assert shown_text(value, code) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.1 + 0.2, "0.3"), (4111111111111111, "4111111111111111"), (1e-10, "1E-10"), (-2.50, "-2.5")],
)
def test_a_general_number_has_no_noise(value: float, shown: str) -> None:
    assert general(value) == shown


numbers = st.floats(-1e12, 1e12, allow_nan=False)


@given(numbers)
def test_a_general_number_keeps_fifteen_digits(value: float) -> None:
    assert math.isclose(float(general(value)), value, rel_tol=1e-14, abs_tol=1e-300)


@given(numbers, st.integers(0, 6))
def test_decimals_are_rounded_half_up(value: float, decimals: int) -> None:
    code = "0." + "0" * decimals if decimals else "0"
    exact = Decimal(f"{value:.15g}").quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    assert Decimal(shown_number(value, code)) == exact
    assert shown_number(value, "#,##" + code).replace(",", "") == shown_number(value, code)


@given(st.datetimes(FIRST, LAST))
def test_a_moment_comes_back(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    serial = (moment - DAY_0) / timedelta(days=1)
    shown = shown_number(serial, "yyyy-mm-dd hh:mm:ss")
    assert shown == moment.isoformat(" ")


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.text('0#?.,%E+-/@;"[]$€hmsyd\\_* <>1A', max_size=12),
)
def test_any_format_shows_something_or_nothing(value: float, code: str) -> None:
    assert isinstance(shown_number(value, code), str)
    assert isinstance(shown_text("a", code), str)


def test_a_number_of_many_digits_is_shown_whole() -> None:
    assert shown_number(1e28, "0") == "1" + "0" * 28


def test_a_fraction_without_places_below_its_line_is_shown() -> None:
    assert "1" in shown_number(0.5, "0/")
