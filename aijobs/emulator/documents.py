"""Read a text the simple way: sentences, words, and how much two texts have in common."""

import re
import string
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from math import log1p, sqrt

# Answers are composed from this much of a document: time per request stays bounded.
READ_CHARS = 60_000
_HEAD_CHARS = 800

_ENDS = ".!?…؟。！？"
_WIDE_ENDS = "。！？"  # no space follows these
_QUOTES = "\"'()[]“”‘’«»"
_DASHES = "-–—"
_SEPARATORS = str.maketrans(
    dict.fromkeys(string.punctuation + _ENDS + _QUOTES + _DASHES + "、，،", " ")
)
# It starts with one set of characters, for which the search is several times quicker.
_SENTENCE_END = re.compile(
    rf"[{_ENDS}\n](?:(?<=[{_ENDS}])[{re.escape(_QUOTES)}]*\s+(?=[{re.escape(_QUOTES)}]?[^\W_a-z])"
    rf"|(?<=[{_WIDE_ENDS}])|(?<=\n)\s*\n)"
)
_LIST_MARK = re.compile(rf"^(?:[#>*•=_~\s{re.escape(_DASHES)}]+|\(?(?:\d{{1,3}}|[a-zA-Z])[.)]\s+)+")
# Unlike str.split(), it leaves line separators and the like to the reader of the answer.
_WHITE_SPACE = re.compile(r"[ \t\r\n\f\v]+")
_SENTENCE_WORDS = range(4, 121)
_SHORTEST_STEM = 3
_OPENING_SENTENCES = 2
_ACRONYM_LETTERS = range(2, 6)
_TITLE_CHARS = 2_000

_COMMON_WORDS = (
    "a about above after all also an and any are as at be been but by can could did do does each "
    "either for from had has have he her his how if in into is it its may might more most must no "
    "nor not of on only or other our out over own same shall she should so some such than that "
    "the their them then there these they this those through to under until up upon was we were "
    "what when where which while who will with within without would you your"
)
_STOPWORDS = frozenset(_COMMON_WORDS.split())
_ENDINGS = (
    "abilities ations ability ation ities ments ives ings able ions ment ity ies ied ive ing ion "
    "ers er ed es ly s e y"
)
_SUFFIXES = tuple(_ENDINGS.split())
_FALLBACK_LABELS = frozenset({"other", "others", "unknown", "none", "miscellaneous", "general"})

# Kinds of text that rarely call themselves by their name.
_CUES: dict[str, tuple[str, ...]] = {
    "mit": ("permission is hereby granted, free of charge",),
    "bsd": ("redistribution and use in source and binary forms",),
    "isc": ("permission to use, copy, modify, and", "permission to use, copy, modify and"),
    "apache": ("apache license",),
    "psf": ("python software foundation",),
    "python": ("python software foundation",),
    "unlicense": ("released into the public domain",),
    "domain": ("released into the public domain", "no copyright"),
    "permissive": (
        "permission is hereby granted, free of charge",
        "redistribution and use in source and binary forms",
        "permission to use, copy, modify",
        "apache license",
    ),
    "copyleft": ("general public license", "mozilla public license", "eclipse public license"),
}


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, stop words included."""
    return _spaced(text).split()


def _spaced(text: str) -> str:
    return text.lower().translate(_SEPARATORS)


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A word without its commonest endings: enough for `agreements` to meet `agreement`."""
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST_STEM:
            return word.removesuffix(suffix)
    return word


def stems_of(text: str) -> list[str]:
    """The stems of a text's words, without stop words."""
    return [stem(word) for word in words_of(text) if word not in _STOPWORDS]


