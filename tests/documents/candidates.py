"""Hold libraries against the corpus: `python -m tests.documents.candidates --python PYTHON`.

The libraries are those of tests/documents/candidates.txt, in an environment of their own, whose
PYTHON is given; `--write FILE` says where the table goes. Signs of Markdown and marks of notes do
not count, so that none is at an advantage.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.documents import candidate_readers
from tests.documents.case import CASES, Case, spaced
from tests.documents.corpus import CORPUS

_NOTE = re.compile(r"\[note \w+\]")
_PLACE = re.compile(r"\[(?:slide|page) \d+\]")
_TIMEOUT = 300
HEAD = """\
# Libraries for documents

What libraries read of the corpus, beside ours, written by `python -m tests.documents.candidates`.
*Texts in order* are those that a person reads in the files, each behind the one before; *words* and
*neighbors* the share of their words, and of pairs of words side by side, that are there; *wrong*
are texts that nobody should read; *unread* files for which a library raised. Seconds are for
reading, without imports; ours starts a confined process for each file, which is nearly all of its
time. MB is the most memory. Files that are to be refused or sent as they are do not count.
"""
_COLUMNS = (
    "format", "library", "texts in order", "words", "neighbors", "wrong", "unread", "seconds", "MB",
    "install", "licence",
)  # fmt: skip


@dataclass(slots=True)
class Score:
    """How much of what a person reads was found, over the files of one format."""

    found: int = 0
    wanted: int = 0
    words: int = 0
    all_words: int = 0
    pairs: int = 0
    all_pairs: int = 0
    wrong: int = 0
    unread: int = 0

    def add(self, case: Case, text: str | None) -> None:
        if text is None:
            self.unread += 1
        read = _words(text or "")
        joined = f" {' '.join(read)} "
        words, pairs = Counter(read), Counter(pairwise(read))
        position = 0
        for one in _texts(case):
            self.wanted += 1
            at = joined.find(f" {' '.join(one)} ", position)
            if at >= 0:
                self.found += 1
                position = at + 1
            self.words += sum((Counter(one) & words).values())
            self.all_words += len(one)
            self.pairs += sum((Counter(pairwise(one)) & pairs).values())
            self.all_pairs += len(one) - 1
        bare = [one for one in case.unwanted if not one.startswith("#")]
        self.wrong += sum(spaced(one) in spaced(text or "") for one in bare)


def _words(text: str) -> list[str]:
    # What Markdown escapes is what it would be without.
    return re.findall(r"[^\W_]+|[☒☐€]", text.replace("\\", ""))


def _texts(case: Case) -> Iterator[list[str]]:
    for wanted in case.wanted:
        for part in _NOTE.split(_PLACE.sub("", wanted)):
            if words := _words(part):
                yield words


def _read(python: str, library: str, files: Iterable[Path]) -> dict[str, Any]:
    script = Path(candidate_readers.__file__)
    ours = library == "ours"
    command = [sys.executable if ours else python, str(script), library, *map(str, files)]
    root = str(script.parents[2])
    environment = {**os.environ, "PYTHONPATH": root} if ours else dict(os.environ)
    try:
        done = subprocess.run(
            command, capture_output=True, check=False, timeout=_TIMEOUT, env=environment
        )
        found: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return {"failed": True}
    return found


def rows(python: str) -> Iterator[str]:
    """A row for each format and library; a library that is missing is named."""
    for kind in candidate_readers.READERS["ours"][0].split():
        cases = [one for one in CORPUS if Path(one.file).suffix == f".{kind}" and not one.refusal]
        paths = {case.file: CASES / case.file for case in cases}
        for library, (kinds, _) in candidate_readers.READERS.items():
            if kind not in kinds.split():
                continue
            read = _read(python, library, paths.values())
            if "texts" not in read:
                why = "is not installed" if "missing" in read else "did not end well"
                yield f"| .{kind} | {library} {why} | | | | | | | | | |"
                continue
            score = Score()
            for case in cases:
                # What is sent as it is has no text that could be right.
                if not case.is_sent:
                    score.add(case, read["texts"][str(paths[case.file])])
            yield _row(kind, f"{library} {read['version']}".strip(), score, read)


def _row(kind: str, name: str, score: Score, read: dict[str, Any]) -> str:
    def share(part: int, whole: int) -> str:
        return f"{part / whole:.0%}" if whole else ""

    shown = [
        f".{kind}",
        name,
        f"{score.found} of {score.wanted}",
        share(score.words, score.all_words),
        share(score.pairs, score.all_pairs),
        str(score.wrong),
        str(score.unread),
        f"{read['seconds']:.2f}",
        f"{read['memory'] / 1e6:.0f}",
        f"{read['install'] / 1e6:.0f} MB" if read["install"] else "",
        read["licence"],
    ]
    return f"| {' | '.join(shown)} |"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--python", default=sys.executable, help="of the libraries' environment")
    parser.add_argument("--write", type=Path, required=True)
    said = parser.parse_args()
    head = f"| {' | '.join(_COLUMNS)} |\n|{' --- |' * len(_COLUMNS)}"
    said.write.write_text("\n".join([HEAD, head, *rows(said.python), ""]))


if __name__ == "__main__":
    main()
