"""Files of each kind, what a person reads in them, and what nobody should read out of them.

How those are made that were added later stands in `make_cases`; the others came from public reports
of what readers get wrong.
"""

from .case import Case
from .corpus_office import OFFICE
from .corpus_pages import PAGES

_TEXTS = (
    Case("txt_en_euros_cp1252.txt", "windows-1252", ("€5,000", "Müller", "€250")),
    Case("txt_utf8_one_bad_byte.txt", "UTF-8 with a broken byte", refusal="1 byte is not text"),
    Case(
        "txt_lithuanian_cp1257.txt",
        "Lithuanian in windows-1257",
        ("atlygina žalą, kurią padarė kruša", "pranešti apie įvykį", "šimtas dvidešimt eurų"),
        ("þal", "ð"),
    ),
    Case(
        "txt_polish_cp1250.txt",
        "Polish in windows-1250",
        ("szkody wyrządzone przez grad", "Składka", "złotych", "należy złożyć w ciągu"),
    ),
    Case(
        "txt_czech_cp1250.txt",
        "Czech in windows-1250",
        ("Pojistitel hradí škodu způsobenou", "čtvrtletně", "Kůň a žížala"),
    ),
    Case(
        "policy.md",
        "Markdown with front matter, kept as it is",
        ("title: Travel Policy", "# Who is covered", "(2) Hotels", "| Vilnius  |    95 |    31 |"),
    ),
)
_MAILS = (
    Case("mail.eml", "a mail", ("Subject:",)),
    Case(
        "mail_with_enclosures.eml",
        "a mail with two forms of its text, a Word file and a mail in it",
        (
            "Subject: Schadensmeldung – Keller",
            "The plain text.",
            "letter.docx",
            "# Notice of change",
            "2. New roof",
            "Subject: First notice",
            "The cellar is wet.",
        ),
    ),
    Case(
        "mail_iso_8859_2.eml",
        "a mail in ISO 8859-2",
        ("Subject: Zapłata", "Zgoda, płacę 300 zł.", "> Czy zapłaci Pan jutro?"),
    ),
    Case(
        "mail_outlook.msg",
        "a mail of Outlook with a text attached",
        ("Anna Example", "Subject: Hail on the bonnet", "The car stood outside.", "dents: nine."),
    ),
)
CORPUS = (*OFFICE, *PAGES, *_TEXTS, *_MAILS)
