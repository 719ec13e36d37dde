"""A home in a process of its own: fill it, work in it, back it up, restore it, say what its rows are."""

import hashlib
import json
import sys
import time
from pathlib import Path

import django

django.setup()

from django.conf import settings  # noqa: E402 Django must be set up first
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from beforehand.record.access import system_principal  # noqa: E402
from beforehand.record.audit import write_event  # noqa: E402
from beforehand.record.backup import backup, restore  # noqa: E402
from beforehand.record.seal import check_chain, seal_pending  # noqa: E402
from beforehand.record.store_backup import row_counts  # noqa: E402
from tests.access.people import make_fact, make_patient, make_team, make_user  # noqa: E402


def fill() -> None:
    """A small house: people, facts, received bytes, an audit trail, a setting of the organisation."""

    call_command("migrate", verbosity=0)
    team = make_team()
    make_user("COORDINATOR", team)
    for number in range(20):
        patient = make_patient(team, name=f"Zoë \\ tab\there {number}")
        for _ in range(10):
            make_fact("observation", patient, sensitivity="HIV" if number % 3 else "")
        write_event(system_principal("operator"), "filled", patients={patient.pk: "CHANGE"}, reason="line\nbreak")
    seal_pending()
    for number in range(5):
        digest = hashlib.sha256(str(number).encode()).hexdigest()
        folder = Path(settings.BLOBS) / digest[:2]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{digest}.zst").write_bytes(b"bytes as received" * number)
    (Path(settings.HOME) / "ranking.yaml").write_text("weights: {}\n")


def state() -> dict:
    """Every row, file and key of the home as checksums."""
    digests = {}
    with connection.cursor() as cursor:
        for table in row_counts():
            cursor.execute(f'select * from "{table}"')
            rows = sorted(repr(row) for row in cursor.fetchall())
            digests[table] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    home = Path(settings.HOME)
    files = {
        path.relative_to(home).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(home.rglob("*"))
        if path.is_file() and not path.name.startswith("beforehand.db")
    }
    return {"tables": digests, "files": files, "breaches": [breach.what for breach in check_chain()]}


def work(seconds: str) -> None:
    """Write without pause, as others do while a backup is made."""

    until = time.monotonic() + float(seconds)
    count = 0
    while time.monotonic() < until:
        write_event(system_principal("operator"), "worked", patients={1: "READ"})
        count += 1
        if count % 20 == 0:
            seal_pending()
    print(count)


def add_one() -> None:
    """A row more: numbers go on where they stopped."""

    print(make_team("after the restore").pk)


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    answer = {
        "fill": fill,
        "state": state,
        "work": work,
        "add_one": add_one,
        "backup": lambda file: backup(Path(file)),
        "restore": lambda file: restore(Path(file)),
    }[command](*arguments)
    if answer is not None:
        print(json.dumps(answer))
