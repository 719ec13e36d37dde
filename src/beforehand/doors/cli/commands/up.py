"""``beforehand up``: the web app and the workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import click

from beforehand.care.needs.arrivals import ready_to_receive
from beforehand.care.needs.jobs import install_schedules
from beforehand.doors.cli.run import ready_home
from beforehand.record.seal import Sealer


class Running:
    """The web server and the worker, run side by side; when one ends or a signal comes, both are stopped."""

    def __init__(self, host: str, port: int, web_processes: int) -> None:
        binaries = Path(sys.executable).parent
        server = [
            str(binaries / "granian"), "--interface", "wsgi", "--host", host, "--port", str(port),
            "--workers", str(web_processes), "--blocking-threads", "1", "--log-level", "warning", "--no-ws",
            "beforehand.config.wsgi:application",
        ]  # fmt: skip
        worker = [sys.executable, "-m", "django", "qcluster"]
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "beforehand.config.settings"}
        self.parts = [
            subprocess.Popen(command, env=environment)  # noqa: S603 - our own commands
            for command in (server, worker)
        ]

    def stop(self) -> None:
        for part in self.parts:
            if part.poll() is None:
                part.send_signal(signal.SIGTERM)
        for part in self.parts:
            try:
                part.wait(timeout=15)
            except subprocess.TimeoutExpired:
                part.kill()

    def wait(self) -> int:
        """Until a part ends or somebody stops us."""

        def stopped(_number: int, _frame: FrameType | None) -> None:
            raise KeyboardInterrupt

        signal.signal(signal.SIGTERM, stopped)
        try:
            sealer = Sealer()
            while all(part.poll() is None for part in self.parts):
                time.sleep(0.3)
                sealer.beat()
            return 1
        except KeyboardInterrupt:
            return 0
        finally:
            self.stop()


def serve(host: str, port: int, web_processes: int) -> int:
    """Run the web app and the workers until stopped."""
    install_schedules()
    return Running(host, port, web_processes).wait()


@click.command("up")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=int)
@click.option("--web", "web_processes", default=2, show_default=True, type=int, help="Web processes.")
def command(host: str, port: int, web_processes: int) -> None:
    """Bring the tables up to date, then run the web app and the workers on this home.

    Workers run the rules as records arrive, each night, and after a rule or its data changed.
    """
    ready_home()
    ready_to_receive()
    click.echo(f"Beforehand runs at http://{host}:{port}/  (stop with Ctrl-C)")
    sys.exit(serve(host, port, web_processes))
