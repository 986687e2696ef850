import io
import re
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from aijobs.documents import UnreadableDocument, open_table
from tests.documents.reading import read_document

CASES = Path(__file__).parent / "cases"
SHORT = [
    "€5,000",
    "Müller",
    "£5,000",
    "Straße 5",
    "Größe: 5 m²",
    "§ 5 Absatz 2 – Haftung",
    "“any one claim”",
    "Spaß“",
    "café",
    "Señor Muñoz",
    "naïve façade",
    "Œuvre d’art",
    "Årsmöte på Ærø",
    "São Paulo, ação",
    "½ Preis • 20 °C",
    "L’été à Genève",
    "Žižkov 5 €",
    "Excess €250…",
]
# Of one language and English each: who mixes three in a few words may be misread.
COMMON = ["Policy", "limit", "5,000", "250", "the"]
LANGUAGES = [
    ["Müller", "Größe", "Straße", "Übergabe", "Äpfel", "Öl", "Zürich"],
    ["café", "résumé", "naïve", "façade", "œuvre", "élève", "déjà", "à", "où", "être", "garçon"],
    ["Señor", "niño", "mañana", "coração"],
    ["perché", "più"],
    ["Århus", "fød"],
    ["smörgås", "Öl"],
]
signs = st.sampled_from(
    ["€", "£", "§ ", "–", "’s", "“x”", "„x“", "«x»", "…", " ", ", ", ". ", "\n"]
)
western = st.sampled_from(LANGUAGES).flatmap(
    lambda words: st.lists(
        st.tuples(st.sampled_from(words + COMMON), signs), min_size=1, max_size=12
    ).map(lambda pairs: " ".join(word + sign for word, sign in pairs))
)


@pytest.mark.parametrize("text", SHORT)
def test_short_western_texts_are_windows_1252(text: str) -> None:
    assert read_document(text.encode("cp1252"), "a.txt").text == text


@given(western)
@example("Spaß“ " * 3)
def test_western_texts_come_back_from_windows_1252(text: str) -> None:
    assume(text.strip())
    assert read_document(text.encode("cp1252"), "a.txt").text == text
    cell = text.replace('"', "")
    table = open_table(io.BytesIO(f'text\n"{cell}"\n'.encode("cp1252")), "a.csv")
    assert [row.cells for row in table.rows()] == [{"text": cell}]


@given(western.map(lambda text: text.encode("latin-1", "ignore").decode("latin-1")))
def test_western_texts_come_back_from_latin_1(text: str) -> None:
    assume(text.strip())
    assert read_document(text.encode("latin-1"), "a.txt").text == text


@given(st.text(min_size=1).filter(lambda text: text.strip() and "\0" not in text))
@example("TNFα, Δt, 5 µm, SMSים")
def test_utf_8_is_utf_8(text: str) -> None:
    try:
        data = text.encode()
    except UnicodeEncodeError:
        return
    assume(not data.startswith((b"\xef\xbb\xbf", b"%PDF-", b"{\\rtf", b"PK", b"<")))
    # A lone letter of these scripts glued to a Latin one is "ß“" in windows-1252.
    assume(not re.search("[A-Za-z][\u0530-\u07ff]", "x" + text) or len(data) > len(text) + 1)
    assert read_document(b"x " + data, "a.txt").text == "x " + text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Настоящий договор вступает в силу со дня его подписания сторонами. " * 3),
        ("koi8-r", "Настоящий договор вступает в силу со дня его подписания сторонами. " * 3),
        ("cp1253", "Η σύμβαση αυτή τίθεται σε ισχύ από την ημέρα της υπογραφής της. " * 3),
        ("shift_jis", "この契約は双方が署名した日から効力を生じるものとします。" * 3),
        ("euc_jp", "この契約は双方が署名した日から効力を生じるものとします。" * 3),
        ("gb18030", "本合同自双方签字之日起生效，有效期为三年，期满后可以续签。" * 3),
        ("cp1250", "Zażółć gęślą jaźń; umowa wchodzi w życie z dniem jej podpisania. " * 3),
        ("cp1250", "A szerződő a kárt nyolc napon belül, az őszi időben hatból öt ülésen." * 3),
        ("cp1254", "Sözleşme imzalandığı gün yürürlüğe girer ve şartları değiştirilemez. " * 3),
        ("cp1255", "הסכם זה ייכנס לתוקף ביום חתימתו על ידי הצדדים. " * 3),
        ("cp850", "Müller schuldet für Schäden höchstens fünf."),
        ("cp1250", "Zgoda, płacę za łazienkę i żądam zwrotu części."),
        ("cp1250", "Pogodba začne veljati, ko jo podpišeta obe stranki. Čas teče od četrtka. " * 3),
        ("cp1250", "Asigurătorul plăteşte daunele produse de grindină şi furtună în ţară. " * 2),
        (
            "cp1257",
            "Draudėjas privalo pranešti apie įvykį per septynias dienas, kitaip žalą dengia.",
        ),
        (
            "cp1257",
            "Apdrošinātājs atlīdzina zaudējumus, ko radījusi krusa vai vētra, šādā kārtībā.",
        ),
        ("cp1250", "Pojišťovna uhradí škodu způsobenou žádostí o příspěvek ve výši. " * 6),
    ],
)
def test_longer_texts_in_other_scripts_are_recognized(encoding: str, text: str) -> None:
    assert read_document(text.encode(encoding), "a.txt").text == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["Hail, €5,000", "Müller\r\nGröße"])
