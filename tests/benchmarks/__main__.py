"""`python -m tests.benchmarks [N] [--only WORD…] [--write FILE]`: measure, and print the table."""

import argparse
import importlib
import logging
import os
import pkgutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import django

OWN = {"__main__", "bench", "ground", "machine", "material", "peers", "report", "sink"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("n", type=int, nargs="?", default=10_000, help="documents")
    parser.add_argument(
        "--only", nargs="*", default=[""], help="those with one of these in their title"
    )
    parser.add_argument("--write", type=Path, help="a Markdown file to write the table to")
    parser.add_argument("--seed", type=int, default=4)
    arguments = parser.parse_args()

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "citizenapp.settings")
    django.setup()
    logging.getLogger("aijobs").setLevel(logging.WARNING)
    from tests import benchmarks  # noqa: PLC0415  (these need the settings)
    from tests.benchmarks import ground, machine, report  # noqa: PLC0415

    for module in sorted(found.name for found in pkgutil.iter_modules(benchmarks.__path__)):
        if module not in OWN and not module.startswith("test_"):
            importlib.import_module(f"tests.benchmarks.{module}")
    rows: list[report.Row] = []
    with ground.bench(arguments.n, seed=arguments.seed) as bench:
        for measurement in report.measurements:
            title = measurement.title.lower()
            if not any(word.lower() in title for word in arguments.only):
                continue
            bench.empty()
            began = time.monotonic()
            rows += measurement.rows(bench)
            sys.stderr.write(f"{measurement.title}: {time.monotonic() - began:.0f} s\n")
        if arguments.write:
            about = machine.describe(arguments.n, on=datetime.now(UTC).date())
            arguments.write.write_text(f"{about}\n{report.markdown(rows)}")
    sys.stdout.write(f"{report.plain(rows)}\n")


if __name__ == "__main__":
    main()
