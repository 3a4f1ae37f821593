"""Freeze the migrations as they are (``make freeze``, at every release from 1.0 on).

``migrations/SHA256SUMS`` names every frozen file (``sha256sum -c SHA256SUMS`` reads it, too). A frozen file never
changes: databases have applied it. What changes in ``sql/`` after that goes into one new pair (`make migration`),
written again and again until that is frozen at the next release. Its rollback holds the previous texts.
"""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

from make_migration import (
    MARK,
    PREAMBLE,
    ROOMS,
    ROOT,
    Texts,
    drop_functions,
    drop_triggers,
    generate_all,
    read_sources,
)

_FIRST_CHANGE = 201
_GENERATED = "-- Generated from sql/"
# What CREATE OR REPLACE cannot change: parameters, result and rights (it keeps those that there are).
_FIXED = re.compile(r"^CREATE OR REPLACE FUNCTION (.*?)^LANGUAGE|^((?:GRANT|REVOKE) .*?;)", re.MULTILINE | re.DOTALL)


def is_frozen(root: Path) -> bool:
    return (root / "migrations/SHA256SUMS").exists()


def read_sums(root: Path) -> Texts:
    """Name of each frozen file -> its checksum."""
    if not is_frozen(root):
        return {}
    lines = (root / "migrations/SHA256SUMS").read_text(encoding="ascii").splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


def find_broken(root: Path) -> list[str]:
    """Frozen files that are gone or are not what they were."""
    folder = root / "migrations"
    return [
        name
        for name, digest in read_sums(root).items()
        if not (folder / name).exists() or hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest
    ]


def find_loose(root: Path) -> list[str]:
    """Generated files that are not frozen yet."""
    frozen = read_sums(root)
    return [
        path.name
        for path in sorted((root / "migrations").glob("*.sql"))
        if path.name not in frozen and path.read_text(encoding="utf-8").startswith(_GENERATED)
    ]


def read_frozen(root: Path) -> Texts:
    """The last frozen text of every source."""
    found: Texts = {}
    for name in sorted(read_sums(root)):
        text = (root / "migrations" / name).read_text(encoding="utf-8")
        if name.endswith(".rollback.sql") or not text.startswith(_GENERATED):
            continue
        _, *parts = MARK.split(text.removesuffix("\nRESET ROLE;\n"))
        for source, removed, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
            if removed:
                del found[source]
            else:
                found[source] = _beneath_drops(body)
    return found


def generate_change(root: Path) -> Texts:
    """The pair that leads from the frozen texts to the sources; empty when they are the same."""
    before = read_frozen(root)
    now = {name: text for room in ROOMS for name, text in read_sources(root, room).items()}
    changed = [name for name in [*now, *(before.keys() - now.keys())] if before.get(name) != now.get(name)]
    if not changed:
        return {}
    up = [_step(name, before.get(name), now.get(name)) for name in changed]
    down = [_step(name, now.get(name), before.get(name)) for name in reversed(changed)]
    stem = _name_of_change(root)
    preamble = PREAMBLE.format(room="")
    return {
        f"{stem}.sql": "\n".join([preamble, *up, "RESET ROLE;\n"]),
        f"{stem}.rollback.sql": "\n".join([preamble, *down, "RESET ROLE;\n"]),
    }


def _step(name: str, before: str | None, after: str | None) -> str:
    """From one text of a source to another, either of which may not exist."""
    drops = drop_triggers(before or "")
    if before is not None and (after is None or _FIXED.findall(before) != _FIXED.findall(after)):
        drops += drop_functions(before)
    lines = [f"-- {name}" + ("" if after else ": removed"), *drops]
    return "\n".join([*lines, *([after] if after else [""])])


def _beneath_drops(body: str) -> str:
    """The source alone, without the statements that make way for it."""
    lines = body.removeprefix("\n").splitlines(keepends=True)
    while lines and lines[0].startswith(("DROP TRIGGER ", "DROP FUNCTION ")):
        del lines[0]
    return "".join(lines).rstrip("\n") + "\n"


def _name_of_change(root: Path) -> str:
    """That of the pair that is not frozen yet, else the next one."""
    if loose := find_loose(root):
        return loose[0].removesuffix(".sql").removesuffix(".rollback")
    highest = max(int(path.name[:4]) for path in (root / "migrations").glob("[0-9]*.sql"))
    return f"{max(highest + 1, _FIRST_CHANGE):04d}.functions"


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    folder = root / "migrations"
    if broken := find_broken(root):
        print(f"frozen, and not as they were: {', '.join(broken)}")
        return 1
    wanted = generate_change(root) if is_frozen(root) else generate_all(root)
    if any(
        not (folder / name).exists() or (folder / name).read_text(encoding="utf-8") != wanted[name] for name in wanted
    ):
        print("Run `make migration` first: the migrations are not what sql/ says.")
        return 1
    names = sorted(path.name for path in folder.glob("*.sql"))
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="ascii")
    print(f"{len(names)} files are frozen.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
