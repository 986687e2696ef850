"""Mails (.eml): headers and the body as text, and what is attached as it is."""

import contextlib
import re
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.errors import (
    CloseBoundaryNotFoundDefect,
    InvalidBase64CharactersDefect,
    InvalidBase64LengthDefect,
    StartBoundaryNotFoundDefect,
)
from email.message import Message
from pathlib import PurePath

from .content import Attachment, Content, Limits, Refusal
from .inner_texts import read_text

_HEADERS = ("From", "To", "Cc", "Date", "Subject")
# These are text, whatever the program of their sender calls them.
_TEXTS = {"", ".txt", ".text", ".md", ".markdown", ".csv", ".tsv", ".json", ".xml", ".log", ".ics"}
_SIGNATURES = {
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
    "application/pgp-signature",
    "application/pgp-keys",
}
_MAIL = "message/rfc822"
# Types by which a file is known even where its name says nothing.
_KNOWN = ("text/html", _MAIL)
_UNFOLDED = policy.compat32.clone(max_line_length=0)
_ENCRYPTED = {"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"}
_DAMAGED = (InvalidBase64CharactersDefect, InvalidBase64LengthDefect)
_CUT = (CloseBoundaryNotFoundDefect, StartBoundaryNotFoundDefect)


@dataclass(slots=True)
class Mail:
    """A mail whose parts are being collected."""

    limits: Limits
    bodies: list[str] = field(default_factory=list)
    attached: list[Attachment] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    pictures: int = 0
    size: int = 0

    def keep(self, text: str) -> str:
        """The text, counted. Raises Refusal where there is too much of it."""
        self.size += len(text)
        if self.size > self.limits.unpacked:
            raise Refusal("The mail holds too much text.")
        return text

    def content(self, headers: list[str]) -> Content:
        """Everything in the order in which a person reads it."""
        parts = ["\n".join(headers), *self.bodies]
        warnings = list(self.warnings)
        if self.pictures:
            warnings.append(f"pictures within the mail were left out ({self.pictures})")
        text = "\n\n".join(part.strip("\n") for part in parts if part.strip())
        return Content(text, missing=self.missing, warnings=warnings, attachments=self.attached)

    def add_body(self, plain: str, page: str) -> None:
        """The plain body, or the page where the plain one is a stub."""
        shown = read_text("html", "utf-8", page.encode("utf-8", "replace"), self.limits)
        if _is_stub(len(plain.split()), len(shown.text.split())):
            self.missing += shown.missing
            self.warnings += shown.warnings
            plain = shown.text
        if plain.strip():
            self.bodies.append(self.keep(plain.replace("\r\n", "\n")))

    def attach(self, name: str, data: bytes, media_type: str, charset: str | None = None) -> None:
        """Hand on an attached file."""
        if PurePath(name).suffix.lower() in _TEXTS and not media_type.startswith(_KNOWN):
            media_type = "text/plain"
        if charset:
            media_type = f"{media_type}; charset={charset}"
        self.attached.append(Attachment.of(name, media_type, data))

    def attach_mail(self, name: str, message: Message) -> None:
        """Hand on a mail in this mail, in the words of its sender."""
        try:
            data = message.as_bytes(policy=_UNFOLDED)
        except Exception:
            # Whatever its writer stumbles over: the mail around it is sound.
            self.attached.append(Attachment(name, _MAIL, problem="it is damaged"))
        else:
            self.attached.append(Attachment.of(name, _MAIL, data))


def read(data: bytes, limits: Limits) -> Content:
    """The mail with its headers at the top, and its attachments beside it."""
    # compat32 keeps malformed headers that the strict policy raises for; they are decoded below.
    message = message_from_bytes(data, policy=policy.compat32)
    mail = Mail(limits)
    headers = []
    for name in _HEADERS:
        values = [_header(value) for value in message.get_all(name, [])]
        headers += [f"{name}: {value}" for value in values if value]
    if not headers and not message.is_multipart() and not message.keys():
        raise Refusal("The file has no headers of a mail.")
    _walk(message, mail)
    return mail.content([mail.keep(header) for header in headers])


