"""Make .venv hold what a requirements file pins: python3 scripts/venv.py requirements.txt

Does nothing when that is so already. Runs before anything is installed: standard library only.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
VENV = CHECKOUT / ".venv"
PYTHON = VENV / "bin" / "python"


def main(name: str) -> None:
    requirements = CHECKOUT / name
    stamp = VENV / f"{name}.installed"
    # Commands in .venv/bin know the folder that they were installed in: a moved one starts anew.
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest() + f" {VENV}\n"
    if stamp.exists() and stamp.read_text() == wanted and works():
        return
    # PostgreSQL, started by root, reads its own files as another user.
    os.umask(0o022)
    with (CHECKOUT / "requirements.txt").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == wanted and works():
            return  # Another make was at it while we waited.
        print(f"Installing {name} into .venv", flush=True)  # noqa: T201 - it takes a while
        stamp.unlink(missing_ok=True)
        uv = shutil.which("uv")
        if not works():
            make(uv)
        install(uv, requirements)
        stamp.write_text(wanted)


def works() -> bool:
    """Whether .venv has a Python that starts and is new enough."""
    script = "import sys; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.run([PYTHON, "-c", script], check=False).returncode == 0  # noqa: S603 - our own
    except OSError:
        return False


def make(uv: str | None) -> None:
    if uv:
        run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, VENV)
    else:
        run(sys.executable, "-m", "venv", "--clear", VENV)


def install(uv: str | None, requirements: Path) -> None:
    if uv:
        run(
            uv,
            "pip",
            "install",
            "--quiet",
            "--python",
            PYTHON,
            "--require-hashes",
            "-r",
            requirements,
        )
        return
    # A .venv made by uv comes without pip.
    if not list(VENV.glob("lib/python3*/site-packages/pip")):
        run(PYTHON, "-m", "ensurepip")
    pip = (PYTHON, "-m", "pip", "--disable-pip-version-check", "-qq")
    run(*pip, "install", "--require-hashes", "-r", requirements)


def run(*command: str | Path) -> None:
    try:
        subprocess.run(command, check=True, cwd=CHECKOUT)  # noqa: S603 - written above
    except subprocess.CalledProcessError as error:
        sys.exit(f"That failed with code {error.returncode}: {' '.join(map(str, command))}")


if __name__ == "__main__":
    main(sys.argv[1])
