"""The SECRET_KEY of local mode: made once, kept in `var/`."""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path


def read(var: Path) -> str:
    """The key in `var/secret-key`, which is made when it is missing."""
    path = var / "secret-key"
    try:
        return path.read_text()
    except FileNotFoundError:
        var.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=var, prefix=".secret-key-")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
        # When another process was first, its key is everybody's.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        Path(draft).unlink()
    return path.read_text()
