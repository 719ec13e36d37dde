"""``beforehand up``: the web app, the workers, and the doors that are open."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import click
from django.db import Error as DatabaseError
from django.db import close_old_connections
from django.utils import timezone

from beforehand.care.needs.arrivals import ready_to_receive
from beforehand.care.needs.jobs import install_schedules
from beforehand.care.needs.parts import note_ended
from beforehand.doors.cli.parts import CannotBeginError, House, Part
from beforehand.doors.cli.run import ready_home
from beforehand.doors.pull.jobs import install_schedule
from beforehand.intake.folders import folders
from beforehand.intake.senders import senders
from beforehand.record.seal import Sealer

log = logging.getLogger(__name__)
BEAT, LOOK = 0.3, 10.0  # seconds between two looks at the parts, and between two at which of them are wanted


def _start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "beforehand.config.settings"}
    return subprocess.Popen(command, env=environment)  # noqa: S603 - our own commands


def _note_ended(name: str) -> None:
    try:
        note_ended(name, timezone.now())
    except DatabaseError:  # perhaps the reason why it ended
        log.error("that %s ended could not be written down", name)


def _is_any(ask: object, before: list[bool]) -> bool:
    """What a query says, else what it said last: a database that is away for a moment stops no part."""
    assert callable(ask)
    try:
        before[0] = bool(ask())
    except DatabaseError:
        close_old_connections()
    return before[0]


def parts_of(host: str, port: int, web_processes: int, mllp: tuple[str, int] | None) -> list[Part]:
    """What runs: the web app and the workers always, the listener and the watching of folders where they are wanted."""
    ours = [sys.executable, "-m", "beforehand.doors.cli.main"]
    server = [
        str(Path(sys.executable).parent / "granian"), "--interface", "wsgi", "--host", host, "--port", str(port),
        "--workers", str(web_processes), "--blocking-threads", "1", "--log-level", "warning", "--no-ws",
        "beforehand.config.wsgi:application",
    ]  # fmt: skip
    heard, watched = [False], [False]
    parts = [
        Part("web", server, is_needed=True),
        Part("workers", [sys.executable, "-m", "django", "qcluster"], is_needed=True),
        Part(
            "folders", [*ours, "watch"],
            wanted=lambda: _is_any(lambda: folders(standing_only=True), watched),
        ),
    ]  # fmt: skip
    if mllp is not None:
        listen = [*ours, "listen", "--host", mllp[0], "--port", str(mllp[1])]
        parts.append(Part("listener", listen, patience=40.0, wanted=lambda: _is_any(senders, heard)))
    return parts


class Running:
    """The parts, the sealer's beat beside them, and the signal that ends them all."""

    def __init__(self, parts: list[Part]) -> None:
        self.house = House(parts, _start, on_end=_note_ended)

    def wait(self) -> int:
        """Until somebody stops us, or what is needed cannot begin."""

        def stopped(_number: int, _frame: FrameType | None) -> None:
            raise KeyboardInterrupt

        signal.signal(signal.SIGTERM, stopped)
        try:
            sealer, next_look = Sealer(), 0.0
            while True:
                is_look = time.monotonic() >= next_look
                self.house.beat(is_look=is_look)
                next_look = time.monotonic() + LOOK if is_look else next_look
                time.sleep(BEAT)
                sealer.beat()
        except CannotBeginError as error:
            click.echo(str(error), err=True)
            return 1
        except KeyboardInterrupt:
            return 0
        finally:
            self.house.stop()


def serve(host: str, port: int, web_processes: int, mllp: tuple[str, int] | None = None) -> int:
    """Run everything until stopped."""
    install_schedules()
    install_schedule()
    return Running(parts_of(host, port, web_processes, mllp)).wait()


@click.command("up")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=int)
@click.option("--web", "web_processes", default=2, show_default=True, type=int, help="Web processes.")
@click.option("--mllp-host", default="127.0.0.1", show_default=True, help="Where HL7 v2 is listened for.")
@click.option("--mllp-port", default=2575, show_default=True, type=int)
@click.option("--no-listen", is_flag=True, help="Do not listen for HL7 v2: `beforehand listen` runs by itself.")
def command(host: str, port: int, web_processes: int, mllp_host: str, mllp_port: int, no_listen: bool) -> None:
    """Bring the tables up to date, then run the web app and the workers on this home, and its doors.

    Workers run the rules as records arrive, each night, and after a rule or its data changed; they also fetch what is
    due from other servers (`beforehand pull`). HL7 v2 is listened for when senders are registered, and folders are
    watched when some were added. A part that ends by itself is started again and told in Operations; the others go on.
    """
    ready_home()
    ready_to_receive()
    click.echo(f"Beforehand runs at http://{host}:{port}/  (stop with Ctrl-C)")
    sys.exit(serve(host, port, web_processes, None if no_listen else (mllp_host, mllp_port)))
