"""`python -m citizenapp.local up` runs the product in the foreground; `stop` ends what runs.

`make` and `manage.py up` call it. It loads no Django: it stays beside the product as long
as that runs, and should weigh nothing.
"""

import argparse
import os
import sys
from pathlib import Path

from citizenapp.local import address, locks, postgres, programs
from citizenapp.local.errors import CannotRun
from citizenapp.local.product import CHECKOUT, Product
from citizenapp.local.programs import Program
from citizenapp.local.supervisor import StopRequested, Supervisor
from citizenapp.local.terminal import Terminal


def main() -> int:
    parser = argparse.ArgumentParser(prog="citizenapp.local")
    parser.add_argument("action", choices=["up", "stop"])
    parser.add_argument("--port", type=int, default=os.environ.get("PORT") or 8000)
    arguments = parser.parse_args()
    var = Path(os.environ.get("CITIZENAPP_VAR") or CHECKOUT / "var").resolve()
    try:
        product = Product(var, arguments.port, os.environ)
        return up(product) if arguments.action == "up" else stop(product)
    except CannotRun as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # before there was anything to stop
        return 130


def up(product: Product) -> int:
    """Run the product until a signal comes. Raises CannotRun."""
    terminal = Terminal([program.name for program in product.everything()])
    try:
        # Kept open, and so locked, until this process ends.
        locks.acquire(address.lock(product.var))
    except locks.Held:
        raise CannotRun(
            f"CitizenApp is running already with its data in {product.var}. End it with Ctrl-C in "
            "its terminal or with `make stop`; CITIZENAPP_VAR and PORT let a second one run."
        ) from None
    product.check_port()
    address.withdraw(product.var)
    leftovers = programs.stop(reversed(product.everything()))
    if leftovers:
        terminal.say(f"Ended what an earlier run left behind: {', '.join(leftovers)}")
    with Supervisor(terminal) as supervisor:
        try:
            _start(product, supervisor, terminal)
            supervisor.watch()
        except StopRequested:
            terminal.say("Stopping")
        finally:
            address.withdraw(product.var)
    terminal.say(f"CitizenApp has stopped; its data stays in {product.var}")
    return 0


def _start(product: Product, supervisor: Supervisor, terminal: Terminal) -> None:
    if product.has_postgres:
        postgres.prepare(product.var, terminal.say)
    for server in product.servers():
        terminal.say(f"Starting {server.name}")
        supervisor.start(server)
        supervisor.await_ready(server)
    terminal.say("Bringing the database and the static files up to date")
    supervisor.run(product.preparation())
    web = product.web()
    for application in [*product.applications(), web]:
        terminal.say(f"Starting {application.name}")
        supervisor.start(application)
    supervisor.watch(until_ready=web)
    if product.has_postgres:
        terminal.say("Sign in as demo / demo, or as admin / admin for the admin pages")
        terminal.say(f"The demo tenant's API key is in {product.var / 'demo-api-key'}")
    if product.is_emulated:
        terminal.say("No ANTHROPIC_API_KEY is set: the emulator answers, and no model is called")
    address.publish(product.var, product.url)
    terminal.say(f"CitizenApp is ready at {product.url}")


def stop(product: Product) -> int:
    """End the product over this data folder, and what an earlier one left behind."""
    supervisor = Program(name="CitizenApp", argv=[], lock=address.lock(product.var), grace=60)
    names = programs.stop([supervisor]) + programs.stop(reversed(product.everything()))
    print(f"Stopped: {', '.join(names)}" if names else "Nothing was running.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