class Document:
    """A text and what can be counted in it."""

    def __init__(self, text: str) -> None:
        self.text = text[:READ_CHARS]

    @cached_property
    def sentences(self) -> list[str]:
        """The sentences in order, white space normalised; a text without any is one itself."""
        found: list[str] = []
        ends = [end.end() for end in _SENTENCE_END.finditer(self.text)]
        for start, end in pairwise([0, *ends, len(self.text)]):
            part = self.text[start:end].strip()
            words = part.split() if part.isascii() else _WHITE_SPACE.split(part)
            # A ruler of list marks is no sentence: nothing of it is left.
            if len(words) in _SENTENCE_WORDS and (line := _LIST_MARK.sub("", " ".join(words))):
                found.append(line)
        if not found:
            rest = " ".join(self.text.split())[:600]
            return [rest] if rest else []
        complete = [sentence for sentence in found if sentence[-1] in _ENDS + _QUOTES]
        return complete or found

    @cached_property
    def _stems(self) -> Counter[str]:
        return Counter(stems_of(self.text))

    @cached_property
    def _head_stems(self) -> Counter[str]:
        return Counter(stems_of(self.text[:_HEAD_CHARS]))

    @cached_property
    def _plain(self) -> str:
        return " ".join(self.text.lower().split())

    @cached_property
    def ranked(self) -> list[int]:
        """Positions of the sentences, those with the document's most frequent words first."""
        # No sentence has a line feed in it, so all of them can be taken apart at once.
        lines = _spaced("\n".join(self.sentences)).split("\n")
        words = [[word for word in line.split() if word not in _STOPWORDS] for line in lines]
        frequency = Counter(word for sentence in words for word in sentence)

        def score(position: int) -> float:
            sentence = words[position]
            opening = 1.5 if position < _OPENING_SENTENCES else 1.0
            return opening * sum(map(frequency.__getitem__, sentence)) / (len(sentence) + 6)

        return sorted(range(len(self.sentences)), key=lambda position: (-score(position), position))

    @cached_property
    def gist(self) -> str:
        """The most telling sentence; empty where the text is."""
        if len(self.sentences) > 1:
            return self.sentences[self.ranked[0]]
        return "".join(self.sentences)

    def closest(self, text: str) -> str | None:
        """The sentence that shares most words with `text`; None where nothing is shared."""
        wanted = set(stems_of(text))
        best, most = None, 0.0
        for sentence in self.sentences:
            stems = stems_of(sentence)
            score = len(wanted.intersection(stems)) / sqrt(len(stems) + 4)
            if score > most:
                best, most = sentence, score
        return best

    def choose(self, labels: Sequence[str]) -> str:
        """The label whose words the document shares most; the first, or "other", where none is."""
        best, most = labels[0], 0.0
        for label, stems, words in _label_words(tuple(labels)):
            score = sum(
                log1p(self._stems[item]) + 2 * log1p(self._head_stems[item]) for item in stems
            )
            score /= sqrt(len(stems) or 1)
            score += max((self._cue(word) for word in words), default=0.0)
            if score > most:
                best, most = label, score
        if not most:
            return next((it for it in labels if it.strip().lower() in _FALLBACK_LABELS), best)
        return best

    def _cue(self, word: str) -> float:
        """How strongly phrases, or a name spelt out, speak for a word that may not occur."""
        initials = None
        places = [self._plain.find(phrase) for phrase in _CUES.get(word.lower(), ())]
        if word.isupper() and len(word) in _ACRONYM_LETTERS:
            initials = _initials(word).search(self.text)
            places.append(initials.start() if initials else -1)
        first = min((place for place in places if place >= 0), default=None)
        if first is None:
            return 0.0
        # Longer names are more specific: Lesser General Public License is no GPL.
        return (6.0 if first < _TITLE_CHARS else 2.0) + (4 * len(word) if initials else 0)


@lru_cache(maxsize=256)
def _initials(word: str) -> re.Pattern[str]:
    return re.compile(r"\s+".join(rf"{letter}[A-Za-z]+" for letter in word))


@lru_cache(maxsize=256)
def _label_words(labels: tuple[str, ...]) -> list[tuple[str, frozenset[str], list[str]]]:
    """Each label with the stems that tell it from the others, and its words as written."""
    stems = [frozenset(stems_of(label)) for label in labels]
    common = frozenset.intersection(*stems) if len(stems) > 1 else frozenset[str]()
    return [
        (label, (own - common) or own, label.translate(_SEPARATORS).split())
        for label, own in zip(labels, stems, strict=True)
    ]


def summarize(document: Document, word_limit: int) -> str:
    """The document's most telling sentences in their own order, at most `word_limit` words."""
    lengths = [len(sentence.split()) for sentence in document.sentences]
    room = min(word_limit, max(60, sum(lengths) // 3), 180)
    chosen: list[int] = []
    for position in document.ranked:
        if lengths[position] <= room:
            chosen.append(position)
            room -= lengths[position]
    if not chosen:
        first = document.sentences[document.ranked[0]] if document.ranked else "Empty document."
        return _shortened(first, word_limit)
    return " ".join(document.sentences[position] for position in sorted(chosen))


def _shortened(sentence: str, word_limit: int) -> str:
    words = sentence.split()
    if len(words) <= word_limit:
        return sentence
    return " ".join(words[:word_limit]).rstrip(",;:.") + "…"


def matching(document: Document, pattern: re.Pattern[str], limit: int) -> list[str]:
    """The first `limit` sentences in which the pattern occurs."""
    found: list[str] = []
    for sentence in document.sentences:
        if pattern.search(sentence):
            found.append(sentence)
            if len(found) == limit:
                break
    return found


def distinct(items: Iterable[str]) -> list[str]:
    """The items in order, each once."""
    return list(dict.fromkeys(items))
