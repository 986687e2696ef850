"""Paths of Unix sockets."""

import os
import socket
from pathlib import Path

from citizenapp.local.errors import CannotRun

LONGEST_BYTES = 107


def check_length(path: Path) -> None:
    """Raises CannotRun for a path that the kernel would cut off."""
    length = len(os.fsencode(path))
    if length > LONGEST_BYTES:
        raise CannotRun(
            f"The socket path {path} has {length} bytes, and a socket's path may have "
            f"{LONGEST_BYTES}. Set CITIZENAPP_VAR to a folder with a shorter path."
        )


def answers(path: Path, request: bytes, reply: bytes) -> bool:
    """Whether the server at the socket answers the request with exactly this reply."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        try:
            client.connect(str(path))
            client.sendall(request)
            return client.recv(len(reply)) == reply
        except OSError:
            return False
