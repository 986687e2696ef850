"""What stands between two lines of a drawn table is one row."""

from .pdf_files import line, one_page
from .test_pdf_layout import text_of


def rule(y: float) -> bytes:
    return b"60 %g m 400 %g l S\n" % (y, y)


# The remark of the first row has two lines, and the other cells stand in its middle.
TABLE = (
    line("Time", 72, 700), line("Euros", 180, 700), line("Remark", 260, 700),
    line("free for those who", 260, 676), line("First", 72, 670), line("2.00", 180, 670),
    line("show a card", 260, 664),
    line("Day", 72, 640), line("12.00", 180, 640), line("on Sundays", 260, 640),
    line("Night", 72, 620), line("5.00", 180, 620), line("until six", 260, 620),
)  # fmt: skip


def rows(*rules: float) -> list[str]:
    return text_of(one_page(*TABLE, *map(rule, rules))).split("\n")


def test_lines_of_one_cell_are_one_row() -> None:
    assert rows(715, 690, 655, 630, 610) == [
        "| Time | Euros | Remark |",
        "| --- | --- | --- |",
        "| First | 2.00 | free for those who show a card |",
        "| Day | 12.00 | on Sundays |",
        "| Night | 5.00 | until six |",
    ]


def test_a_line_under_the_head_only_joins_nothing() -> None:
    assert len(rows(715, 690, 610)) == len(rows()) == 7
