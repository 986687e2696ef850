import base64
import hashlib
from email.message import EmailMessage
from typing import Any

import pytest

from aijobs.documents import Document, DocumentLimits, UnreadableDocument, read_documents
from tests.documents.docx_files import paragraph, word_file
from tests.documents.pdf_files import CASES, line, one_page
from tests.documents.reading import read_document
from tests.documents.test_images import png

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def mail(text: str = "Hail on the bonnet.", subject: str = "Claim") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Jürgen Müller <a@example.com>"
    message["To"] = "b@example.com"
    message["Cc"] = "c@example.com"
    message["Date"] = "Thu, 26 Nov 2026 10:00:00 +0100"
    message["Subject"] = subject
    message.set_content(text)
    return message


def read(message: EmailMessage | bytes) -> Document:
    data = message if isinstance(message, bytes) else message.as_bytes()
    return read_document(data, "mail.eml")


def part(message: EmailMessage | bytes) -> Document:
    data = message if isinstance(message, bytes) else message.as_bytes()
    return read_document(data, "mail.eml", accept_partial=True)


def all_of(message: EmailMessage | bytes, **options: Any) -> tuple[Document, ...]:
    """The mail and what is attached to it."""
    data = message if isinstance(message, bytes) else message.as_bytes()
    return read_documents(data, "mail.eml", **options)


def refusal(message: EmailMessage | bytes) -> str:
    with pytest.raises(UnreadableDocument) as caught:
        read(message)
    return str(caught.value)


def test_headers_stand_above_the_body() -> None:
    document = read((CASES / "mail.eml").read_bytes())
    assert document.text == (
        "From: a@example.com\nTo: b@example.com\nSubject: Claim\n\nHail on the bonnet."
    )
    assert document.media_type == "message/rfc822"


def test_encoded_headers_and_bodies_are_decoded() -> None:
    text = read(mail("Fünf Euro für Ösen", "Schäden über Fünf")).text
    assert text == (
        "From: Jürgen Müller <a@example.com>\nTo: b@example.com\nCc: c@example.com\n"
        "Date: Thu, 26 Nov 2026 10:00:00 +0100\nSubject: Schäden über Fünf\n\nFünf Euro für Ösen"
    )


def test_a_mail_is_known_by_what_the_client_calls_it() -> None:
    assert "Subject: Claim" in read_document(mail().as_bytes(), "mail", "message/rfc822").text


@pytest.mark.parametrize(
    ("charset", "body"),
    [("windows-1252", b"\x80 500 f\xfcr"), ("utf-16", "€ 500 für".encode("utf-16"))],
)
def test_the_charset_of_the_body_is_heeded(charset: str, body: bytes) -> None:
    coded = base64.b64encode(body).decode()
    data = (
        f"From: a@example.com\nContent-Type: text/plain; charset={charset}\n"
        f"Content-Transfer-Encoding: base64\n\n{coded}\n"
    )
    assert read(data.encode()).text.endswith("\n\n€ 500 für")


def test_the_plain_body_is_read_once_where_there_are_two() -> None:
    message = mail("We cover hail.")
    message.add_alternative("<p>We <b>cover</b> hail.</p>", subtype="html")
    assert read(message).text.count("hail") == 1


def test_a_page_is_read_where_it_is_all_there_is() -> None:
    message = mail()
    message.set_content("<p>We <b>cover</b> hail.</p>", subtype="html")
    assert read(message).text.endswith("\n\nWe cover hail.")


def test_a_page_is_read_where_the_plain_body_only_points_to_it() -> None:
    message = mail("Please open this mail in a browser.")
    message.add_alternative("<p>" + "We cover hail. " * 30, subtype="html")
    text = read(message).text
    assert text.count("We cover hail.") == 30
    assert "browser" not in text


def test_text_between_attachments_is_part_of_the_body() -> None:
    first, second = "before the picture", "after the picture"
    data = (
        "From: a@example.com\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n"
        f"--x\nContent-Type: text/plain\n\n{first}\n"
        "--x\nContent-Type: text/csv; name=a.csv\nContent-Disposition: attachment\n\na,b\n"
        f"--x\nContent-Type: text/plain\n\n{second}\n--x--\n"
    )
    body, attached = all_of(data.encode())
    assert body.text.index(first) < body.text.index(second)
    assert (attached.name, attached.text.strip()) == ("a.csv", "a,b")


