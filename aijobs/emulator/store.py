"""What survives a restart: batches and counters in SQLite, requests and answers in files."""

import fcntl
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from .caches import LIFETIMES, Found, Use
from .prices import Used

_SCHEMA = """
CREATE TABLE IF NOT EXISTS batch (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    workspace TEXT NOT NULL,
    total INTEGER NOT NULL,
    size INTEGER NOT NULL,
    created_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    due_at REAL,
    ends_at REAL NOT NULL,
    finished INTEGER NOT NULL,
    rest TEXT NOT NULL,
    cancel_initiated_at REAL,
    ended_at REAL,
    deleted_at REAL,
    answered INTEGER NOT NULL DEFAULT 0,
    succeeded INTEGER NOT NULL DEFAULT 0,
    errored INTEGER NOT NULL DEFAULT 0,
    canceled INTEGER NOT NULL DEFAULT 0,
    expired INTEGER NOT NULL DEFAULT 0,
    input_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS attempt (
    digest TEXT NOT NULL,
    request TEXT NOT NULL,
    UNIQUE (digest, request)
);
CREATE TABLE IF NOT EXISTS model (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS bill (
    minute INTEGER NOT NULL,
    workspace TEXT NOT NULL,
    model TEXT NOT NULL,
    tier TEXT NOT NULL,
    prompt_step INTEGER NOT NULL,
    uncached_input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cache_read_input_tokens INTEGER NOT NULL,
    ephemeral_5m_input_tokens INTEGER NOT NULL,
    ephemeral_1h_input_tokens INTEGER NOT NULL,
    PRIMARY KEY (minute, workspace, model, tier, prompt_step)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cache (
    workspace TEXT NOT NULL,
    digest TEXT NOT NULL,
    batch_id TEXT,
    position INTEGER NOT NULL,
    used_at REAL NOT NULL,
    lasts_until REAL NOT NULL,
    read INTEGER NOT NULL,
    written INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS cache_of_workspace ON cache (workspace, digest);
CREATE INDEX IF NOT EXISTS cache_of_batch ON cache (batch_id);
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value REAL NOT NULL);
"""


MINUTE = 60


class Line(NamedTuple):
    """What a line of the bill is about; `minute` counts from the epoch."""

    minute: int
    workspace: str
    model: str
    tier: str
    prompt_step: int


