"""Mails of Outlook (.msg)."""

import io
from email.utils import format_datetime

from oxmsg import Message
from oxmsg.attachment import Attachment as Attached

from .content import Attachment, Content, Limits, Refusal
from .mail import Mail

_EMBEDDED = 5  # the way in which a mail hangs on another mail
_COMPRESSED_RTF = 0x1009
_METHOD = 0x3705
_CONTENT_ID = 0x3712
_SHORT_NAME = 0x3704


def read(data: bytes, limits: Limits) -> Content:
    """The mail with its headers at the top, and its attachments beside it."""
    message = Message.load(io.BytesIO(data))
    mail = Mail(limits)
    sent = message.sent_date
    headers = {
        "From": message.sender or "",
        "To": _header(message, "to") or _recipients(message),
        "Cc": _header(message, "cc"),
        "Date": _header(message, "date") or (format_datetime(sent) if sent else ""),
        "Subject": message.subject,
    }
    if not message.message_class:
        raise Refusal("The file is not a mail of Outlook.")
    mail.add_body(message.body or "", message.html_body or "")
    if not mail.bodies and message.properties.binary_prop_value(_COMPRESSED_RTF):
        mail.missing.append("the body, which is kept as compressed RTF only")
    for attachment in message.attachments:
        _attach(mail, attachment)
    return mail.content(
        [mail.keep(f"{name}: {' '.join(text.split())}") for name, text in headers.items() if text]
    )


def _header(message: Message, name: str) -> str:
    return next(
        (text for key, text in message.message_headers.items() if key.casefold() == name), ""
    )


def _recipients(message: Message) -> str:
    people = ((person.name, person.email_address) for person in message.recipients)
    return ", ".join(f"{name} <{address}>" if address else name for name, address in people)


def _attach(mail: Mail, attachment: Attached) -> None:
    properties = attachment.properties
    if properties.int_prop_value(_METHOD) == _EMBEDDED:
        problem = "a mail or an object within the mail"
        mail.attached.append(Attachment("", "", problem=problem))
    else:
        kind = attachment.mime_type or ""
        if kind.startswith("image/") and properties.str_prop_value(_CONTENT_ID):
            mail.pictures += 1
        else:
            name = attachment.file_name or properties.str_prop_value(_SHORT_NAME) or ""
            mail.attach(name, attachment.file_bytes or b"", kind)
