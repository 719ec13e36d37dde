"""A throw-away PostgreSQL that syncs what it commits, and can be struck down as a machine strikes it down."""

from __future__ import annotations

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

WAYS = ("backend", "immediate", "postmaster")


class ServerMissingError(Exception):
    """No PostgreSQL server is installed here."""


def binaries() -> Path:
    """Where the server's own programs lie."""
    found = [*filter(None, [shutil.which("initdb")]), *sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))]
    if not found:
        raise ServerMissingError("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    return Path(found[-1]).parent


class Server:
    """One server on a free port, with fsync and full page writes as they are shipped."""

    def __init__(self) -> None:
        self.programs = binaries()
        self.folder = Path(tempfile.mkdtemp(prefix="beforehand-pg-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.user: list[str] = []
        if os.geteuid() == 0:  # the server refuses to run as root
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            self.user = ["runuser", "-u", "postgres", "--"]
        self._run("initdb", "-D", self.folder / "data", "-A", "trust", "-U", "beforehand")
        self.start()

    def _run(self, program: str, *given: str | Path) -> str:
        command = [*self.user, self.programs / program, *given]
        return subprocess.run(command, cwd=self.folder, stdout=subprocess.PIPE, check=True, text=True).stdout

    def start(self) -> None:
        """Start, and wait until it takes connections again."""
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c restart_after_crash=on"
        self._run(
            "pg_ctl", "-D", self.folder / "data", "-l", self.folder / "log", "-w", "-t", "120", "-o", options, "start"
        )

    def create(self, name: str, like: str = "") -> str:
        """A database of that name, a copy of another one if asked; its DATABASE_URL."""
        place = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "beforehand"]
        self._run("createdb", *place, *(["-T", like] if like else []), name)
        return f"postgres://beforehand@127.0.0.1:{self.port}/{name}"

    @property
    def postmaster(self) -> int:
        """The server's first process."""
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def _children(self) -> list[int]:
        found = []
        for place in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = place.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == self.postmaster:
                found.append(int(place.parent.name))
        return sorted(found)

    def strike(self, way: str, chance: random.Random) -> None:
        """Crash it. ``backend``: it comes back by itself; after the others it lies down until it is started."""
        if way == "backend":
            os.kill(chance.choice(self._children()), signal.SIGKILL)
            return
        if way == "immediate":
            self._run("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "-w", "stop")
            return
        first, others = self.postmaster, self._children()
        os.kill(first, signal.SIGKILL)
        while any(Path(f"/proc/{each}").exists() for each in (first, *others)):  # they notice that it is gone
            time.sleep(0.01)

    def close(self) -> None:
        """Stop it and take its files away."""
        try:
            self._run("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "stop")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
