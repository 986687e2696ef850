"""Which code page of Windows a text in Latin letters is in, by the letters of its language."""

import re
from collections import Counter

# What each language writes besides a to z; names of other languages stand among its words.
_WESTERN = (
    "äöüß", "àâæçéèêëîïôœùûüÿ", "áéíñóúü", "àáâãçéêíóôõúü", "àèéìíîòóù", "æøåéüö", "åäöéü",
    "áðéíóúýþæö", "äëéèïöü", "àçéèíïòóúü", "äöõü",
)  # fmt: skip
_OTHERS = {
    "cp1250": (
        "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćđšž", "čšž",
        "çë",
    ),
    "cp1254": ("âçğıîöşüûi̇",),
    "cp1257": ("ąčęėįšųūž", "āčēģīķļņŗōšūž"),
}  # fmt: skip
# Signs of windows-1252 at places where they stand in no western word; other code pages have letters
# there.
_SIGN_IN_WORD = re.compile(
    r"[¹²³ºª¼½¾](?=[^\W\d_])|(?<=[^\W\d_])[£¥¿¡¼½¾](?!\s|$)|(?<=[^\W\d_])[¹¿¾](?=[^\W\d_])"
)
_FEWEST = 6
_DISTINCT = 3
_DIFFERENT = 3
_SURE = 0.97
_SHARE_OF_LETTERS = 0.015


def codec_of(data: bytes) -> str | None:
    """The code page that explains the letters better than windows-1252 does, or None."""
    counts = Counter(data)
    plain = sum(count for byte, count in counts.items() if chr(byte).isascii() and byte > 64)
    western = {byte: _decoded(byte, "cp1252") for byte in counts if byte > 127}
    signs = len(_SIGN_IN_WORD.findall(data.decode("cp1252", "replace")))
    best: tuple[float, str | None] = (0.0, None)
    for codec, languages in _OTHERS.items():
        other = {byte: _decoded(byte, codec) for byte in western}
        # Quotation marks and the like are the same in all of them.
        told = {b: counts[b] for b in other if other[b] != western[b] or western[b].isalpha()}
        total = sum(told.values())
        if total < _FEWEST or total < _SHARE_OF_LETTERS * plain:
            continue
        different = sum(n for byte, n in told.items() if other[byte] != western[byte])
        if len(told) < _DISTINCT or different < _DIFFERENT:
            continue
        usual = max(_covered(told, western, letters) for letters in _WESTERN)
        usual += sum(n for byte, n in told.items() if not _is_letter(western[byte])) - signs
        found = max(_covered(told, other, letters) for letters in languages)
        if found >= _SURE * total and found > usual and found / total > best[0]:
            best = found / total, codec
    return best[1]


def _decoded(byte: int, codec: str) -> str:
    return bytes([byte]).decode(codec, "replace")


def _is_letter(sign: str) -> bool:
    # A byte that the code page does not have is no sign that a text may hold either.
    return sign.isalpha() or sign == "\ufffd"


def _covered(counts: dict[int, int], signs: dict[int, str], letters: str) -> int:
    return sum(count for byte, count in counts.items() if signs[byte].lower() in letters)
