"""One job a call over the REST API, by gunicorn, beside a view that inserts a row."""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from statistics import median
from typing import Any
from urllib.parse import quote

import orjson
from django.conf import settings
from django.db import connection

from aijobs.models import AIJob
from citizenapp.tenants.models import APIKey
from tests.benchmarks.bench import Bench, Way
from tests.benchmarks.report import Row, measurement
from tests.factories import make_tenant
from tests.ground import CHECKOUT, free_port

WORKERS = 2
ROUNDS = 9
CLIENTS = 4
TABLE = "CREATE TABLE bare_row (id bigserial PRIMARY KEY, text text)"
TEXT = "Hail is covered by this policy. " * 64
PLENTY = Decimal(1_000_000)


@measurement("single POST", aim="≥70 % of a bare view")
def single_post(bench: Bench) -> Iterator[Row]:
    """Requests a second that two gunicorn workers answer, by turns for each of the tenants."""
    keys = {
        name: APIKey.objects.create_key(name="bench", tenant=tenant, role="member")[1]
        for name, tenant in (
            ("bare", make_tenant()),
            ("plain", make_tenant()),
            ("limit", make_tenant(limit_usd=PLENTY)),
            ("repeats", make_tenant(repeat_days=30)),
        )
    }
    posts = min(max(bench.n // 30, 20), 1_000)
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
    try:
        with serving("citizenapp.wsgi") as ours, serving("tests.benchmarks.bare.site") as bare:
            ways = {
                name: _posting(bare if name == "bare" else ours, posts, key)
                for name, key in keys.items()
            }
            rounds = [
                {name: bench.once(way).per_second(posts) for name, way in ways.items()}
                for _ in range(ROUNDS if bench.n >= 1_000 else 1)
            ]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE bare_row")
    assert AIJob.objects.count() >= 3 * posts

    def row(what: str, ours: str, floor: str, least: float, **more: Any) -> Row:
        # Of each round: from one to the next, the disk may be twice as quick.
        share = median(rates[ours] / rates[floor] for rates in rounds)
        ours_rate, floor_rate = (median(rates[one] for rates in rounds) for one in (ours, floor))
        called = "bare view" if floor == "bare" else "without"
        return Row(
            what,
            ours=f"{ours_rate:,.0f}/s",
            floor=f"{called}: {floor_rate:,.0f}/s",
            ratio=f"{share:.0%}",
            holds=share >= least,
            **more,
        )

    yield row(
        "single POST: key, checks, idempotency, insert",
        *("plain", "bare", 0.7),
        why="The bare view asks nobody who is there, and writes one row into one index. Ours asks"
        " PostgreSQL for the key, so that a revoked one is refused at once, and writes three rows"
        " into nine indexes.",
    )
    aim = "≥90 % of the rate without"
    yield row("single POST under a limit", "limit", "plain", 0.9, aim=aim)
    yield row("single POST, questions remembered", "repeats", "plain", 0.9, aim=aim)


def _posting(port: int, posts: int, key: str) -> Way:
    return Way(lambda: post(port, posts, key), before=lambda: post(port, CLIENTS, key))


@contextmanager
def serving(application: str) -> Iterator[int]:
    """The port at which gunicorn serves a WSGI module, with as many workers as there are cores."""
    database = connection.settings_dict
    port = free_port()
    environment = {
        "DATABASE_URL": f"postgres://{database['USER']}@{quote(database['HOST'], safe='')}"
        f":{database['PORT']}/{database['NAME']}",
        "CONN_MAX_AGE": "60",
        "SECRET_KEY": secrets.token_hex(),
        "ALLOWED_HOSTS": "127.0.0.1",
        "SECURE_SSL_REDIRECT": "off",
        "PYTHONWARNINGS": "ignore",
        # Every call is counted, and none refused.
        "REDIS_URL": settings.REDIS_URL,
        "AIJOBS_API_RATE": "1000000",
        "AIJOBS_API_BURST": "1000000",
    }
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", application, "--workers", str(WORKERS)),
            *("--bind", f"127.0.0.1:{port}", "--log-level", "warning"),
        ],
        cwd=CHECKOUT,
        env=os.environ | environment,
    )
    with process:
        try:
            _await_listening(port, process)
            yield port
        finally:
            process.terminate()


def _await_listening(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("gunicorn does not listen.")


def post(port: int, posts: int, key: str) -> None:
    """So many POSTs, from a few clients at once. Raises RuntimeError for an answer but 202."""
    with ThreadPoolExecutor(CLIENTS) as clients:
        for _ in clients.map(lambda _: _post(port, key), range(posts)):
            pass


def _post(port: int, key: str) -> None:
    # A text of its own: what was asked before is not queued again.
    body = orjson.dumps({"document_text": f"{secrets.token_hex(4)} {TEXT}", "max_length": 200})
    request = (
        f"POST /api/ai/summarize HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        f"Authorization: Bearer {key}\r\nIdempotency-Key: {secrets.token_hex(16)}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port)) as connected:
        connected.sendall(request.encode() + body)
        answer = connected.recv(4096)
        while piece := connected.recv(4096):
            answer += piece
    if not answer.startswith(b"HTTP/1.1 202 "):
        raise RuntimeError(answer.decode(errors="replace"))
