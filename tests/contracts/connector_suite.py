"""What every connector promises. A connector's test is one call: ``TestX = suite_for(connector, samples=...)``.

The same bytes give the same items; every input ends mapped or refused with a reason that people can read; hostile
input never hangs, crashes or fetches; and all of it runs without Django.
"""

from __future__ import annotations

import importlib
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest

from beforehand.clinical.fhir import MappingError, map_resource
from beforehand.intake.connectors.errors import ConnectorError, ItemError
from beforehand.intake.connectors.items import RawItem
from tests.unit.clinical.contexts import NumberingContext

SECONDS = 10  # of the processor: other work on the machine does not count; a hang takes longer
HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "blank": b" \n\t\r\n ",
    "zero bytes": b"\0" * 1000,
    "noise": bytes(range(256)) * 40,
    "deep objects": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "deep lists": b"[" * 100_000,
    "a long line": b"x" * 3_000_000,
    "many lines": b"\n" * 1_000_000,
    "broken text": b'{"resourceType":"Patient","name":[{"family":"\xff\xfe"}]}',
    "lone surrogate": b'{"resourceType":"Patient","id":"\\ud800"}',
    "external entity": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "http://192.0.2.1/x">]><a>&b;</a>',
    "laughing entities": b'<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>',
    "truncated": b'{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Pati',
}
SENTENCE = re.compile(r"[A-Z].*[.]", re.DOTALL)


def readable(reason: str) -> bool:
    """A reason that a person can read: a sentence, without a trace of Python."""
    return bool(SENTENCE.fullmatch(reason)) and not re.search(r"Traceback|Error\b|0x[0-9a-f]+|<class|NoneType", reason)


def outcome_of(connector: ModuleType, content: bytes, name: str) -> list[str] | str:
    """What becomes of each item, or the reason why the whole is refused."""
    try:
        found: Iterable[RawItem] = list(connector.items(content, name))
    except ConnectorError as refusal:
        return refusal.reason
    return [fate_of(item) for item in found]


def fate_of(item: RawItem) -> str:
    """Mapped, deleted, or the reason why not."""
    if item.error is not None:
        assert isinstance(item.error, ItemError)
        assert item.resource is None
        assert readable(item.error.reason), item.error.reason
        return item.error.reason
    if item.method == "DELETE":
        return "deleted"
    assert isinstance(item.resource, dict)
    try:
        return "kept" if map_resource(item.resource, NumberingContext()).is_kept_only else "mapped"
    except MappingError as fault:
        assert fault.place
        assert fault.reason
        return f"set aside: {fault.place}"


class ConnectorSuite:
    """The promises, as tests. Subclasses name their connector and samples."""

    connector: ClassVar[ModuleType]
    samples: ClassVar[Path]
    hostile: ClassVar[dict[str, bytes]]

    def sample_files(self) -> list[Path]:
        """Every sample of the connector."""
        files = sorted(path for path in self.samples.iterdir() if path.is_file())
        assert files, "a connector has samples"
        return files

    def test_it_recognises_its_samples_by_their_head(self) -> None:
        for path in self.sample_files():
            assert self.connector.recognises(path.read_bytes()[:4096], path.name), path.name

    def test_the_same_bytes_give_the_same_items_numbered_in_order(self) -> None:
        for path in self.sample_files():
            once, again = (list(self.connector.items(path.read_bytes(), path.name)) for _ in range(2))
            assert once == again
            assert [item.place for item in once] == list(range(len(once)))

    def test_every_item_of_a_sample_is_mapped_or_refused_with_a_reason(self) -> None:
        for path in self.sample_files():
            fates = outcome_of(self.connector, path.read_bytes(), path.name)
            assert isinstance(fates, list), f"{path.name}: {fates}"
            assert {"mapped", "kept"} & set(fates), path.name

    def test_hostile_input_never_hangs_crashes_or_fetches(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: Any, **__: Any) -> None:
            raise AssertionError("a connector knows no transport")

        monkeypatch.setattr(socket.socket, "connect", refuse)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)
        for name, content in (HOSTILE | self.hostile).items():
            started = time.process_time()
            self.connector.recognises(content[:4096], "")
            outcome = outcome_of(self.connector, content, "")
            assert time.process_time() - started < SECONDS, name
            if isinstance(outcome, str):
                assert readable(outcome), f"{name}: {outcome}"

    def test_a_sample_cut_short_anywhere_is_still_accounted_for(self) -> None:
        for path in self.sample_files():
            content = path.read_bytes()
            for cut in range(0, len(content), max(1, len(content) // 40)):
                outcome = outcome_of(self.connector, content[:cut], path.name)
                assert isinstance(outcome, list) or readable(outcome)

    def test_it_maps_without_django(self) -> None:
        """In a fresh interpreter in which Django cannot be imported."""
        program = (
            "import sys\n"
            "class NoDjango:\n"
            "    def find_spec(self, name, *_):\n"
            "        if name.split('.')[0] == 'django':\n"
            "            raise ImportError('Django is out of bounds here')\n"
            "sys.meta_path.insert(0, NoDjango())\n"
            "import importlib, pathlib\n"
            "from beforehand.clinical.fhir import map_resource\n"
            f"connector = importlib.import_module({self.connector.__name__!r})\n"
            f"for path in pathlib.Path({str(self.samples)!r}).iterdir():\n"
            "    list(connector.items(path.read_bytes(), path.name))\n"
            "assert 'django' not in sys.modules\n"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def suite_for(connector: str, hostile: dict[str, bytes] | None = None) -> type[ConnectorSuite]:
    """The suite of one connector, by the name of its folder."""
    module = importlib.import_module(f"beforehand.intake.connectors.{connector}.connector")
    samples = Path(str(module.__file__)).parent / "samples"
    body = {"connector": module, "samples": samples, "hostile": hostile or {}}
    return type(f"Test{connector.title()}Connector", (ConnectorSuite,), body)
