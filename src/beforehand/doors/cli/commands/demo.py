"""``beforehand demo``: a fresh home with the demo caseload."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click


@click.command("demo")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=int)
@click.option("--home", type=click.Path(path_type=Path), default=None, help="Where to build it.")
@click.option("--no-serve", is_flag=True, help="Build it and stop, without opening the web app.")
def command(host: str, port: int, home: Path | None, no_serve: bool) -> None:
    """Build a fresh home with an invented caseload, alive on any day, and open the web app on it.

    Your own home is not touched: the demo lies in a folder of its own, made anew each time.
    """
    folder = home or Path(tempfile.gettempdir()) / f"beforehand-demo-{os.getuid()}"
    if folder.exists():
        if not (folder / "demo").exists() and any(folder.iterdir()):
            raise click.UsageError(f"{folder} holds something that is not a demo; name another folder with --home")
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700, parents=True)
    (folder / "demo").touch()
    environment = {**os.environ, "BEFOREHAND_HOME": str(folder), "BEFOREHAND_REQUIRE_MFA": "0"}
    environment.pop("DATABASE_URL", None)
    arguments = [] if no_serve else ["--serve", "--host", host, "--port", str(port)]
    # A process of its own, because this one has already opened the settings of the operator's own home.
    program = [sys.executable, "-m", "beforehand.doors.cli.demo.make", *arguments]
    sys.exit(subprocess.run(program, env=environment).returncode)  # noqa: S603 - our own command
