import base64
from email.message import EmailMessage

import pytest

from aijobs.documents import Document, UnreadableDocument, read_document
from tests.documents.pdf_files import CASES, line, one_page

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
    text = read(data.encode()).text
    assert text.index(first) < text.index(second) < text.index("# Attachment: a.csv\n\na,b")


def test_attachments_are_read_by_the_reader_of_their_kind() -> None:
    message = mail()
    pdf = one_page(line("Policy 7731", 72, 700))
    message.add_attachment(
        pdf, maintype="application", subtype="pdf", filename="Police für Sie.pdf"
    )
    message.add_attachment("<p>Terms &amp; more", subtype="html", filename="terms.html")
    message.add_attachment("plain terms", filename="notes.txt")
    text = read(message).text
    assert "# Attachment: Police für Sie.pdf\n\n[page 1]\nPolicy 7731\n" in text
    assert "# Attachment: terms.html\n\nTerms & more\n" in text
    assert text.endswith("# Attachment: notes.txt\n\nplain terms")


def test_what_an_attachment_lacks_is_named() -> None:
    message = mail()
    scan = (CASES / "mixed.pdf").read_bytes()
    message.add_attachment(scan, maintype="application", subtype="pdf", filename="a.pdf")
    assert "attachment 1: pages 2–4 have no text that can be read" in refusal(message)
    assert "Cover letter" in part(message).text


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("secret.zip", b"PK\x03\x04rest", "attachment 1 (a .zip file): This kind of file"),
        ("secret.pdf", b"%PDF-1.7 rest", "attachment 1 (a .pdf file) is damaged"),
        ("secret.png", PNG, "attachment 1 (a .png file): An image holds no text"),
        ("secret.exe", b"MZ\0\0", "attachment 1 (a .exe file): This kind of file cannot be read"),
        ("secret", b"\0\1", "attachment 1: This kind of file cannot be read"),
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


def test_mails_within_mails_are_read() -> None:
    inner = mail("The hail was large.", "Inner")
    inner.add_attachment("list of damage", filename="list.txt")
    outer = mail("See below.", "Outer")
    outer.add_attachment(inner)
    text = read(outer).text
    assert "# Attachment: Inner\n\nFrom: Jürgen" in text
    assert text.index("See below.") < text.index("The hail was large.") < text.index("list of dam")


def test_mails_are_read_three_deep_and_no_deeper() -> None:
    message = mail("level 4")
    for level in (3, 2, 1, 0):
        outer = mail(f"level {level}")
        outer.add_attachment(message)
        message = outer
    assert "mails within mails are read 3 deep" in refusal(message)
    text = part(message).text
    assert "level 3" in text
    assert "level 4" not in text


def test_fifty_attachments_are_read_and_the_rest_is_named() -> None:
    message = mail()
    for number in range(52):
        message.add_attachment(f"note {number}.", filename=f"{number}.txt")
    assert "attachments after the first 50" in refusal(message)
    text = part(message).text
    assert "note 49." in text
    assert "note 50." not in text


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
