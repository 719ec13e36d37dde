"""The MLLP door: messages acknowledged a second, the wait at 50 a second, a discharge's needs, a disk that is full.

    python -m bench.mllp [--quick] [--postgresql] [--tls] [--json]

Every message is a stay or a result of an invented person; AA comes after its facts are committed (every commit synced),
and the rules run in between. *Full speed*: senders with one message under way each. *Steady*: 50 messages a second over
fifty lines, for p50, p95 and p99 of the wait for AA. *Needs*: from AA of a discharge to its committed need, alone and
beside 25 messages a second. *Full disk* (SQLite): the home lies on a small file system of its own that fills up (tmpfs;
where mounting is not permitted, no file may grow: RLIMIT_FSIZE). Whatever was acknowledged must be there, and the same
listener must go on once there is room. Its control answers before it keeps, and must lose. ``--postgresql`` uses a
throw-away server with fsync on, ``--tls`` encrypts the lines.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench._mllp import Home, Homes, Line, Sender, kill, send_all, story, verdict
from bench._postgres import Server

RATE = 50
DISCHARGE = 3  # which of the messages of a story is the first discharge
MEGABYTE = 1024 * 1024


class Lines:
    """How to open a line to a home's listener, and with what the listener is started."""

    def __init__(self, folder: Path | None = None) -> None:
        self.context: ssl.SSLContext | None = None
        self.how: dict[str, Any] = {}
        if folder is not None:
            cert, key = certificate(folder)
            self.context = ssl.create_default_context(cafile=str(cert))
            self.how = {"tls": [str(cert), str(key)]}

    def open(self, home: Home) -> Line:
        """A line to this home."""
        return Line(home.port, tls=self.context)


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine that nobody else trusts, and its key."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-addext", names, "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


def processor_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def full_speed(home: Home, lines: Lines, senders: int, count: int) -> dict[str, float]:
    """Messages acknowledged a second by senders that send as fast as they are answered."""
    process = home.listen(**lines.how)
    sent = [Sender(home, 100 + number, count, tls=lines.context) for number in range(senders)]
    before, started = processor_seconds(process), time.perf_counter()
    send_all(sent)
    seconds = time.perf_counter() - started
    answered = sum(len(one.waits) for one in sent)
    used = processor_seconds(process) - before
    kill(process)
    return {
        "senders": senders,
        "messages": answered,
        "per_second": round(answered / seconds, 1),
        "cpu_ms_each": round(1000 * used / answered, 1),
    }


class Stream:
    """So many messages a second from as many lines in turn, and how long each waited for AA since it was due."""

    def __init__(self, home: Home, lines: Lines, rate: int, seconds: int, first: int) -> None:
        self.rate = rate
        self.seconds = seconds
        self.waits: list[float] = []
        self.trouble: list[str] = []
        self.opened = [lines.open(home) for _ in range(rate)]
        self.stories = [list(story(first + number, seconds)) for number in range(rate)]
        self.begin = time.perf_counter() + 0.2
        self.threads = [threading.Thread(target=self._send, args=(number,)) for number in range(rate)]
        for thread in self.threads:
            thread.start()

    def _send(self, number: int) -> None:
        for step in range(self.seconds):
            due = self.begin + step + number / self.rate
            time.sleep(max(0.0, due - time.perf_counter()))
            try:
                code = verdict(self.opened[number].ask(self.stories[number][step][1]))[0]
            except OSError as error:
                self.trouble.append(type(error).__name__)
                return
            if code != "AA":
                self.trouble.append(code)
            self.waits.append(time.perf_counter() - due)  # from when it was due, so that a jam is not hidden

    def end(self) -> None:
        """Wait until all is sent and answered."""
        for thread in self.threads:
            thread.join()
        for line in self.opened:
            line.close()


def cuts(waits: list[float]) -> dict[str, float]:
    """p50, p95 and p99 in milliseconds."""
    found = statistics.quantiles(waits, n=100)
    return {name: round(1000 * found[at - 1], 1) for name, at in (("p50_ms", 50), ("p95_ms", 95), ("p99_ms", 99))}


def steady(home: Home, lines: Lines, seconds: int) -> dict[str, Any]:
    """The wait for AA when 50 messages a second come, from fifty senders in turn."""
    process = home.listen(**lines.how)
    stream = Stream(home, lines, RATE, seconds, first=2000)
    stream.end()
    kill(process)
    return {"messages": len(stream.waits), "trouble": stream.trouble[:5], **cuts(stream.waits)}


def needs_of_discharges(home: Home, lines: Lines, count: int, *, first: int, beside: int = 0) -> dict[str, Any]:
    """From AA of a discharge to its committed need."""
    process = home.listen(**lines.how)
    line, waits = lines.open(home), []
    for person in range(first, first + count):
        *before, (_, discharge) = list(story(person, DISCHARGE + 1))
        for _, message in before:
            line.ask(message)
        watching = home.order("watch", mrn=f"8{person:05}")
        stream = Stream(home, lines, beside, 4, first=first + 1000 + person * beside) if beside else None
        if stream is not None:
            time.sleep(1.5)
        line.ask(discharge)
        answered = time.time()
        found = home.hear_from(int(watching["pid"]))
        waits.append(found["at"] - answered if "at" in found else float("inf"))
        if stream is not None:
            stream.end()
    line.close()
    kill(process)
    within = sum(wait <= 1 for wait in waits)
    worst = round(1000 * max(waits)) if max(waits) < float("inf") else None
    return {
        "discharges": count,
        "within_a_second": within,
        "median_ms": round(1000 * statistics.median(waits)) if worst is not None else None,
        "worst_ms": worst,
    }