def test_utf_16_without_a_mark_is_read(encoding: str, text: str) -> None:
    assert read_document(text.encode(encoding), "a.txt").text == text


def test_a_bad_byte_in_utf_8_is_marked_and_counted() -> None:
    data = (CASES / "txt_utf8_one_bad_byte.txt").read_bytes()
    with pytest.raises(UnreadableDocument, match="1 byte is not text in UTF-8"):
        read_document(data, "a.txt")
    found = read_document(data, "a.txt", accept_partial=True)
    assert found.text == "The insurer’s limit is £5,000 – “any one claim”.\nM\ufffd\n"
    assert found.warnings == ("1 byte is not text in UTF-8 and marked with \ufffd",)


def test_the_euros_of_the_case_are_read() -> None:
    text = read_document((CASES / "txt_en_euros_cp1252.txt").read_bytes(), "a.txt").text
    assert "€5,000" in text
    assert "Mr. Müller" in text


@pytest.mark.parametrize("label", ["iso-8859-2", "ISO_8859-2", '"latin2"'])
def test_the_encoding_that_the_sender_names_is_believed(label: str) -> None:
    content_type = f"text/plain; charset={label}"
    assert read_document("Łódź".encode("iso-8859-2"), "a.txt", content_type).text == "Łódź"


@pytest.mark.parametrize("label", ["base64", "rot13", "unicode_escape", "idna", "no-such", ""])
def test_names_of_no_text_encoding_are_passed_over(label: str) -> None:
    content_type = f"text/plain; charset={label}"
    assert read_document("Müller".encode(), "a.txt", content_type).text == "Müller"


def test_a_page_that_says_utf_8_and_is_not_is_told_by_its_bytes() -> None:
    page = '<meta charset="utf-8"><p>Müller: €5,000'
    assert read_document(page.encode("cp1252"), "a.html").text == "Müller: €5,000"


@pytest.mark.parametrize(
    "text",
    [
        "La société paie après l’été; où être payé dès août, même à Noël, ça dépend. " * 3,
        "O segurado não terá direito à indenização após três anos de omissão. " * 3,
        "El señor Muñoz pagó la última cuota en mayo; ¿cuándo cobrará él? " * 3,
        "Forsikringen gælder ikke på øer, når åen går over sine bredder, æresord. " * 3,
        "Vátryggingin bætir tjón af völdum óveðurs, þó ekki á þökum úr gleri né síðar. " * 3,
        "Kindlustus hüvitab kahju, mille põhjustas rahe või äike, öösel ja päeval. " * 3,
        "In Zürich, Genève, São Paulo, Århus and Málaga: 5 m² à 3 €, ½ price, naïve Señor. " * 3,
    ],
)
def test_western_languages_are_not_taken_for_others(text: str) -> None:
    assert read_document(text.encode("cp1252"), "a.txt").text == text
