"""The embedded Valkey: it passes messages on and keeps nothing."""

from pathlib import Path
from urllib.parse import quote

from citizenapp.local import binaries, sockets
from citizenapp.local.programs import Program


def url(var: Path) -> str:
    """Where clients find it, as redis-py and channels-redis read it."""
    return f"unix://{quote(str(_socket(var)))}?db=0"


def program(var: Path) -> Program:
    """The server, ready to start. Raises CannotRun where it can't work."""
    path = _socket(var)
    sockets.check_length(path)
    folder = path.parent
    folder.mkdir(parents=True, exist_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(folder),
        "save": "",
        "maxmemory": "64mb",
        "maxmemory-policy": "allkeys-lru",
        # It would warn at every start of a kernel setting that matters to dumps, which it has none.
        "loglevel": "nothing",
    }
    return Program(
        name="valkey",
        argv=[
            binaries.valkey(),
            *(word for key, value in options.items() for word in (f"--{key}", value)),
        ],
        lock=var / "run" / "valkey.lock",
        is_ready=lambda: sockets.answers(path, b"PING\r\n", b"+PONG\r\n"),
        grace=5,
    )


def _socket(var: Path) -> Path:
    return var / "valkey" / "valkey.sock"
