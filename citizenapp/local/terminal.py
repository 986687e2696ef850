"""What `manage.py up` writes: its own sentences, and each program's lines under its name."""

import os
import sys
from contextlib import suppress
from itertools import cycle
from typing import TextIO

COLORS = (36, 33, 32, 35, 34, 31)
RESET = "\033[0m"


class Terminal:
    """Writes whole lines. `gone` becomes true when nobody reads them any more."""

    def __init__(self, names: list[str], stream: TextIO = sys.stdout) -> None:
        width = max(map(len, names), default=0)
        colored = stream.isatty() and "NO_COLOR" not in os.environ
        self.gone = False
        self._stream = stream
        self._prefixes = {
            name: f"\033[{color}m{name:{width}} |{RESET} " if colored else f"{name:{width}} | "
            for name, color in zip(names, cycle(COLORS), strict=False)
        }

    def say(self, sentence: str) -> None:
        self._write(sentence)

    def line(self, name: str, text: bytes) -> None:
        self._write(self._prefixes[name] + text.decode(errors="replace").rstrip())

    def _write(self, text: str) -> None:
        if self.gone:
            return
        try:
            self._stream.write(text + "\n")
            self._stream.flush()
        except (OSError, ValueError):  # The terminal was closed, or the pipe's reader has left.
            self.gone = True
            self._discard()

    def _discard(self) -> None:
        """Lead the rest nowhere: Python flushes at its end, and would fail for want of a reader."""
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
