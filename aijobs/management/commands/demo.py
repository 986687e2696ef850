"""manage.py demo: the main job on real documents, through the REST API of the running product.

The documents are the licences of the packages that CitizenApp stands on: they are on every
machine. All are classified by kind, some are summarised, and a few are analysed as policies.
"""

import hashlib
import json
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from importlib.metadata import distributions
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from aijobs.templatetags.dollars import exact
from citizenapp.local import address

CATEGORIES = [
    "MIT License",
    "BSD License",
    "Apache License",
    "GNU General Public License",
    "Mozilla Public License",
    "Python Software Foundation License",
    "ISC License",
    "Public domain",
    "Other license",
]
SUMMARIES = 20
ANALYSES = 5
# Longest documents take part too, but nobody waits for an appendix.
MOST_CHARS = 100_000
FINAL = ("completed", "failed", "canceled")


@dataclass(frozen=True, slots=True)
class Document:
    name: str
    text: str


class Command(BaseCommand):
    help = "Queue the licence texts of the installed packages, and show results, cost and savings."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", help="The product; what `make run` serves by default.")
        parser.add_argument("--key", help="An API key; that of the demo tenant by default.")
        parser.add_argument(
            "--timeout", type=float, default=600, help="Seconds to wait for the last job (600)."
        )

    def handle(
        self,
        *args: object,  # noqa: ARG002
        url: str | None,
        key: str | None,
        timeout: float,
        **options: Any,  # noqa: ARG002
    ) -> None:
        api = Api(url or running_product(), key or demo_key())
        documents = list(licences())
        self.stdout.write(f"{len(documents)} licence texts found among the installed packages.")
        collections = self.queue(api, documents)
        self.wait(api, collections, timeout)
        self.report(api, collections)

    def queue(self, api: "Api", documents: list[Document]) -> dict[str, str]:
        """Queue a collection for each job type; returns collection ids by job type."""
        work: dict[str, tuple[list[Document], dict[str, Any]]] = {
            "classify": (documents, {"categories": CATEGORIES}),
            "summarize": (documents[:SUMMARIES], {"max_length": 60}),
            "analyze": (
                documents[:ANALYSES],
                {"questions": ["May I use it in a product that is sold?"]},
            ),
        }
        queued = {}
        for job_type, (chosen, defaults) in work.items():
            answer = api.post(
                "collections",
                {
                    "name": f"Licences: {job_type}",
                    "job_type": job_type,
                    "defaults": defaults,
                    "items": [
                        {"document_text": document.text, "reference": document.name}
                        for document in chosen
                    ],
                },
            )
            queued[job_type] = answer["collection_id"]
            self.stdout.write(f"Queued {answer['accepted']:>3} × {job_type}.")
        return queued

    def wait(self, api: "Api", collections: dict[str, str], timeout: float) -> None:
        """Show the counts by status until every job has ended."""
        begun, shown = time.monotonic(), ""
        while True:
            counts: dict[str, int] = {}
            for collection in collections.values():
                for status, jobs in api.get(f"collections/{collection}")["counts"].items():
                    counts[status] = counts.get(status, 0) + jobs
            line = "   ".join(f"{jobs} {status}" for status, jobs in counts.items() if jobs)
            if line != shown:
                self.stdout.write(f"{time.monotonic() - begun:6.1f} s   {line}")
                shown = line
            if not sum(jobs for status, jobs in counts.items() if status not in FINAL):
                return
            if time.monotonic() - begun > timeout:
                raise CommandError(f"After {timeout:.0f} seconds some jobs have not ended: {line}")
            time.sleep(0.5)

    def report(self, api: "Api", collections: dict[str, str]) -> None:
        cost = full_price = Decimal(0)
        failed = 0
        for job_type, collection in collections.items():
            self.stdout.write(f"\n{job_type}\n{'─' * 104}")
            for row in api.rows(f"collections/{collection}/results?as=ndjson"):
                cost += Decimal(row["cost_usd"])
                full_price += Decimal(row["sync_cost_usd"])
                failed += row["status"] != "completed"
                name = row["reference"]
                self.stdout.write(f"{name[:30]:<30}  {row['cost_usd']:>13}  {outcome(row)[:56]}")
        saved = full_price - cost
        spent, full, kept = exact([cost, full_price, saved])
        self.stdout.write(
            f"\nSpent {spent} instead of {full} at full price: batching saved {kept}"
            # Rounded down: never more is claimed than was saved.
            + (f" ({int(100 * saved / full_price)} %)." if full_price else ".")
        )
        if settings.EMULATED:
            self.stdout.write("The emulator answered: no money was spent.")
        if failed:
            self.stdout.write(f"{failed} jobs ended without a result; the table says why.")


class Api:
    """The REST API as any client sees it."""

    def __init__(self, url: str, key: str) -> None:
        self.root = f"{url.rstrip('/')}/api/ai/"
        self.headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def get(self, path: str) -> Any:
        with self._open(Request(self.root + path, headers=self.headers)) as response:  # noqa: S310
            return json.load(response)

    def post(self, path: str, body: object) -> Any:
        request = Request(  # noqa: S310
            self.root + path, headers=self.headers, data=json.dumps(body).encode(), method="POST"
        )
        with self._open(request) as response:
            return json.load(response)

    def rows(self, path: str) -> Iterator[Any]:
        with self._open(Request(self.root + path, headers=self.headers)) as response:  # noqa: S310
            for line in response:
                yield json.loads(line)

    def _open(self, request: Request) -> Any:
        try:
            return urlopen(request, timeout=60)  # noqa: S310
        except HTTPError as error:
            detail = error.read(500).decode(errors="replace")
            raise CommandError(f"{request.full_url} answered {error.code}: {detail}") from None
        except URLError as error:
            raise CommandError(f"Nothing answers at {self.root} ({error.reason}).") from None


def running_product() -> str:
    """Where the product over this data folder serves, whatever its port. Raises CommandError."""
    url = address.read(settings.VAR)
    if url is None:
        raise CommandError(
            f"No CitizenApp serves with its data in {settings.VAR}. Start it in another terminal "
            "with `make run`, and wait until it says that it is ready."
        )
    return url


def demo_key() -> str:
    try:
        return (settings.VAR / "demo-api-key").read_text().strip()
    except FileNotFoundError:
        raise CommandError("There is no demo API key yet: start `make run` first.") from None


def licences() -> Iterator[Document]:
    """The licence texts of the installed packages, each text once, in order of package."""
    seen: set[bytes] = set()
    for package in sorted(distributions(), key=lambda one: one.name.lower()):
        for file in package.files or ():
            if ".dist-info" not in str(file) or not file.name.upper().startswith(
                ("LICENSE", "LICENCE", "COPYING")
            ):
                continue
            try:
                text = str(file.locate().read_text("utf-8"))[:MOST_CHARS]  # type: ignore[attr-defined]
            except (OSError, ValueError):
                continue  # Named in the package's list, yet not there or not text.
            digest = hashlib.sha256(text.encode()).digest()
            if text.strip() and "\0" not in text and digest not in seen:
                seen.add(digest)
                yield Document(package.name, text)


def outcome(row: dict[str, Any]) -> str:
    """A result in one line."""
    result = row["result"]
    if result is None:
        return f"{row['status']}: {row['error'] and row['error']['message']}"
    if "category" in result:
        return str(result["category"])
    if "summary" in result:
        return " ".join(str(result["summary"]).split())
    return ", ".join(f"{len(found)} {kind}" for kind, found in result.items())
