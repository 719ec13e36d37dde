"""Set up this checkout and run it. Needs only Python 3.11 or newer; everything else comes from the package registry.

python3 dev.py demo     set up, build the demo caseload, open the web app on 127.0.0.1:8000
python3 dev.py test     set up, then lint, types, and all tests on SQLite and PostgreSQL
python3 dev.py check    lint and types only
python3 dev.py bench    the measurements of bench/, every rule on Spark and mutated (long; weekly)
python3 dev.py lock     write the lock files again after a pin changed in pyproject.toml
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / "python"
UV = "uv==0.13.9"


def run(*command: str | Path, **environment: str) -> int:
    """Run a command in the checkout, shown as typed; returns its exit code."""
    print("$", " ".join(str(part).replace(str(ROOT) + "/", "") for part in command), flush=True)
    environment = {**os.environ, **environment}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # each command would compile the libraries anew
    return subprocess.run([str(part) for part in command], cwd=ROOT, env=environment).returncode


def must(*command: str | Path, **environment: str) -> None:
    """Run a command and stop here if it fails."""
    code = run(*command, **environment)
    if code:
        sys.exit(code)


def set_up(*, dev: bool) -> None:
    """Make or update .venv from the lock file; does nothing when the lock file has not changed."""
    lock = ROOT / ("requirements-dev.lock" if dev else "requirements.lock")
    sources = (lock, ROOT / "pyproject.toml", ROOT / "package-lock.json", ROOT / "build_assets.py")
    stamp = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    mark = VENV / f"beforehand-{lock.name}.stamp"
    if mark.exists() and mark.read_text() == stamp:
        return
    if not PYTHON.exists():
        try:
            venv.create(VENV, with_pip=True)
        except subprocess.CalledProcessError:
            shutil.rmtree(VENV, ignore_errors=True)
            sys.exit("This Python cannot make virtual environments. On Debian or Ubuntu: apt-get install python3-venv")
    must(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", UV)
    must(PYTHON, "-m", "uv", "pip", "install", "--quiet", "--python", PYTHON, "--require-hashes", "-r", lock)
    must(PYTHON, "-m", "uv", "pip", "install", "--quiet", "--python", PYTHON, "--no-deps", "-e", ".")
    mark.write_text(stamp)


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """A throw-away PostgreSQL on a free port; yields its DATABASE_URL, or nothing when no server is installed."""
    found = [*sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")), *filter(None, [shutil.which("initdb")])]
    if not found:
        yield ""
        return
    binaries = Path(found[-1]).parent
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="beforehand-pg-"))
    user: list[str] = []
    if os.geteuid() == 0:  # the server refuses to run as root
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        user = ["runuser", "-u", "postgres", "--"]
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    quiet = {"cwd": folder, "stdout": subprocess.DEVNULL, "check": True}
    subprocess.run([*user, binaries / "initdb", "-D", folder / "data", "-A", "trust", "-U", "beforehand"], **quiet)
    start = [binaries / "pg_ctl", "-D", folder / "data", "-l", folder / "log", "-w", "-o", options, "start"]
    subprocess.run([*user, *start], **quiet)
    try:
        yield f"postgres://beforehand@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*user, binaries / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop"], **quiet)
        shutil.rmtree(folder, ignore_errors=True)


def check() -> int:
    """Lint, format and types."""
    return (
        run(BIN / "ruff", "check", ".")
        or run(BIN / "ruff", "format", "--check", ".")
        or run(BIN / "lint-imports")
        or run(BIN / "mypy")
    )


def test(*arguments: str) -> int:
    """Everything that must always run: lint, types, and the tests on both databases."""
    failed = check()
    workers = ["-n", str(max(1, min(4, os.cpu_count() or 1))), "--dist", "worksteal"]
    failed |= run(PYTHON, "-m", "pytest", *workers, *arguments)
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        print("NOT RUN on Spark: no Java is installed (Debian: apt-get install default-jre-headless)")
        failed |= 1 if os.environ.get("CI") else 0
    with postgresql() as url:
        if url:
            failed |= run(PYTHON, "-m", "pytest", *workers, "-m", "not one_database", *arguments, DATABASE_URL=url)
        else:
            print("NOT RUN on PostgreSQL: no server is installed (Debian: apt-get install postgresql)")
            failed |= 1 if os.environ.get("CI") else 0
    return failed


def bench(*arguments: str) -> int:
    """What runs weekly: every measurement, every rule on Spark, and every rule's cases against moved comparisons."""
    failed = run(PYTHON, "-m", "bench", *arguments)
    if "--quick" not in arguments:
        failed |= run(PYTHON, "-m", "pytest", "tests/contracts/test_spark_agrees.py", BEFOREHAND_SPARK_RULES="all")
        failed |= run(BIN / "beforehand", "rules", "test", "--mutate", "--blur")
    return failed


def lock() -> None:
    """Hashed lock files from the exact pins; they hold no addresses."""
    common = ["--generate-hashes", "--universal", "--no-header", "--quiet", "pyproject.toml"]
    must(PYTHON, "-m", "uv", "pip", "compile", *common, "-o", "requirements.lock")
    must(PYTHON, "-m", "uv", "pip", "compile", *common, "--group", "dev", "-o", "requirements-dev.lock")


def main(arguments: list[str]) -> int:
    """Do what the first word says."""
    task, *rest = arguments or ["help"]
    if task == "demo":
        set_up(dev=False)
        return run(BIN / "beforehand", "demo", *rest)
    if task in ("test", "check", "bench", "lock"):
        set_up(dev=True)
        if task == "lock":
            lock()
            return 0
        if task == "bench":
            return bench(*rest)
        return test(*rest) if task == "test" else check()
    print(__doc__)
    return 0 if task == "help" else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
