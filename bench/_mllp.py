"""A home with a listener and a worker that can be killed, and senders that send until they are answered.

One process has Django loaded (``_mllp_house.py``); listeners and workers are forked from it, so that a life begins in a
hundredth of a second.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count as counting
from itertools import islice
from pathlib import Path
from typing import Any

from bench._postgres import Server

ROOT = Path(__file__).resolve().parent.parent
FIRST = datetime(2026, 11, 20, 6, 0)


class Home:
    """One home, and the process from which its listeners and workers are forked."""

    def __init__(self, folder: Path, *, like: Path | None = None, topic: str = "", database: str = "") -> None:
        self.folder = folder
        if like is not None:
            shutil.copytree(like, folder, dirs_exist_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        given = {"DJANGO_SETTINGS_MODULE": "beforehand.config.settings"}
        if database:
            given["DATABASE_URL"] = database
        path = os.pathsep.join([str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")])
        self.house = subprocess.Popen(
            [sys.executable, "-m", "bench._mllp_house"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, **given, "PYTHONPATH": path, "BEFOREHAND_HOME": str(folder), "BENCH_TOPIC": topic},
        )  # fmt: skip
        assert self.house.stdout is not None
        assert self.house.stdout.readline().strip() == "ready"
        self.port = self.turn = 0
        if like is None:
            self.order("make")
        self.order("warm")

    def order(self, do: str, **how: Any) -> dict[str, Any]:
        """Have something done by a process of its own; its first words."""
        self._tell(do, **how)
        while True:
            said = self._hear()
            if "trouble" in said:
                raise RuntimeError(said["trouble"])
            if "closed" not in said and "forked" not in said:
                return said

    def _tell(self, do: str, **how: Any) -> int:
        assert self.house.stdin is not None
        self.turn += 1
        self.house.stdin.write(json.dumps({"do": do, "turn": self.turn, **how}) + "\n")
        self.house.stdin.flush()
        return self.turn

    def hear_from(self, process: int) -> dict[str, Any]:
        """The next words of a process that was started by an order."""
        while (said := self._hear()).get("pid") != process or "forked" in said:
            pass
        return said

    def _hear(self) -> dict[str, Any]:
        assert self.house.stdout is not None
        said: dict[str, Any] = json.loads(self.house.stdout.readline())
        return said

    def stillborn(self, after: float, without: str = "") -> None:
        """Start a listener and kill it so many seconds after it was forked, wherever it is by then."""
        turn = self._tell("listen", port=self.port, without=without)
        while (said := self._hear()).get("turn") != turn:
            pass
        time.sleep(after)
        kill(int(said["forked"]))
        mark = self._tell("mark")
        while self._hear().get("mark") != mark:  # what it said while it lived
            pass

    def listen(self, without: str = "", **how: Any) -> int:
        """Start a listener, always on the same port; its process."""
        self.port = self.port or free_port()
        said = self.order("listen", port=self.port, without=without, **how)
        self.port = said["port"]
        return int(said["pid"])

    def close(self) -> None:
        """End the house; its folder stays."""
        assert self.house.stdin is not None
        self.house.stdin.close()
        self.house.wait(timeout=60)

    def __enter__(self) -> Home:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def free_port() -> int:
    """A port that is free and never given to whoever connects, so that it is still free when its listener is killed."""
    chance = random.SystemRandom()
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", chance.randrange(10_000, 30_000)))
            return int(probe.getsockname()[1])


class Homes:
    """Homes that begin as copies of one empty home, each with its own database on the server if there is one."""

    def __init__(self, folder: Path, server: Server | None = None, topic: str = "") -> None:
        self.folder = folder
        self.server = server
        self.topic = topic
        self._home("empty").close()

    def _home(self, name: str, like: str = "") -> Home:
        database = self.server.create(name, like) if self.server else ""
        return Home(self.folder / name, like=self.folder / like if like else None, topic=self.topic, database=database)

    def home(self, name: str) -> Home:
        """An empty home of that name."""
        return self._home(name, like="empty")


def kill(pid: int, how: signal.Signals = signal.SIGKILL) -> None:
    """End a process that we forked."""
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        return
    while how == signal.SIGKILL:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.001)


# Senders.


def story(person: int, count: int) -> Iterator[tuple[str, bytes]]:
    """So many messages about one invented person: stays that begin, change and end, and results."""
    mrn, facility = f"8{person:05}", f"WARD {person}"  # its own, so that no two senders speak of one thing
    pid = f"PID|1||{mrn}^^^{facility}^MR||FAMILY{person}^GIVEN{person}||19{30 + person % 60}0{1 + person % 9}11|F"
    for step in range(count):
        at = FIRST + timedelta(minutes=step)
        admitted = FIRST + timedelta(minutes=step - step % 4)
        kind = ("A01", "A08", "R01", "A03")[step % 4]
        number = f"P{person}-{step}"
        stay = {2: "I", 3: "3W^301^1", 10: "MED", 19: f"V{person}-{step // 4}", 44: _stamp(admitted)}
        if kind == "A03":
            stay |= {36: "01", 45: _stamp(at)}
        pv1 = "PV1|1|" + "|".join(stay.get(place, "") for place in range(2, max(stay) + 1))
        message = f"ORU^R01^ORU_R01|{number}" if kind == "R01" else f"ADT^{kind}|{number}"
        lines = [f"MSH|^~\\&|ADT1|{facility}|BEFOREHAND|HOME|{_stamp(at)}||{message}|P|2.5.1", pid, pv1]
        if kind == "R01":
            lines += [f"OBR|1||L{person}-{step}|24323-8^CMP^LN|||{_stamp(at)}|||||||||||||||{_stamp(at)}|||F",
                      f"OBX|1|NM|2823-3^Potassium^LN||{3 + step % 3}.{step % 10}|mmol/L|3.5-5.1||||F"]  # fmt: skip
        else:
            lines.insert(1, f"EVN|{kind}|{_stamp(at)}")
        yield number, ("\r".join(lines) + "\r").encode()


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y%m%d%H%M%S")


class Line:
    """One sender's connection: a message, and its answer."""

    def __init__(self, port: int, timeout: float = 60.0, tls: ssl.SSLContext | None = None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self.buffer = b""

    def ask(self, message: bytes) -> bytes:
        """Send a message; its answer."""
        self.socket.sendall(b"\x0b" + message + b"\x1c\r")
        return self.answer()

    def answer(self) -> bytes:
        """The next answer."""
        while b"\x1c\r" not in self.buffer:
            received = self.socket.recv(65536)
            if not received:
                raise ConnectionError("closed without an answer")
            self.buffer += received
        answer, _, self.buffer = self.buffer.partition(b"\x1c\r")
        return answer.removeprefix(b"\x0b")

    def close(self) -> None:
        """Hang up."""
        self.socket.close()


def verdict(answer: bytes) -> tuple[str, str]:
    """MSA-1 and MSA-2."""
    fields = next(line for line in answer.split(b"\r") if line.startswith(b"MSA")).decode().split("|")
    return fields[1], fields[2]


CHAPTER = 40  # messages about one person, so that the last one costs what the first cost


def tale(sender: int) -> Iterator[tuple[str, bytes]]:
    """What one sender sends, without end: person after person."""
    for chapter in counting():
        yield from story(sender * 10_000 + chapter, CHAPTER)


@dataclass
class Sender:
    """Sends messages in order, each until it is answered, some of them again: so many, or until it is told to stop."""

    home: Home
    number: int
    count: int | None = None
    seed: int = 0
    repeats: float = 0.05
    tls: ssl.SSLContext | None = None
    done: int = 0
    answered: dict[str, bytes] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    asked: list[tuple[float, float, bool]] = field(default_factory=list)  # from, until, whether it was answered
    trouble: list[str] = field(default_factory=list)
    is_to_stop: bool = False

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed * 1000 + self.number)
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        line: Line | None = None
        for number, message in islice(tale(self.number), self.count):
            while True:
                started = time.perf_counter()
                try:
                    line = line or Line(self.home.port, tls=self.tls)
                    answer = line.ask(message)
                except OSError:
                    line = None
                    self.asked.append((started, time.perf_counter(), False))
                    time.sleep(0.01)
                    continue
                self.asked.append((started, time.perf_counter(), True))
                self.waits.append(time.perf_counter() - started)
                self._hear(number, answer)
                if self.chance.random() >= self.repeats:
                    break
            self.done += 1
            if self.is_to_stop:
                break
        if line is not None:
            line.close()

    def _hear(self, number: str, answer: bytes) -> None:
        code, echoed = verdict(answer)
        if (code, echoed) != ("AA", number):
            self.trouble.append(f"{number} was answered {code} {echoed}")
        if self.answered.setdefault(number, answer) != answer:
            self.trouble.append(f"{number} was answered in two ways")


def send_all(sent: list[Sender]) -> None:
    """Have these senders send, and wait until each has sent what it was to send."""
    for one in sent:
        one.thread.start()
    wait_for(sent)


def wait_for(sent: list[Sender]) -> None:
    """Until every sender has ended."""
    for one in sent:
        one.thread.join()


def stop_all(sent: list[Sender]) -> None:
    """Have each sender end with the message it is at."""
    for one in sent:
        one.is_to_stop = True
    wait_for(sent)
