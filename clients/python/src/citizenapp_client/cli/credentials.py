"""Where `citizenapp login` keeps the address and the key: a file that only its owner reads."""

import json
import os
from pathlib import Path
from typing import NamedTuple

import click


class Credentials(NamedTuple):
    url: str
    api_key: str


def path() -> Path:
    """In the platform's folder for settings."""
    return Path(click.get_app_dir("citizenapp")) / "credentials.json"


def stored() -> Credentials | None:
    """What was kept, if anything was."""
    try:
        kept = json.loads(path().read_text())
        return Credentials(kept["url"], kept["api_key"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        raise click.ClickException(f"{path()} cannot be read. Run: citizenapp login") from None


def found() -> Credentials:
    """Those of the environment, else those that were kept."""
    kept = stored()
    url = os.environ.get("CITIZENAPP_URL") or (kept.url if kept else "")
    key = os.environ.get("CITIZENAPP_API_KEY") or (kept.api_key if kept else "")
    return Credentials(url, key)


def keep(credentials: Credentials) -> Path:
    """Write them; the file is never readable for others, not even for a moment."""
    target = path()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = target.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(credentials._asdict(), file)
    part.replace(target)
    return target


def forget() -> bool:
    """Remove them; whether there were any."""
    is_there = path().exists()
    path().unlink(missing_ok=True)
    return is_there
