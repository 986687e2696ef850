"""What must be known beside the figures: command, versions, machine, settings."""

import os
import platform
from datetime import date
from importlib.metadata import version
from pathlib import Path

from django.db import connection

PACKAGES = ("Django", "psycopg", "anthropic", "orjson", "pydantic", "channels", "gunicorn")
SETTINGS = (
    *("shared_buffers", "max_wal_size", "fsync", "synchronous_commit", "full_page_writes"),
    *("wal_compression", "work_mem", "max_connections"),
)


def describe(n: int, *, on: date) -> str:
    """The head of docs/benchmarks.md."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version')")
        (server,) = cursor.fetchone()
        cursor.execute(
            "SELECT name, current_setting(name) FROM unnest(%s::text[]) AS name", [list(SETTINGS)]
        )
        settings = ", ".join(f"`{name}` {value}" for name, value in cursor.fetchall())
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"""# Benchmarks

Measured on {on:%d %B %Y} by `make bench N={n}`. Ways that are compared ran by turns in one run;
each figure is a median. Memory is the peak of a fresh process over what it was before it began.

- Machine: {os.cpu_count()} cores, {_memory_gb():.0f} GB, {platform.system()} {platform.machine()}
- Python {platform.python_version()}, {packages}
- PostgreSQL {server}: {settings}
"""


def _memory_gb() -> float:
    line = Path("/proc/meminfo").read_text().splitlines()[0]
    return int(line.split()[1]) / 1e6
