"""Run every measurement: ``python -m bench [--quick]``. The weekly command; what always runs is in tests/."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main(arguments: list[str]) -> int:
    """Each measurement in a process of its own; the exit code tells whether all ended well."""
    failed = 0
    for path in sorted(HERE.glob("[a-z]*.py")):
        print(f"== bench.{path.stem}", flush=True)
        failed |= subprocess.run([sys.executable, "-m", f"bench.{path.stem}", *arguments], cwd=HERE.parent).returncode
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