def _header(value: object) -> str:
    """A header as a person reads it: =?utf-8?…?= decoded, on one line."""
    text = str(value or "")
    # The parser has faults; a header that it stumbles over is kept as it is.
    with contextlib.suppress(Exception):
        text = str(policy.default.header_factory("Subject", text))
    return " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", text).split())


def _walk(part: Message, mail: Mail) -> None:
    kind = part.get_content_type()
    if kind in _ENCRYPTED and "signed" not in str(part.get_param("smime-type", "")):
        mail.missing.append("the encrypted part")
    elif kind == "multipart/alternative":
        _alternative(part, mail)
    elif kind == "multipart/signed":
        for child in _children(part, mail)[:1]:
            _walk(child, mail)
    elif part.is_multipart() and kind.startswith("multipart/"):
        for child in _children(part, mail):
            _walk(child, mail)
    elif kind == "message/rfc822":
        for child in _children(part, mail)[:1]:
            name = _header(part.get_filename() or child.get("Subject"))
            mail.attach_mail(name, child)
    elif part.is_multipart():  # message/delivery-status: blocks of headers
        blocks = [child.as_string().strip() for child in _children(part, mail)]
        mail.bodies.append(mail.keep("\n\n".join(blocks)))
    elif kind.startswith("multipart/"):
        mail.missing.append("a part of the mail that is damaged")
    elif kind not in _SIGNATURES:
        _leaf(part, kind, mail)


def _children(part: Message, mail: Mail) -> list[Message]:
    if any(isinstance(defect, _CUT) for defect in part.defects):
        mail.missing.append("the end of the mail, which is cut off")
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, Message)] if payload else []


def _alternative(part: Message, mail: Mail) -> None:
    """The same body in several forms: the plain one, unless it is a stub beside the page."""
    tried: list[tuple[Mail, int]] = []
    for child in _children(part, mail):
        if child.get_content_type() == "text/calendar" and tried:
            continue
        one = Mail(mail.limits, size=mail.size)
        _walk(child, one)
        tried.append((one, len("".join(one.bodies).split())))
    if not tried:
        return
    plain = next((one for one in tried if one[1]), tried[-1])
    richest = max(tried, key=lambda one: one[1])
    best = richest if _is_stub(plain[1], richest[1]) else plain
    for one, _ in tried:
        # A file that hangs on one form is part of the mail whichever form is read.
        if one is not best[0]:
            mail.attached += one.attached
            mail.missing += one.missing if one.attached else []
    mail.bodies += best[0].bodies
    mail.attached += best[0].attached
    mail.missing += best[0].missing
    mail.warnings += best[0].warnings
    mail.pictures += max(one.pictures for one, _ in tried)
    mail.size = max(one.size for one, _ in tried)


def _is_stub(words: int, others: int) -> bool:
    """Whether a body of so many words only points to the other form: "open this in a browser"."""
    return not words or others > 2 * words + 20


def _leaf(part: Message, kind: str, mail: Mail) -> None:
    name = _header(part.get_filename() or "")
    disposition = part.get_content_disposition()
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    if any(isinstance(defect, _DAMAGED) for defect in part.defects):
        mail.missing.append("a part of the mail that is damaged")
    charset = part.get_content_charset()
    if kind in {"text/plain", "text/html"} and not name and disposition != "attachment":
        read = read_text("html" if kind == "text/html" else "text", charset, data, mail.limits)
        mail.missing += read.missing
        mail.warnings += read.warnings
        if read.text.strip():
            mail.bodies.append(mail.keep(read.text))
    elif kind.startswith("image/") and (disposition == "inline" or part.get("Content-ID")):
        mail.pictures += 1
    else:
        mail.attach(name, data, kind, charset)
