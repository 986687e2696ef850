"""Whom PostgreSQL runs as: it refuses to run as root."""

import os
import pwd
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from citizenapp.local.errors import CannotRun


class Account(NamedTuple):
    name: str
    uid: int
    gid: int


def for_data(folder: Path) -> Account | None:
    """Who a server with data in `folder` runs as; None means as we are.

    As root it is the owner of existing data, else nobody. Raises CannotRun where the data
    belongs to somebody else, or where we have no name.
    """
    us = os.geteuid()
    owner = folder.stat().st_uid if folder.exists() else None
    if us:
        _entry(us)
        if owner not in {None, us}:
            raise CannotRun(
                f"{folder} belongs to another user (uid {owner}). Run as that user or as root, "
                "set CITIZENAPP_VAR to a folder of your own, or set DATABASE_URL."
            )
        return None
    entry = _entry(owner) if owner else pwd.getpwnam("nobody")
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def open_the_way(path: Path, account: Account, say: Callable[[str], None]) -> None:
    """Let the account pass through every folder above `path`, and say which ones were opened.

    Passing through (x) shows nobody what is in a folder.
    """
    for folder in reversed(path.resolve().parents):
        status = folder.stat()
        if status.st_uid == account.uid:
            needed = stat.S_IXUSR
        elif status.st_gid == account.gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not status.st_mode & needed:
            say(f"PostgreSQL runs as {account.name}: letting it pass through {folder}")
            folder.chmod(stat.S_IMODE(status.st_mode) | needed)


def give(folder: Path, account: Account) -> None:
    """Make the account the owner of the folder and of everything in it."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def _entry(uid: int) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        raise CannotRun(
            f"PostgreSQL wants to know its user's name, and uid {uid} has none on this machine. "
            "Set DATABASE_URL to a PostgreSQL server of your own instead."
        ) from None
