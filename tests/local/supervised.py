"""Run Python scripts under the supervisor: python -m tests.local.supervised VAR NAME=SCRIPT …"""

import signal
import sys
from pathlib import Path

from citizenapp.local.programs import Program
from citizenapp.local.supervisor import StopRequested, Supervisor
from citizenapp.local.terminal import Terminal


def main() -> None:
    # Also where whoever runs the tests has told it to be ignored, as nohup does.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    var = Path(sys.argv[1])
    scripts = dict(argument.split("=", 1) for argument in sys.argv[2:])
    terminal = Terminal(list(scripts))
    with Supervisor(terminal) as supervisor:
        try:
            for name, script in scripts.items():
                supervisor.start(program(var, name, script))
            supervisor.watch()
        except StopRequested:
            terminal.say("asked to stop")
    terminal.say("all ended")


def program(var: Path, name: str, script: str) -> Program:
    return Program(
        name=name,
        argv=[sys.executable, "-u", "-c", script],
        lock=var / f"{name}.lock",
        grace=20,
    )


if __name__ == "__main__":
    main()
