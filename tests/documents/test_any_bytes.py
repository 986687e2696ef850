import contextlib
import io

from hypothesis import example, given, settings
from hypothesis import strategies as st

from aijobs.documents import UnreadableDocument, UnreadableTable
from tests.documents.reading import read_document
from tests.documents.rows import read_table

table_bytes = st.one_of(
    st.binary(),
    st.text('ab,;"\r\n\t \ufeff\u2028é').map(lambda text: text.encode()),
    st.text('{}[]":,ab\n\\ud0 ').map(lambda text: ('{"a": 1}\n' + text).encode()),
)


@given(st.binary())
@example(b"\xff\xfe\x00")
@example(b"\xef\xbb\xbf\xff")
@example(b"PK\x03\x04")
def test_any_bytes_are_a_text_or_refused(data: bytes) -> None:
    with contextlib.suppress(UnreadableDocument):
        assert read_document(data, "a.txt").text.strip()


mail_bytes = st.lists(
    st.sampled_from(
        [
            b"From: a@example.com\n", b"Subject: =?utf-8?q?=zz?=\n", b"MIME-Version: 1.0\n",
            b"Content-Type: multipart/mixed; boundary=x\n", b"Content-Type: message/rfc822\n",
            b"Content-Type: multipart/alternative; boundary=x\n", b"Content-Type: text/html\n",
            b"Content-Transfer-Encoding: base64\n", b"Content-Type: text/plain; charset=x\n",
            b"\n--x\n", b"\n--x--\n", b"\n", b"\xff\xfe\0", b"TGlzdA==\n", b"a: b\n",
        ]
    )
).map(b"".join)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(mail_bytes)
def test_any_bytes_are_a_mail_or_refused(data: bytes) -> None:
    with contextlib.suppress(UnreadableDocument):
        assert read_document(data, "a.eml", accept_partial=True).text.strip()


@given(table_bytes, st.sampled_from(["a.csv", "a.ndjson"]))
@example(b"\xff\xfe\x00", "a.csv")
@example(b"\xef\xbb\xbf\xff,\n", "a.csv")
@example(b"a\r\n1\r\r2", "a.csv")
def test_any_bytes_are_a_table_or_refused(data: bytes, filename: str) -> None:
    with contextlib.suppress(UnreadableTable):
        rows = list(read_table(io.BytesIO(data), filename))
        numbers = [number for number, _ in rows]
        assert numbers == sorted(set(numbers))
        assert numbers
