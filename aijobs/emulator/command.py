"""The command line: where to listen, where to keep the data, how long a batch takes."""

import argparse
import asyncio
import ipaddress
import logging
import signal
import sys
from pathlib import Path

from .batches import Batches, Settings
from .server import start
from .store import FolderInUse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    default = Settings()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--data", type=Path, required=True, help="folder that survives a restart")
    parser.add_argument(
        "--latency-base",
        type=float,
        default=default.latency_base,
        metavar="SECONDS",
        help="how long a batch takes; inf holds it until told to end (default: %(default)s)",
    )
    parser.add_argument(
        "--latency-per-request",
        type=float,
        default=default.latency_per_request,
        metavar="SECONDS",
        help="and how much longer for each of its requests (default: %(default)s)",
    )
    parser.add_argument(
        "--latency-cancel",
        type=float,
        default=default.latency_cancel,
        metavar="SECONDS",
        help="from cancel to the end (default: %(default)s)",
    )
    parser.add_argument(
        "--latency-message",
        type=float,
        default=default.latency_message,
        metavar="SECONDS",
        help="of the Messages API (default: %(default)s)",
    )
    parser.add_argument(
        "--answers-wait",
        type=float,
        default=default.answers_wait,
        metavar="SECONDS",
        help="how long a call waits for answers that are being written (default: %(default)s)",
    )
    for what in ("requests", "input-tokens", "output-tokens"):
        parser.add_argument(
            f"--{what}-per-minute",
            type=int,
            default=0,
            metavar="N",
            help=f"limit of the Messages API for {what.replace('-', ' ')}; 0 is none",
        )
    parser.add_argument(
        "--bad-key",
        action="append",
        default=[],
        metavar="KEY",
        help="an API key to refuse, besides `bad-key`; may be repeated",
    )
    parser.add_argument("--quiet", action="store_true", help="no line for each call")


def run(
    *,
    host: str,
    port: int,
    data: Path,
    settings: Settings,
    quiet: bool = False,
) -> None:
    """Serve until SIGINT or SIGTERM; OSError if the address is taken, FolderInUse."""
    # Not to stdout: whoever reads the address there may read no further.
    logging.basicConfig(
        format="%(asctime)s %(message)s",
        level=logging.WARNING if quiet else logging.INFO,
    )
    # A thread that answers a batch keeps the interpreter for this long when the event loop wants it
    # back. With Python's own 5 ms, a body that arrives meanwhile takes four times as long.
    sys.setswitchinterval(0.0001)
    asyncio.run(_serve(host, port, data, settings))


async def _serve(host: str, port: int, data: Path, settings: Settings) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    batches = Batches(data, settings)
    try:
        runner, bound = await start(host, port, batches, controllable=_is_loopback(host))
        shown = f"[{host}]" if ":" in host else host
        print(f"emulator ready at http://{shown}:{bound}", flush=True)
        await stopped.wait()
        await runner.cleanup()
    finally:
        batches.close()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def settings_from(options: argparse.Namespace) -> Settings:
    return Settings(
        latency_base=options.latency_base,
        latency_per_request=options.latency_per_request,
        latency_cancel=options.latency_cancel,
        latency_message=options.latency_message,
        answers_wait=options.answers_wait,
        requests_per_minute=options.requests_per_minute,
        input_tokens_per_minute=options.input_tokens_per_minute,
        output_tokens_per_minute=options.output_tokens_per_minute,
        bad_keys=Settings().bad_keys | set(options.bad_key),
    )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m aijobs.emulator", description=__doc__)
    add_arguments(parser)
    options = parser.parse_args(arguments)
    run_from(options)


def run_from(options: argparse.Namespace) -> None:
    """Serve as parsed options say; exits with a sentence if the address or the folder is taken."""
    try:
        run(
            host=options.host,
            port=options.port,
            data=options.data,
            settings=settings_from(options),
            quiet=options.quiet,
        )
    except FolderInUse:
        sys.exit(f"Another emulator is running on the data folder {options.data}")
    except OSError as error:
        sys.exit(f"The emulator cannot listen on {options.host}:{options.port}: {error.strerror}")
