import pytest

from aijobs.documents import Document, UnreadableDocument, read_documents
from tests.documents.outlook_files import Value, mail
from tests.documents.pdf_files import line, one_page
from tests.documents.reading import read_document

SUBJECT, BODY, HTML, RTF, SENDER, ADDRESS = 0x0037, 0x1000, 0x1013, 0x1009, 0x0C1A, 0x0C1F
DATA, NAME, METHOD, MEDIA_TYPE, CONTENT_ID, HEADERS = 0x3701, 0x3707, 0x3705, 0x370E, 0x3712, 0x7D

LETTER: dict[int, Value] = {
    SUBJECT: "Schäden",
    SENDER: "Jürgen Müller",
    ADDRESS: "a@example.com",
    BODY: "Hail on the bonnet.\r\n",
    HEADERS: "To: b@example.com\r\nDate: Thu, 26 Nov 2026 10:00:00 +0100\r\n",
}


def part(data: bytes) -> Document:
    return read_document(data, "mail.msg", accept_partial=True)


def refusal(data: bytes) -> str:
    with pytest.raises(UnreadableDocument) as caught:
        read_document(data, "mail.msg")
    return str(caught.value)


def test_headers_stand_above_the_body() -> None:
    read = read_document(mail(LETTER, []), "mail.msg")
    assert read.text == (
        'From: "Jürgen Müller" <a@example.com>\nTo: b@example.com\n'
        "Date: Thu, 26 Nov 2026 10:00:00 +0100\nSubject: Schäden\n\nHail on the bonnet."
    )
    assert read.media_type == "application/vnd.ms-outlook"
    assert read.warnings == ()


def test_attachments_are_read_by_the_reader_of_their_kind() -> None:
    pdf = one_page(line("Policy 7731", 72, 700))
    attachment: dict[int, Value] = {DATA: pdf, NAME: "police.pdf", METHOD: 1}
    _, attached = read_documents(mail(LETTER, [attachment]), "mail.msg")
    assert (attached.name, attached.text) == ("police.pdf", "[page 1]\nPolicy 7731")


def test_what_cannot_be_read_is_named_by_number_and_kind() -> None:
    data = mail(LETTER, [{DATA: b"PK\x03\x04", NAME: "secret.zip", METHOD: 1}, {METHOD: 5}])
    said = refusal(data)
    assert "attachment 1 (a .zip file): This kind of file cannot be read" in said
    assert "attachment 2: a mail or an object within the mail" in said
    assert "secret" not in said
    assert "Hail on the bonnet." in part(data).text


def test_pictures_within_the_mail_are_told() -> None:
    logo: dict[int, Value] = {DATA: b"\x89PNG", METHOD: 1, MEDIA_TYPE: "image/png", CONTENT_ID: "a"}
    assert read_document(mail(LETTER, [logo]), "mail.msg").warnings == (
        "pictures within the mail were left out (1)",
    )


def test_a_page_is_read_where_it_is_the_only_body() -> None:
    data = mail({SUBJECT: "Claim", HTML: b"<p>We <b>cover</b> hail."}, [])
    assert read_document(data, "mail.msg").text == "Subject: Claim\n\nWe cover hail."


def test_a_body_that_is_kept_as_rtf_only_is_named() -> None:
    assert "the body, which is kept as compressed RTF only" in refusal(
        mail({SUBJECT: "Claim", RTF: b"LZFu"}, [])
    )


@pytest.mark.parametrize("data", [mail(LETTER, [])[:700], b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
def test_a_damaged_mail_is_called_damaged(data: bytes) -> None:
    assert "The Outlook mail is damaged" in refusal(data)


def test_another_file_with_the_name_of_a_mail_is_refused() -> None:
    assert "not that of a .msg file" in refusal(b"Hail on the bonnet.")
