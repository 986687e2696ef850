"""Where the product over a data folder serves: written down while it does, for `make demo`."""

from pathlib import Path

from citizenapp.local import locks


def lock(var: Path) -> Path:
    """Held by who runs the product, and by nothing that it starts."""
    return var / "run" / "up.lock"


def _file(var: Path) -> Path:
    return var / "address"


def publish(var: Path, url: str) -> None:
    """Write down that the product serves at `url`."""
    draft = var / "address.new"
    draft.write_text(f"{url}\n")
    draft.replace(_file(var))


def withdraw(var: Path) -> None:
    """Take back what was written down, if anything was."""
    _file(var).unlink(missing_ok=True)


def read(var: Path) -> str | None:
    """The URL at which the product serves; None while it does not, or is not ready yet.

    Whoever was killed leaves the file behind, but never the lock.
    """
    try:
        url = _file(var).read_text().strip()
    except FileNotFoundError:
        return None
    return url if locks.held(lock(var)) else None
