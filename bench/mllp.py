"""The MLLP door: acknowledged messages a second, the wait at 50 a second, and a disk that is full.

    python -m bench.mllp [--quick] [--json]

Every message is a stay or a result of an invented person; AA comes after its facts are committed (SQLite, FULL sync),
and the rules run in between. *Full speed*: eight senders, each with one message under way. *Steady*: 50 messages a
second over fifty lines, for p50, p95 and p99 of the wait for AA. *Full disk*: no file may grow any more (RLIMIT_FSIZE);
everything acknowledged must be there, and the listener must recover unaided. Its control answers before it keeps, and
must lose.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from bench._mllp import Home, Line, Sender, kill, story, verdict

RATE = 50


def processor_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def full_speed(home: Home, senders: int, count: int) -> dict[str, float]:
    """Messages acknowledged a second by senders that send as fast as they are answered."""
    process = home.listen()
    sent = [Sender(home, 1000 + person, count) for person in range(senders)]
    before, started = processor_seconds(process), time.perf_counter()
    for one in sent:
        one.thread.start()
    for one in sent:
        one.thread.join()
    seconds = time.perf_counter() - started
    answered = sum(len(one.waits) for one in sent)
    used = processor_seconds(process) - before
    kill(process)
    return {
        "messages": answered,
        "per_second": round(answered / seconds, 1),
        "cpu_ms_each": round(1000 * used / answered, 1),
    }


def steady(home: Home, seconds: float) -> dict[str, float]:
    """The wait for AA when 50 messages a second come, from fifty senders in turn."""
    process = home.listen()
    lines = [Line(home.port) for _ in range(RATE)]
    stories = [list(story(2000 + number, int(seconds) + 1)) for number in range(RATE)]
    waits: list[float] = []
    guard = threading.Lock()
    begin = time.perf_counter() + 0.2

    def send(number: int) -> None:
        for step in range(int(seconds)):
            due = begin + step + number / RATE
            time.sleep(max(0.0, due - time.perf_counter()))
            answer = lines[number].ask(stories[number][step][1])
            assert verdict(answer)[0] == "AA"
            with guard:
                waits.append(time.perf_counter() - due)  # from when it was due, so that a jam is not hidden

    threads = [threading.Thread(target=send, args=(number,)) for number in range(RATE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for line in lines:
        line.close()
    kill(process)
    cuts = statistics.quantiles(waits, n=100)
    named = {"p50_ms": cuts[49], "p95_ms": cuts[94], "p99_ms": cuts[98]}
    return {"messages": len(waits), **{name: round(1000 * value, 1) for name, value in named.items()}}


def full_disk(home: Home, room: int, without: str = "") -> dict[str, int]:
    """Send until no file may grow any more; what was acknowledged must be there when the disk has room again."""
    size = max((home.folder / "beforehand.db").stat().st_size, 1)
    process = home.listen(without, largest_file=size + room)
    acknowledged: set[str] = set()
    stream = (each for person in range(3000, 4000) for each in story(person, 8))
    line, refused = Line(home.port, timeout=20), 0
    for number, message in stream:
        try:
            if verdict(line.ask(message)) == ("AA", number):
                acknowledged.add(number)
                continue
        except OSError:
            line = Line(home.port, timeout=20)
        refused += 1
        if refused == 20:
            break
    kill(process)
    process = home.listen()  # there is room again: nobody repaired anything
    again = Line(home.port)
    number, message = next(story(4001, 1))
    recovered = int(verdict(again.ask(message)) == ("AA", number))
    kill(process)
    home.order("settle")
    found = home.order("state")
    lost = len(acknowledged - set(found["answered"]))
    return {
        "acknowledged": len(acknowledged),
        "unanswered": refused,
        "lost": lost,
        "breaches": len(found["breaches"]),
        "recovered": recovered,
    }


def measure(folder: Path, *, quick: bool) -> dict[str, Any]:
    """All of it, each in a home of its own."""
    empty = folder / "empty"
    Home(empty).close()
    found: dict[str, Any] = {}
    with Home(folder / "speed", like=empty) as home:
        found["full_speed"] = full_speed(home, 8, 20 if quick else 250)
        found["steady"] = steady(home, 6 if quick else 60)
    with Home(folder / "disk", like=empty) as home:
        found["full_disk"] = full_disk(home, 256 * 1024 if quick else 4 * 1024 * 1024)
    with Home(folder / "control", like=empty) as home:
        found["full_disk_control"] = full_disk(home, 256 * 1024, without="order")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="beforehand-bench-") as folder:
        found = measure(Path(folder), quick=given.quick)
    print(json.dumps(found, indent=None if given.json else 2))
    disk = found["full_disk"]
    is_sound = not disk["lost"] and not disk["breaches"] and disk["recovered"] and found["full_disk_control"]["lost"]
    return 0 if is_sound else 1


if __name__ == "__main__":
    sys.exit(main())
