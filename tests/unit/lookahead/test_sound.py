"""Rules linted once are not linted again by the next process, unless anything they rest on changed."""

import json
from pathlib import Path

import pytest

from beforehand.clinical.content import content_root
from beforehand.lookahead import sound
from beforehand.lookahead.rule import read_query

RULE = content_root() / "rules/medicines/medicine_runs_out.sql"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sound, "_REMEMBERED", set())
    monkeypatch.setattr(sound, "_FRESH", set())
    monkeypatch.setattr(sound, "_PLACE", [])
    return tmp_path / "cache" / "sound.json"


def test_what_was_sound_is_known_to_the_next_process(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound.remember_sound(place)
    sound.note_sound("a")
    sound.keep_sound()
    assert json.loads(place.read_text()) == ["a"]
    monkeypatch.setattr(sound, "_REMEMBERED", set())
    monkeypatch.setattr(sound, "_PLACE", [])
    assert not sound.is_sound("a")
    sound.remember_sound(place)
    assert sound.is_sound("a")


def test_another_text_or_another_value_set_is_judged_anew(tmp_path: Path) -> None:
    query = read_query(RULE, content_root())
    changed = tmp_path / RULE.name
    changed.write_text(RULE.read_text() + "\n-- one more word\n")
    assert sound.digest(query, {"a"}) == sound.digest(query, {"a"})
    assert sound.digest(query, {"a"}) != sound.digest(query, {"a", "b"})
    assert sound.digest(query, {"a"}) != sound.digest(read_query(changed, content_root()), {"a"})


def test_a_file_that_cannot_be_read_is_as_good_as_none(place: Path) -> None:
    place.parent.mkdir()
    place.write_text("{not json")
    sound.remember_sound(place)
    assert not sound.is_sound("a")
