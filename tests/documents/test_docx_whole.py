from typing import Any

import docx
from hypothesis import given, settings
from hypothesis import strategies as st

from .word_files import read, saved

words = st.text(st.characters(categories=["L", "Nd"]), min_size=1, max_size=8)
# A table of one cell is a frame around text.
rows = st.integers(1, 4).flatmap(
    lambda wide: st.lists(
        st.lists(st.one_of(words, st.just("")), min_size=wide, max_size=wide),
        min_size=1,
        max_size=4,
    ).filter(lambda made: any(map(any, made)) and len(made) * len(made[0]) > 1)
)
blocks = st.one_of(
    st.tuples(st.just("text"), words),
    st.tuples(st.just("heading"), st.tuples(st.integers(1, 4), words)),
    st.tuples(st.just("table"), rows),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(blocks, min_size=1, max_size=8))
def test_what_python_docx_writes_comes_back_whole_and_in_order(
    written: list[tuple[str, Any]],
) -> None:
    document = docx.Document()
    expected = []
    for kind, content in written:
        if kind == "text":
            document.add_paragraph(content)
            expected.append(content)
        elif kind == "heading":
            document.add_heading(content[1], content[0])
            expected.append("#" * content[0] + " " + content[1])
        else:
            table = document.add_table(len(content), len(content[0]))
            for cells, row in zip(content, table.rows, strict=True):
                for text, cell in zip(cells, row.cells, strict=True):
                    cell.text = text
                expected.append(f"| {' | '.join(cells)} |")
    lines = [line for line in read(saved(document)).text.split("\n") if line]
    assert [line for line in lines if not line.startswith("| ---")] == expected
