"""The drill: back up a home at work, restore it elsewhere, and find everything equal (DESIGN section 5)."""

import json
import os
import random
import secrets
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVER = os.environ.get("DATABASE_URL", "")


def run(home, command, *arguments, check=True):
    environment = {
        **os.environ,
        "BEFOREHAND_HOME": str(home.folder),
        "DATABASE_URL": home.database,
        "DJANGO_SETTINGS_MODULE": "beforehand.config.settings",
        "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
    }
    environment.pop("BEFOREHAND_AUDIT_ANCHOR", None)
    if not home.database:
        del environment["DATABASE_URL"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.backup.home_at_work", command, *map(str, arguments)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if check:
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else None
    return done


class Home:
    def __init__(self, folder, database):
        self.folder, self.database = folder, database


@pytest.fixture
def new_home(tmp_path):
    """Homes in folders of their own; on PostgreSQL each with a database of its own."""
    made = []

    def make(name):
        folder = tmp_path / name
        if not SERVER.startswith("postgres"):
            return Home(folder, "")
        database = f"drill_{secrets.token_hex(4)}"
        with psycopg.connect(SERVER, autocommit=True) as server:
            server.execute(f"create database {database}")
        made.append(database)
        return Home(folder, SERVER.rsplit("/", 1)[0] + f"/{database}")

    yield make
    for database in made:
        with psycopg.connect(SERVER, autocommit=True) as server:
            server.execute(f"drop database {database} with (force)")


def same(before, after):
    assert after["tables"] == before["tables"]
    assert after["files"] == before["files"]
    assert after["breaches"] == []


def test_restored_home_equals_the_one_backed_up(new_home, tmp_path):
    old, new = new_home("old"), new_home("new")
    run(old, "fill")
    before = run(old, "state")
    file = tmp_path / "home.backup"
    report = run(old, "backup", file)
    assert report["blobs"] == 5
    assert oct(file.stat().st_mode)[-3:] == "600"
    restored = run(new, "restore", file)
    assert restored["rows"] == report["rows"] > 200
    same(before, run(new, "state"))
    assert run(new, "add_one") == 2  # numbering goes on
    assert run(new, "restore", file, check=False).returncode != 0  # and a home in use is not overwritten


def test_backup_made_while_others_write_is_of_one_moment(new_home, tmp_path):
    old, new = new_home("old"), new_home("new")
    run(old, "fill")
    environment = {
        **os.environ,
        "BEFOREHAND_HOME": str(old.folder),
        "DJANGO_SETTINGS_MODULE": "beforehand.config.settings",
        "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
    }
    environment |= {"DATABASE_URL": old.database} if old.database else {}
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.backup.home_at_work", "work", "6"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        run(old, "backup", tmp_path / "home.backup")
        still_working = worker.poll() is None
        written = int(worker.communicate(timeout=60)[0])
    finally:
        worker.kill()
    assert still_working and written > 20
    run(new, "restore", tmp_path / "home.backup")
    state = run(new, "state")
    assert state["breaches"] == []
    assert state["tables"]["patient"] == run(old, "state")["tables"]["patient"]


def test_no_damaged_file_is_put_in_place(new_home, tmp_path):
    """Cut short anywhere, or with any bit changed: refused, and the home stays empty."""
    if SERVER.startswith("postgres"):
        pytest.skip("the file's own checks are the same on both databases")
    old = new_home("old")
    run(old, "fill")
    run(old, "backup", tmp_path / "home.backup")
    whole = (tmp_path / "home.backup").read_bytes()
    chance = random.Random(7)
    for number in range(8):
        damaged = bytearray(whole)
        if number % 2:
            del damaged[chance.randrange(len(whole)) :]
        else:
            damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        file = tmp_path / f"damaged{number}"
        file.write_bytes(damaged)
        new = new_home(f"new{number}")
        done = run(new, "restore", file, check=False)
        assert "DamagedBackupError" in done.stderr, (number, done.stderr[-500:])
        left = {path.name for path in new.folder.rglob("*") if path.is_file()}
        assert left <= {
            "django.key",
            "audit.key",
            "sign-in.key",
            "webhook.key",
            "beforehand.db",
            "beforehand.db-wal",
            "beforehand.db-shm",
        }
        assert not (new.folder / "blobs").exists()


def test_an_existing_file_is_never_overwritten(new_home, tmp_path):
    old = new_home("old")
    run(old, "fill")
    (tmp_path / "home.backup").write_text("precious")
    assert "exists already" in run(old, "backup", tmp_path / "home.backup", check=False).stderr
    assert (tmp_path / "home.backup").read_text() == "precious"
