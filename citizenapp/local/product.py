"""The whole product on one machine: which programs it has, and in which order they start."""

import http.client
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from citizenapp.local import postgres, secret_key, valkey
from citizenapp.local.errors import CannotRun
from citizenapp.local.programs import Program

CHECKOUT = Path(__file__).resolve().parent.parent.parent
HOST = "127.0.0.1"

# A person waits in front of the screen: batches leave, and are asked about, at once.
TIMINGS = {
    "AIJOBS_SUBMIT_EVERY": "5",
    "AIJOBS_POLL_EVERY": "2",
    "AIJOBS_SUBMIT_WHEN": "25",
    "AIJOBS_SEND_SECONDS": "60",
    "AIJOBS_RECONCILE_GRACE": "20",
    "AIJOBS_STOP_GRACE": "15",
}


class Product:
    """The programs over one data folder, as the environment wants them.

    `DATABASE_URL`, `REDIS_URL`, `ANTHROPIC_API_KEY` and `ANTHROPIC_BASE_URL` each replace an
    embedded part.
    """

    def __init__(self, var: Path, port: int, environ: Mapping[str, str]) -> None:
        self.var = var
        self.port = port
        self.url = f"http://{HOST}:{port}"
        self.has_postgres = not environ.get("DATABASE_URL")
        self.has_valkey = not environ.get("REDIS_URL")
        self.is_emulated = not (
            environ.get("ANTHROPIC_API_KEY") or environ.get("ANTHROPIC_BASE_URL")
        )
        self._emulator_port = _free_port() if self.is_emulated else None
        self._environ = dict(environ)

    def servers(self) -> list[Program]:
        """What the product's own processes talk to."""
        # Not by manage.py: it needs nothing of Django, which would weigh more than all of it.
        emulator = self._program(
            *("emulator", "-m", "aijobs.emulator", "--port", str(self._emulator_port)),
            *("--data", str(self.var / "emulator")),
            is_ready=lambda: _accepts(self._emulator_port),
        )
        return [
            *([postgres.program(self.var)] if self.has_postgres else []),
            *([valkey.program(self.var)] if self.has_valkey else []),
            *([emulator] if self.is_emulated else []),
        ]

    def preparation(self) -> Program:
        """Brings the database, the static files and the demo tenant up to date, and ends."""
        return self._program("prepare", "manage.py", "prepare")

    def applications(self) -> list[Program]:
        """The product's own processes, without the web."""
        return [
            # A batch on its way out or in gets the time to be stored.
            self._program("cluster", "manage.py", "cluster", grace=20),
            self._program("relay", "manage.py", "relay"),
        ]

    def web(self) -> Program:
        return self._program(
            *("web", "-m", "citizenapp.local.web", "--bind", HOST, "--port", str(self.port)),
            *("--application-close-timeout", "2", "citizenapp.asgi:application"),
            is_ready=self._web_answers,
        )

    def everything(self) -> list[Program]:
        """All of it, in the order of starting."""
        return [*self.servers(), self.preparation(), *self.applications(), self.web()]

    def check_port(self) -> None:
        """Raises CannotRun when the port can't be had."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, self.port))
            except (OSError, OverflowError) as error:
                raise CannotRun(
                    f"Port {self.port} can't be used ({getattr(error, 'strerror', error)}). "
                    "Choose another one, as in: PORT=8001 make run"
                ) from error

    def _program(
        self,
        name: str,
        *arguments: str,
        grace: float = 10,
        is_ready: Callable[[], bool] = lambda: True,
    ) -> Program:
        return Program(
            name=name,
            argv=[sys.executable, *arguments],
            folder=CHECKOUT,
            environment=self.environment,
            lock=self.var / "run" / f"{name}.lock",
            grace=grace,
            is_ready=is_ready,
        )

    @property
    def environment(self) -> dict[str, str]:
        """What the product's own processes are told."""
        ours = {"CITIZENAPP_VAR": str(self.var), "PYTHONUNBUFFERED": "1"}
        if self.is_emulated:
            ours["CITIZENAPP_EMULATOR_URL"] = f"http://{HOST}:{self._emulator_port}"
        defaults = dict(TIMINGS)
        if not self.has_postgres:
            # Settings take a database of one's own for a deployment; this is still one machine.
            defaults |= {
                "SECRET_KEY": secret_key.read(self.var),
                "ALLOWED_HOSTS": f"{HOST},localhost",
                "SECURE_SSL_REDIRECT": "false",
                "TRUSTED_PROXIES": "0",
            }
        given = {key: value for key, value in self._environ.items() if value}
        return self._environ | defaults | given | ours

    def _web_answers(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=1)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def _accepts(port: int | None) -> bool:
    with socket.socket() as probe:
        return port is not None and probe.connect_ex((HOST, port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