class Disk:
    """A file system with little room, for one home."""

    def __init__(self, folder: Path, like: Path, room: int) -> None:
        self.folder = folder
        self.size = sum(path.stat().st_blocks * 512 for path in like.rglob("*")) + room
        self.room = room
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={self.size}", "beforehand-bench", folder]
        try:
            self.is_mounted = subprocess.run(mount, capture_output=True).returncode == 0
        except OSError:
            self.is_mounted = False

    @property
    def kind(self) -> str:
        """What fills up."""
        return "tmpfs" if self.is_mounted else "RLIMIT_FSIZE"

    def limit(self) -> int:
        """Bytes beyond which no file may grow, where nothing could be mounted; 0: no such limit."""
        return 0 if self.is_mounted else (self.folder / "beforehand.db").stat().st_size + self.room

    def make_room(self, process: int) -> None:
        """Give it room again, while the listener runs on."""
        if self.is_mounted:
            options = f"remount,size={self.size + 64 * MEGABYTE}"
            subprocess.run(["mount", "-o", options, self.folder], check=True, capture_output=True)
        else:
            none = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            resource.prlimit(process, resource.RLIMIT_FSIZE, none)

    def close(self) -> None:
        """Take it away."""
        if self.is_mounted:
            subprocess.run(["umount", "-l", self.folder], check=True, capture_output=True)

    def __enter__(self) -> Disk:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def fill_up(home: Home) -> tuple[set[str], int, int]:
    """Send until nothing more is kept; the numbers acknowledged, how many were not, and how often AA still came."""
    acknowledged: set[str] = set()
    line: Line | None = None
    unanswered = after = 0
    ends_at = time.monotonic() + 600
    for number, message in (each for person in range(3000, 6000) for each in story(person, 8)):
        try:
            line = line or Line(home.port, timeout=20)
            if verdict(line.ask(message)) == ("AA", number):
                acknowledged.add(number)
                after += unanswered > 0
                continue
        except OSError:
            line = None
        unanswered += 1
        if unanswered == 20 or time.monotonic() > ends_at:
            break
    return acknowledged, unanswered, after


def full_disk(homes: Homes, name: str, room: int, without: str = "") -> dict[str, Any]:
    """Fill the disk; what was acknowledged must be there, and the same listener must go on once there is room."""
    with Disk(homes.folder / name, homes.folder / "empty", room) as disk, homes.home(name) as home:
        process = home.listen(without, largest_file=disk.limit())
        acknowledged, unanswered, after = fill_up(home)
        disk.make_room(process)
        number, message = next(story(9001, 1))
        recovered, ends_at = False, time.monotonic() + 60
        while not recovered and time.monotonic() < ends_at:
            try:
                line = Line(home.port, timeout=20)
                recovered = verdict(line.ask(message)) == ("AA", number)
                line.close()
            except OSError:
                time.sleep(0.1)
        os.kill(process, 0)  # the same one: nobody started it anew
        kill(process)
        home.order("settle")
        found = home.order("state")
        return {
            "disk": disk.kind,
            "acknowledged": len(acknowledged),
            "unanswered": unanswered,
            "acknowledged_between": after,
            "lost": len(acknowledged - set(found["answered"])),
            "breaches": len(found["breaches"]),
            "recovered": recovered,
        }


def measure(folder: Path, server: Server | None, lines: Lines, *, quick: bool) -> dict[str, Any]:
    """All of it, each in a home of its own."""
    homes, found = Homes(folder, server), dict[str, Any]()
    found["database"], found["tls"] = "PostgreSQL" if server else "SQLite", bool(lines.how)
    steps: dict[str, Callable[[Home], dict[str, Any]]] = {
        "full_speed": lambda home: full_speed(home, lines, 8, 20 if quick else 250),
        "full_speed_of_50": lambda home: full_speed(home, lines, 50, 4 if quick else 80),
        "steady": lambda home: steady(home, lines, 6 if quick else 60),
        "needs": lambda home: needs_of_discharges(home, lines, 3 if quick else 20, first=4000),
        "needs_beside_25": lambda home: needs_of_discharges(home, lines, 2 if quick else 10, first=5000, beside=25),
    }
    for name, step in steps.items():
        with homes.home(name) as home:
            found[name] = step(home)
        print(f"{name}: {found[name]}", file=sys.stderr, flush=True)
    if server is None and not lines.how:
        found["full_disk"] = full_disk(homes, "disk", (1 if quick else 6) * MEGABYTE)
        found["full_disk_control"] = full_disk(homes, "control", MEGABYTE, without="order")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--postgresql", action="store_true", help="on a throw-away server instead of SQLite")
    parser.add_argument("--tls", action="store_true", help="encrypt the lines")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="beforehand-bench-")))
        server = stack.enter_context(Server()) if given.postgresql else None
        found = measure(folder, server, Lines(folder if given.tls else None), quick=given.quick)
    print(json.dumps(found, indent=None if given.json else 2))
    return 0 if is_sound(found) else 1


def is_sound(found: dict[str, Any]) -> bool:
    """Every message of the steady stream was taken, the full disk lost nothing, and its control did."""
    if found["steady"]["trouble"]:
        return False
    disk = found.get("full_disk")
    if disk is None:
        return True
    is_kept = not disk["lost"] and not disk["breaches"] and disk["recovered"] and disk["unanswered"]
    return bool(is_kept and found["full_disk_control"]["lost"])


if __name__ == "__main__":
    sys.exit(main())
