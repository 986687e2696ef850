"""A ZIP of documents: each file is one, and what cannot be read is named by its path."""

import io
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs.documents import UnreadableTable
from aijobs.documents.archives import ArchiveLimits, Member, is_archive, read_archive
from tests.documents.test_images import png
from tests.documents.test_pdf_pages import case


def packed(files: dict[str, bytes]) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out


def read(packed_files: dict[str, bytes], **limits: int) -> list[Member]:
    members, _ = read_archive(packed(packed_files), limits=ArchiveLimits(**limits))
    return list(members)


def test_documents_come_in_the_order_of_the_archive_whatever_takes_long() -> None:
    files = {f"claims/{n:02}.{'pdf' if n % 3 else 'txt'}": b"" for n in range(12)}
    files = {
        path: case("twocol.pdf") if path.endswith("pdf") else f"Text {path}".encode()
        for path in files
    }
    members = read(files)
    assert [(one.number, one.path) for one in members] == list(enumerate(files, 1))
    assert members[0].documents[0].text == "Text claims/00.txt"
    assert all(one.documents and not one.error for one in members)


def test_a_bad_file_is_named_and_the_others_are_read() -> None:
    inner = packed({"a.txt": b"x"}).getvalue()
    members = read({"good.txt": b"Hail.", "old.zip": inner, "a.xyz": b"\0\1", "scan.png": png()})
    assert [bool(one.documents) for one in members] == [True, False, False, True]
    assert members[1].error == "An archive within an archive is not opened."
    assert "cannot be read" in members[2].error


def test_what_systems_put_beside_the_files_is_passed_over_and_counted() -> None:
    files = {"a.txt": b"Hail.", "__MACOSX/._a.txt": b"x", ".DS_Store": b"x", "b/Thumbs.db": b"x"}
    members, warnings = read_archive(packed(files))
    assert [one.path for one in members] == ["a.txt"]
    assert warnings == ["3 files of the system were passed over"]


def test_a_file_that_unpacks_to_more_than_it_says_is_refused() -> None:
    data = packed({"a.txt": b"x" * 100_000}).getvalue()
    lied = data.replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    (member,), _ = read_archive(io.BytesIO(lied))
    assert not member.documents
    assert member.error


@pytest.mark.parametrize(
    ("files", "limits", "says"),
    [
        ({".DS_Store": b"x"}, {}, "no documents"),
        ({"a.txt": b"x", "b.txt": b"x"}, {"files": 1}, "2 files; at most 1"),
        ({"a.txt": b"x" * 2_000_000}, {"unpacked": 1_000_000}, "more than 1 MB"),
    ],
)
def test_limits_are_told_with_the_numbers(
    files: dict[str, bytes], limits: dict[str, int], says: str
) -> None:
    with pytest.raises(UnreadableTable, match=says):
        read(files, **limits)


def test_a_damaged_archive_is_refused() -> None:
    with pytest.raises(UnreadableTable, match="damaged"):
        read_archive(io.BytesIO(b"PK\x03\x04" + bytes(40)))


@pytest.mark.parametrize("name", ["table.xlsx", "docx_footnotes.docx"])
def test_a_document_that_is_packed_as_a_zip_is_no_archive(name: str) -> None:
    assert not is_archive(io.BytesIO(case(name)))
    assert is_archive(packed({"a.txt": b"x"}))


@given(st.integers(30, 400), st.binary(min_size=1, max_size=8))
def test_a_damaged_archive_is_read_in_part_or_refused(position: int, noise: bytes) -> None:
    data = packed({"a.txt": b"Hail. " * 50, "b/c.txt": b"Fire."}).getvalue()
    broken = data[:position] + noise + data[position + len(noise) :]
    if not is_archive(io.BytesIO(broken)):
        return
    with suppress(UnreadableTable):
        members, _ = read_archive(io.BytesIO(broken))
        assert all(one.documents or one.error for one in members)