def test_each_attachment_is_a_document_of_its_own_read_as_its_kind() -> None:
    message = mail()
    pdf = one_page(line("Policy 7731", 72, 700))
    message.add_attachment(
        pdf, maintype="application", subtype="pdf", filename="Police für Sie.pdf"
    )
    message.add_attachment("<p>Terms &amp; more", subtype="html", filename="terms.html")
    message.add_attachment("plain terms", filename="notes.txt")
    message.add_attachment("\u20ac 5", charset="windows-1252", filename="price.csv", subtype="csv")
    body, *attached = all_of(message)
    assert body.media_type == "message/rfc822"
    assert "Policy 7731" not in body.text
    assert [(one.name, one.media_type, one.text.strip()) for one in attached] == [
        ("Police für Sie.pdf", "application/pdf", "[page 1]\nPolicy 7731"),
        ("terms.html", "text/html", "Terms & more"),
        ("notes.txt", "text/plain", "plain terms"),
        ("price.csv", "text/plain", "\u20ac 5"),
    ]
    assert (attached[0].data, attached[0].size, attached[0].pages) == (pdf, len(pdf), 1)
    assert attached[0].sha256 == hashlib.sha256(pdf).digest()


def test_scans_and_images_that_are_attached_are_sent_as_they_are() -> None:
    message = mail()
    scan = (CASES / "mixed.pdf").read_bytes()
    message.add_attachment(scan, maintype="application", subtype="pdf", filename="a.pdf")
    message.add_attachment(png(), maintype="image", subtype="png", filename="damage.png")
    body, pdf, image = all_of(message)
    assert [one.is_sent_as_file for one in (body, pdf, image)] == [False, True, True]
    assert (pdf.data, image.data) == (scan, png())
    assert "pages 2–4" in pdf.warnings[0]
    assert body.warnings == ()


def test_what_an_attachment_lacks_is_named_and_stays_with_it_where_a_part_is_accepted() -> None:
    message = mail()
    scan = (CASES / "mixed.pdf").read_bytes()
    message.add_attachment(scan, maintype="application", subtype="pdf", filename="a.pdf")
    with pytest.raises(UnreadableDocument) as caught:
        all_of(message, read_as="text")
    assert "attachment 1 (a .pdf file): pages 2–4 have no text" in str(caught.value)
    assert caught.value.is_partial
    body, pdf = all_of(message, read_as="text", accept_partial=True)
    assert "Cover letter" in pdf.text
    assert "pages 2–4" in pdf.warnings[0]
    assert body.warnings == ()


def test_an_attachment_in_which_nothing_stands_is_told_and_no_document() -> None:
    message = mail()
    message.add_attachment("\r\n", filename="ATT00001.txt")
    message.add_attachment("<html><body><br></body></html>", subtype="html", filename="ATT2.htm")
    assert read(message).warnings == (
        "attachment 1 (a .txt file) has no text",
        "attachment 2 (a .htm file) has no text",
    )


def test_an_attachment_of_which_all_was_left_out_is_refused() -> None:
    message = mail()
    message.add_attachment("<p><del>old terms</del>", subtype="html", filename="terms.html")
    assert "attachment 1 (a .html file): The document has no text" in refusal(message)


def test_a_name_of_an_attachment_is_stored_without_what_no_name_should_hold() -> None:
    message = mail()
    message.add_attachment("terms", filename="../x/te\u200erms.txt")
    message.add_attachment("more terms")
    assert [one.name for one in all_of(message)] == ["mail.eml", "terms.txt", "attachment 2"]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("secret.zip", b"PK\x03\x04rest", "attachment 1 (a .zip file): This kind of file"),
        ("secret.pdf", b"%PDF-1.7 rest", "attachment 1 (a .pdf file): The PDF is damaged"),
        ("secret.png", PNG, "attachment 1 (a .png file): The image is damaged"),
        ("secret.exe", b"MZ\0\0", "attachment 1 (a .exe file): This kind of file cannot be read"),
        ("secret", b"\0\1", "attachment 1: The file is not plain text"),
    ],
)
def test_attachments_that_cannot_be_read_are_named_by_number_and_kind(
    name: str, data: bytes, reason: str
) -> None:
    message = mail()
    message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    said = refusal(message)
    assert reason in said
    assert "secret" not in said
    assert "Hail on the bonnet." in part(message).text


def test_pictures_within_the_mail_are_told() -> None:
    message = mail()
    message.add_alternative('<p>Regards<img src="cid:logo">', subtype="html")
    page = message.get_body(("html",))
    assert isinstance(page, EmailMessage)
    page.add_related(PNG, maintype="image", subtype="png", cid="<logo>")
    assert read(message).warnings == ("pictures within the mail were left out (1)",)


