"""The examples of documents, and what runs them."""

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
BLOCK = re.compile(r"```(sh|json|python)\n(.*?)```", re.DOTALL)


class Example(NamedTuple):
    """A block of code below its heading."""

    heading: str
    language: str
    code: str


def of(document: str) -> list[Example]:
    """The examples of a document, in their order."""
    sections = re.split(r"^#+ (.+)$", (ROOT / document).read_text(), flags=re.MULTILINE)
    return [
        Example(heading, language, code)
        for heading, text in zip(sections[1::2], sections[2::2], strict=True)
        for language, code in BLOCK.findall(text)
    ]


class Answer(NamedTuple):
    status: int
    body: str

    def json(self) -> Any:
        return json.loads(self.body)


def place(folder: Path) -> Path:
    """A folder in which examples run: what they write is no file of the checkout."""
    (folder / "docs").symlink_to(ROOT / "docs")
    return folder


def run(code: str, environ: Mapping[str, str], folder: Path = ROOT) -> Answer:
    """What curl was answered in a piece of shell; the last answer, where there are several."""
    # A shell function: what is documented is run as it is.
    shell = f"curl() {{ command curl --write-out '\\n%{{http_code}}\\n' \"$@\"; }}\n{code}"
    done = subprocess.run(
        ["bash", "-c", shell],
        env={**environ, "PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        cwd=folder,
        check=False,
    )
    *body, status = done.stdout.rstrip("\n").split("\n")
    assert status.isdecimal(), f"{code}\n{done.stdout}\n{done.stderr}"
    return Answer(int(status), "\n".join(body))


def ids(answer: Answer) -> dict[str, str]:
    """Those that the answer names, or the first row of its list: JOB_ID and so on."""
    try:
        found = answer.json()
    except ValueError:
        return {}
    if isinstance(found, dict) and found.get("results"):
        found = found["results"][0]
    if not isinstance(found, dict):
        return {}
    return {name.upper(): str(one) for name, one in found.items() if name.endswith("_id") and one}
