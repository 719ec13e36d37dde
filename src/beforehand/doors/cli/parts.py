"""Parts of the house run side by side: each is started when it is wanted, started again when it ends by itself, and
stopped cleanly; none takes another down with it."""

from __future__ import annotations

import logging
import signal
import subprocess
import time
from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds before a part that ended is started again; doubled each time
WELL_AFTER = 60.0  # seconds of running after which the next wait is the first one again
Start = Callable[[Sequence[str]], "subprocess.Popen[bytes]"]


class Part:
    """One process. ``is_needed``: nothing makes sense without it, so when it cannot even begin, all ends."""

    def __init__(
        self, name: str, command: Sequence[str], *, is_needed: bool = False, patience: float = 15.0,
        wanted: Callable[[], bool] | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self.command = command
        self.is_needed = is_needed
        self.patience = patience  # seconds to end in, once asked
        self.wanted = wanted or (lambda: True)
        self.process: subprocess.Popen[bytes] | None = None
        self.began = 0.0
        self.starts = 0
        self.wait = FIRST_WAIT
        self.next_start = 0.0


class CannotBeginError(RuntimeError):
    """A part that is needed ended as soon as it was started."""


class House:
    """The parts under watch."""

    def __init__(
        self, parts: Sequence[Part], start: Start, *, on_end: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.parts = list(parts)
        self.start = start
        self.on_end = on_end
        self.clock = clock

    def beat(self, *, is_look: bool = True) -> None:
        """See to every part. ``is_look``: ask too which parts are wanted now, which may cost a query."""
        for part in self.parts:
            if part.process is not None and part.process.poll() is not None:
                self._ended(part)
            if is_look or part.starts:
                self._see_to(part, is_look)

    def _see_to(self, part: Part, is_look: bool) -> None:
        if part.process is not None:
            if is_look and not part.wanted():
                self._stop([part])
                part.starts = 0
        elif self.clock() >= part.next_start and part.wanted():
            part.process = self.start(part.command)
            part.began = self.clock()
            part.starts += 1

    def _ended(self, part: Part) -> None:
        """Note that a part ended by itself, and when to start it again."""
        assert part.process is not None
        code, ran = part.process.returncode, self.clock() - part.began
        part.process = None
        if part.is_needed and part.starts == 1 and ran < WELL_AFTER / 6:
            raise CannotBeginError(f"{part.name} ended at once (exit {code}): see above why.")
        log.error("%s ended by itself (exit %s) and is started again", part.name, code)
        part.wait = FIRST_WAIT if ran > WELL_AFTER else min(part.wait * 2, LONGEST_WAIT)
        part.next_start = self.clock() + part.wait
        self.on_end(part.name)

    def stop(self) -> None:
        """Ask every part to end, and wait for it."""
        self._stop(self.parts)

    def _stop(self, parts: Sequence[Part]) -> None:
        running = [(part, part.process) for part in parts if part.process is not None]
        for _, process in running:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for part, process in running:
            try:
                process.wait(timeout=part.patience)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            part.process = None
