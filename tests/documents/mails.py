"""A mail with a scan, a Word file and a photo, as people send claims."""

from email.message import EmailMessage

from tests.documents.docx_files import CASES, paragraph, word_file
from tests.documents.test_images import png

SCAN = (CASES / "mixed.pdf").read_bytes()
WORD = word_file(paragraph("The insurer pays for hail damage within 30 days."))
PHOTO = png()


def claim() -> bytes:
    message = EmailMessage()
    message["From"] = "ann@example.com"
    message["Subject"] = "Hail on the bonnet"
    message.set_content("The insured must report the loss. Please see what is attached.")
    message.add_attachment(SCAN, maintype="application", subtype="pdf", filename="Policy <7>.pdf")
    message.add_attachment(WORD, maintype="application", subtype="msword", filename="terms.docx")
    message.add_attachment(PHOTO, maintype="image", subtype="png", filename="damage.png")
    return message.as_bytes()