Bill = Mapping[Line, Used]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One batch; moments are seconds since the epoch by the emulator's own clock.

    The first `finished` of its requests get their answers, what is left becomes `rest`
    (`canceled` or `expired`). `due_at` is None while it is held until told to end.
    """

    sequence: int = 0
    id: str
    workspace: str
    total: int
    size: int
    created_at: float
    expires_at: float
    due_at: float | None
    ends_at: float
    finished: int
    rest: str
    cancel_initiated_at: float | None = None
    ended_at: float | None = None
    deleted_at: float | None = None
    answered: int = 0
    succeeded: int = 0
    errored: int = 0
    canceled: int = 0
    expired: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def status(self) -> str:
        if self.ended_at is not None:
            return "ended"
        return "in_progress" if self.cancel_initiated_at is None else "canceling"


class FolderInUse(Exception):
    """Another emulator has this data folder."""


class Store:
    """Safe to use from several threads, but from one process: FolderInUse says so."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("incoming", "requests", "answers"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self._owner = (folder / "lock").open("wb")
        try:
            fcntl.flock(self._owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._owner.close()
            raise FolderInUse(folder) from None
        self._lock = threading.Lock()
        self._model_numbers: dict[str, int] = {}
        self._database = sqlite3.connect(
            folder / "emulator.sqlite3", check_same_thread=False, isolation_level=None
        )
        self._database.row_factory = sqlite3.Row
        self._database.execute("PRAGMA journal_mode = WAL")
        # A killed process loses nothing; that a power cut may is no loss here.
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.executescript(_SCHEMA)
        self._discard_unfinished()

    def close(self) -> None:
        with self._lock:
            self._database.close()
        self._owner.close()

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._model_numbers.clear()
            for table in ("batch", "attempt", "model", "bill", "cache", "counter"):
                self._database.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
        self._discard_unfinished()

    def incoming(self, name: str) -> Path:
        return self.folder / "incoming" / name

    def requests(self, batch_id: str) -> Path:
        return self.folder / "requests" / f"{batch_id}.jsonl"

    def answers(self, batch_id: str) -> Path:
        return self.folder / "answers" / f"{batch_id}.jsonl"

    def add(self, batch: Batch, spool: Path) -> Batch:
        """Keep a new batch whose requests have arrived in the file `spool`."""
        spool.rename(self.requests(batch.id))
        with self._lock:
            self._database.execute(
                "INSERT INTO batch (id, workspace, total, size, created_at, expires_at, due_at,"
                " ends_at, finished, rest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(batch.id, batch.workspace, batch.total, batch.size, batch.created_at),
                    *(batch.expires_at, batch.due_at, batch.ends_at, batch.finished, batch.rest),
                ),
            )
        return batch

    def change(self, batch_id: str, **values: float | str | None) -> None:
        columns = ", ".join(f"{name} = ?" for name in values)
        with self._lock:
            self._database.execute(
                f"UPDATE batch SET {columns} WHERE id = ?",  # noqa: S608 - names of our own
                (*values.values(), batch_id),
            )

    def end(self, batch_id: str, bill: Bill, **values: float) -> None:
        """Record the end of a batch and what it is billed with: both, or neither."""
        columns = ", ".join(f"{name} = ?" for name in values)
        with self._transaction() as database:
            database.execute(
                f"UPDATE batch SET {columns} WHERE id = ?",  # noqa: S608 - names of our own
                (*values.values(), batch_id),
            )
            self._write(database, bill)

    def bill(self, bill: Bill) -> None:
        """Add to the books what was billed."""
        with self._transaction() as database:
            self._write(database, bill)

    def billed(self, since: float, until: float) -> dict[Line, Used]:
        """The lines of the bill from the minute of one moment to before that of another."""
        with self._lock:
            rows = self._database.execute(
                "SELECT * FROM bill WHERE minute >= ? AND minute < ?",
                (int(since) // MINUTE, int(until) // MINUTE),
            ).fetchall()
        width = len(Line._fields)
        return {Line(*row[:width]): Used(*row[width:]) for row in map(tuple, rows)}

    def model_number(self, name: str) -> int:
        """A number of its own for each model, from 1 on."""
        number = self._model_numbers.get(name)
        if number is None:
            with self._transaction() as database:
                database.execute("INSERT OR IGNORE INTO model (name) VALUES (?)", (name,))
                found = database.execute("SELECT number FROM model WHERE name = ?", (name,))
                number = self._model_numbers[name] = int(found.fetchone()[0])
        return number

    def model_names(self) -> dict[int, str]:
        """What the numbers stand for."""
        with self._lock:
            return dict(tuple(row) for row in self._database.execute("SELECT * FROM model"))

    def find(self, batch_id: str, workspace: str | None = None) -> Batch | None:
        """The batch, unless it is deleted or another workspace's."""
        for batch in self._batches("id = ? AND deleted_at IS NULL", batch_id):
            if workspace in {None, batch.workspace}:
                return batch
        return None

    def unanswered(self) -> list[Batch]:
        return self._batches("answered = 0 AND deleted_at IS NULL")

    def due(self, now: float) -> list[Batch]:
        """Answered batches whose end has come but is not recorded."""
        return self._batches("answered = 1 AND ended_at IS NULL AND ends_at <= ?", now)

    def newest(
        self, workspace: str, until: float, limit: int, after: int | None, before: int | None
    ) -> list[Batch]:
        """Up to `limit` batches, newest first, created at `until` or earlier.

        `after` and `before` are sequences: older than the one, newer than (and next to) the other.
        """
        where = "workspace = ? AND deleted_at IS NULL AND created_at <= ? AND sequence"
        if before is not None:
            order = "> ? ORDER BY sequence LIMIT ?"
            return self._batches(f"{where} {order}", workspace, until, before, limit)[::-1]
        order = "< ? ORDER BY sequence DESC LIMIT ?"
        after = after if after is not None else 2**62
        return self._batches(f"{where} {order}", workspace, until, after, limit)

    def all(self) -> list[Batch]:
        """Every batch there ever was, deleted ones included, oldest first."""
        return self._batches("1 ORDER BY sequence")

    def count(self, name: str, by: float = 1) -> None:
        with self._lock:
            self._database.execute(
                "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name)"
                " DO UPDATE SET value = value + excluded.value",
                (name, by),
            )

    def counters(self) -> dict[str, float]:
        with self._lock:
            return dict(tuple(row) for row in self._database.execute("SELECT * FROM counter"))

    def attempt(self, digest: str, request: str) -> int:
        """How many requests have carried this document, this one included."""
        with self._transaction() as database:
            database.execute("INSERT OR IGNORE INTO attempt VALUES (?, ?)", (digest, request))
            row = database.execute(
                "SELECT count(*) FROM attempt WHERE digest = :digest AND rowid <="
                " (SELECT rowid FROM attempt WHERE digest = :digest AND request = :request)",
                {"digest": digest, "request": request},
            ).fetchone()
        return int(row[0])

    @staticmethod
    def _write(database: sqlite3.Connection, bill: Bill) -> None:
        sums = ", ".join(f"{kind} = {kind} + excluded.{kind}" for kind in Used._fields)
        database.executemany(
            "INSERT INTO bill VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - our own names
            f" ON CONFLICT DO UPDATE SET {sums}",
            [(*line, *used) for line, used in bill.items()],
        )

    def find_cached(self, workspace: str, digest: str, moment: float) -> Found:
        """Whether a beginning is in the cache at this moment: of a batch that has ended by then."""
        with self._lock:
            row = self._database.execute(
                "SELECT max(batch_id IS NOT NULL), max(batch_id IS NULL)"
                " FROM cache LEFT JOIN batch ON batch.id = batch_id"
                " WHERE cache.workspace = ? AND digest = ? AND used_at <= ? AND lasts_until > ?"
                " AND (batch_id IS NULL"
                " OR (answered = 1 AND ends_at <= ? AND position < finished))",
                (workspace, digest, moment, moment, moment),
            ).fetchone()
        return Found(bool(row[0]), bool(row[1]))

    def use_cache(
        self, workspace: str, batch_id: str | None, moment: float, uses: Iterable[tuple[int, Use]]
    ) -> None:
        """Note what requests read and wrote; they are named by their positions in their batch."""
        rows = [
            (
                *(workspace, digest, batch_id, position, moment, moment + LIFETIMES[use.ttl]),
                *((use.read, use.written) if number == 0 else (0, 0)),
            )
            for position, use in uses
            for number, digest in enumerate(use.digests)
        ]
        with self._transaction() as database:
            # A batch may be answered anew after a restart.
            database.execute("DELETE FROM cache WHERE batch_id = ?", (batch_id,))
            database.executemany("INSERT INTO cache VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def cached_tokens(self) -> dict[str, tuple[int, int]]:
        """Tokens that ended batches read from the cache and wrote, by their ids."""
        with self._lock:
            rows = self._database.execute(
                "SELECT batch_id, sum(read), sum(written) FROM cache JOIN batch"
                " ON batch.id = batch_id WHERE ended_at IS NOT NULL AND position < finished"
                " GROUP BY batch_id"
            ).fetchall()
        return {row[0]: (row[1], row[2]) for row in rows}

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._database:
            self._database.execute("BEGIN IMMEDIATE")
            yield self._database

    def _batches(self, where: str, *values: object) -> list[Batch]:
        with self._lock:
            rows = self._database.execute(
                f"SELECT * FROM batch WHERE {where}",  # noqa: S608 - conditions of our own
                values,
            ).fetchall()
        return [Batch(**dict(row)) for row in rows]

    def _discard_unfinished(self) -> None:
        """Remove the files that no batch owns: uploads and answers cut off in the middle."""
        owned = {batch.id for batch in self._batches("deleted_at IS NULL")}
        for name in ("incoming", "requests", "answers"):
            for path in (self.folder / name).iterdir():
                if path.suffix == ".part" or path.name.partition(".")[0] not in owned:
                    path.unlink(missing_ok=True)