def test_mails_within_mails_are_documents_and_their_attachments_follow_them() -> None:
    inner = mail("The hail was large.", "Inner")
    inner.add_attachment("list of damage", filename="list.txt")
    outer = mail("See below.", "Outer")
    outer.add_attachment(inner)
    outer.add_attachment("terms", filename="terms.txt")
    documents = all_of(outer)
    assert [one.name for one in documents] == ["mail.eml", "Inner", "list.txt", "terms.txt"]
    assert documents[1].text.startswith("From: Jürgen Müller")
    assert documents[1].text.endswith("Subject: Inner\n\nThe hail was large.")
    assert documents[1].media_type == "message/rfc822"
    assert documents[1].data is not None
    assert b"The hail was large." in documents[1].data


def test_a_mail_in_a_mail_with_hard_headers_is_read() -> None:
    long = "Subject: " + "word " * 60
    data = (
        "From: a@example.com\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n"
        f"--x\nContent-Type: message/rfc822\n\n{long}\nFrom: "
    ).encode() + b"M\xfcller <m@example.com>\n\nThe hail was large.\n--x--\n"
    _, inner = all_of(data)
    assert long.strip() in inner.text
    assert "The hail was large." in inner.text


def test_mails_are_read_three_deep_and_no_deeper() -> None:
    message = mail("level 4")
    for level in (3, 2, 1, 0):
        outer = mail(f"level {level}")
        outer.add_attachment(message)
        message = outer
    assert "mails within mails are read 3 deep" in refusal(message)
    documents = all_of(message, accept_partial=True)
    assert [one.text[-7:] for one in documents] == ["level 0", "level 1", "level 2", "level 3"]
    assert documents[-1].warnings == ("attachment 4: mails within mails are read 3 deep",)


def test_a_mail_that_is_attached_as_a_file_is_a_mail_as_well() -> None:
    message = mail("level 4")
    for level in (3, 2, 1, 0):
        outer = mail(f"level {level}")
        data = message.as_bytes()
        outer.add_attachment(data, maintype="application", subtype="x-unknown", filename="a.eml")
        message = outer
    *_, last = all_of(message, accept_partial=True)
    assert last.text.endswith("level 3")
    assert last.warnings == ("attachment 4 (a .eml file): mails within mails are read 3 deep",)


def test_fifty_attachments_are_read_and_the_rest_is_named() -> None:
    message = mail()
    for number in range(52):
        message.add_attachment(f"note {number}.", filename=f"{number}.txt")
    assert "attachments after the first 50" in refusal(message)
    documents = all_of(message, accept_partial=True)
    assert [one.text.strip() for one in documents[1:]] == [f"note {n}." for n in range(50)]
    assert documents[0].warnings == ("attachments after the first 50",)


def test_all_attachments_together_keep_to_the_limits_of_one_file() -> None:
    message = mail()
    for number in range(3):
        data = word_file(paragraph(f"{number} " + "hail " * 3_000))
        message.add_attachment(
            data, maintype="application", subtype="msword", filename=f"{number}.docx"
        )
    limits = DocumentLimits(unpacked=40_000)
    with pytest.raises(UnreadableDocument, match=r"attachment 3 \(a .docx file\)"):
        all_of(message, limits=limits)
    assert len(all_of(message, limits=limits, accept_partial=True)) == 3


def test_a_mail_that_is_cut_off_says_so() -> None:
    message = mail()
    message.add_attachment("list of damage", filename="list.txt")
    data = message.as_bytes()
    assert "the end of the mail, which is cut off" in refusal(data[: data.rindex(b"--=")])


def test_an_attachment_whose_coding_is_damaged_is_named() -> None:
    data = (
        "From: a@example.com\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n"
        "--x\nContent-Type: text/plain\n\nSee the list.\n"
        "--x\nContent-Type: text/plain; name=a.txt\nContent-Disposition: attachment\n"
        "Content-Transfer-Encoding: base64\n\nTGlz\u20acdA\n--x--\n"
    )
    assert "damaged" in refusal(data.encode())


def test_an_encrypted_mail_is_named_and_a_signature_is_none_of_its_text() -> None:
    parts = "--x\nContent-Type: {}\n\n{}\n"
    head = "From: a@example.com\nMIME-Version: 1.0\nContent-Type: multipart/{}; boundary=x\n\n"
    data = head.format("encrypted") + parts.format("application/pgp-encrypted", "Version: 1")
    assert "the encrypted part" in refusal((data + "--x--\n").encode())
    data = head.format("signed") + parts.format("text/plain", "We cover hail.")
    data += parts.format("application/pgp-signature", "abcdef") + "--x--\n"
    assert read(data.encode()).text == "From: a@example.com\n\nWe cover hail."


def test_parts_within_parts_without_end_are_refused() -> None:
    opened = "".join(
        f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(3_000)
    )
    assert refusal(f"From: a@example.com\n{opened}".encode())


def test_a_file_without_headers_is_no_mail() -> None:
    assert "no headers of a mail" in refusal(b"\nHail on the bonnet.")
