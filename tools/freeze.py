"""Freeze the migrations as they are (``make freeze``, at every release from 1.0 on).

``migrations/SHA256SUMS`` names every frozen file (``sha256sum -c SHA256SUMS`` reads it, too). A frozen file never
changes: databases have applied it. What changes in ``sql/`` after that goes into one new pair (`make migration`),
written again and again until that is frozen at the next release. Its rollback holds the previous texts.
"""

from __future__ import annotations

import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from make_migration import (
    GRANTED,
    MARK,
    PREAMBLE,
    RIGHT,
    ROOMS,
    ROOT,
    TRIGGER,
    Texts,
    drop_function,
    drop_triggers,
    generate_all,
    read_signature,
    read_sources,
    read_triggers,
)

_FIRST_CHANGE = 201
_GENERATED = "-- Generated from sql/"
# What CREATE OR REPLACE cannot change: parameters and result.
_FIXED = re.compile(r"^CREATE OR REPLACE FUNCTION (.*?)^LANGUAGE", re.MULTILINE | re.DOTALL)

# In a pair, around a source that needs more statements than its own.
_BEGIN = "-- From here on it is as in sql/."
_END = "-- Up to here it is as in sql/."
# Before each line of a right that the function has already, and of a trigger that is the same: what somebody granted,
# revoked or disabled by hand stays so.
_KEPT = "-- (kept) "

_REMEMBER_RIGHTS = """DO $$
BEGIN
  PERFORM pg_catalog.set_config('ttfd.rights', coalesce(proacl, pg_catalog.acldefault('f', proowner))::text, true)
    FROM pg_catalog.pg_proc WHERE oid = '{signature}'::pg_catalog.regprocedure;
END $$;"""
_RESTORE_RIGHTS = """REVOKE ALL ON FUNCTION {signature} FROM PUBLIC;
DO $$
DECLARE
  v_right record;
BEGIN
  FOR v_right IN
    SELECT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END AS role,
           CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS option
      FROM pg_catalog.aclexplode(current_setting('ttfd.rights')::pg_catalog.aclitem[])
  LOOP
    EXECUTE 'GRANT EXECUTE ON FUNCTION {signature} TO ' || v_right.role || v_right.option;
  END LOOP;
END $$;"""


@dataclass(frozen=True)
class Source:
    """A file of sql/. Its function's name is its own, whatever the folder; a file that moves stays the same source."""

    path: str
    text: str


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


def find_misplaced(root: Path) -> list[str]:
    """Files that are not frozen, with a number that is not above every frozen one."""
    frozen = read_sums(root)
    loose = {path.name for path in (root / "migrations").glob("*.sql")} - frozen.keys() - set(find_loose(root))
    return sorted(name for name in loose if frozen and name[:4] <= max(frozen)[:4])


def find_faults(root: Path) -> list[str]:
    """What no migration can be written over, in sentences."""
    faults = []
    if broken := find_broken(root):
        faults.append(f"frozen, and not as they were (git checkout them; a change is a new migration): {_list(broken)}")
    if misplaced := find_misplaced(root):
        faults.append(
            f"not above the newest frozen migration, so that a new database would run them earlier than one that is "
            f"upgraded (give them the number {_next_number(root):04d}): {_list(misplaced)}"
        )
    return faults


def _list(names: list[str]) -> str:
    return ", ".join(names)


def find_loose(root: Path) -> list[str]:
    """Generated files that are not frozen yet."""
    frozen = read_sums(root)
    return [
        path.name
        for path in sorted((root / "migrations").glob("*.sql"))
        if path.name not in frozen and path.read_text(encoding="utf-8").startswith(_GENERATED)
    ]


def read_frozen(root: Path) -> dict[str, Source]:
    """The last frozen text of every source, by the name of its function."""
    found: dict[str, Source] = {}
    for name in sorted(read_sums(root)):
        text = (root / "migrations" / name).read_text(encoding="utf-8")
        if name.endswith(".rollback.sql") or not text.startswith(_GENERATED):
            continue
        _, *parts = MARK.split(text.removesuffix("\nRESET ROLE;\n"))
        for path, removed, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
            if removed:
                del found[Path(path).stem]
            else:
                found[Path(path).stem] = Source(path, _read_body(body))
    return found


def _read_body(body: str) -> str:
    """The source alone, as it is in sql/."""
    text = body.split(f"{_BEGIN}\n")[-1].split(_END)[0]
    return re.sub(f"^{re.escape(_KEPT)}", "", text, flags=re.MULTILINE).strip("\n") + "\n"


def read_now(root: Path) -> dict[str, Source]:
    """Every source as it is in sql/, by the name of its function."""
    found: dict[str, Source] = {}
    for room in ROOMS:
        for path, text in read_sources(root, room).items():
            other = found.setdefault(Path(path).stem, Source(path, text))
            if other.path != path:
                raise SystemExit(f"{path}: {other.path} has the same name")
    return found


def generate_change(root: Path) -> Texts:
    """The pair that leads from the frozen texts to the sources; empty when they are the same."""
    before, now = read_frozen(root), read_now(root)
    # What is gone comes first: a trigger that goes on in another file must not be dropped after it was made there.
    names = [*sorted(before.keys() - now.keys()), *now]
    steps = [(before.get(name), now.get(name)) for name in names]
    steps = [(old, new) for old, new in steps if not (old and new and old.text == new.text)]
    if not steps:
        return {}
    up = [_step(old, new) for old, new in steps]
    down = [_step(new, old) for old, new in reversed(steps)]
    stem = f"{_next_number(root):04d}.functions"
    preamble = PREAMBLE.format(room="")
    return {
        f"{stem}.sql": "\n".join([preamble, *up, "RESET ROLE;\n"]),
        f"{stem}.rollback.sql": "\n".join([preamble, *down, "RESET ROLE;\n"]),
    }


def _step(old: Source | None, new: Source | None) -> str:
    """From one text of a source to another, either of which may not exist."""
    if new is None:
        assert old is not None
        return "\n".join([f"-- {old.path}: removed", *drop_triggers(old.text), drop_function(old.text), ""])
    if old is None:
        return f"-- {new.path}\n{new.text}"
    is_made_anew = _FIXED.findall(old.text) != _FIXED.findall(new.text)
    triggers = set() if is_made_anew else read_triggers(old.text) & read_triggers(new.text)
    above, below = drop_triggers(old.text, triggers), _change_rights(old.text, new.text)
    if is_made_anew:
        above += [_REMEMBER_RIGHTS.format(signature=read_signature(old.text)), drop_function(old.text)]
        below = [_RESTORE_RIGHTS.format(signature=read_signature(new.text)), *below]
    return "\n".join([f"-- {new.path}", *above, _BEGIN, _keep(new.text, triggers) + _END, *below, ""])


def _keep(text: str, triggers: set[str]) -> str:
    """The text of a source with its rights, and these triggers, as comments."""

    def comment(found: re.Match[str]) -> str:
        return re.sub("^", _KEPT, found[0], flags=re.MULTILINE)

    text = RIGHT.sub(comment, text)
    return TRIGGER.sub(lambda found: comment(found) if found[0] in triggers else found[0], text)


def _change_rights(old: str, new: str) -> list[str]:
    """Statements for the rights that only one of the two texts gives."""
    before, now = _read_roles(old), _read_roles(new)
    statements = []
    if gone := sorted(before - now):
        statements.append(f"REVOKE EXECUTE ON FUNCTION {read_signature(new)} FROM {_list(gone)};")
    if added := sorted(now - before):
        statements.append(f"GRANT EXECUTE ON FUNCTION {read_signature(new)} TO {_list(added)};")
    return statements


def _read_roles(text: str) -> set[str]:
    """Who may call the function of a source."""
    return {role.strip() for roles in GRANTED.findall(text) for role in roles.split(",")}


def _next_number(root: Path) -> int:
    """That of the pair which is not frozen yet: above what is frozen, and what is written by hand."""
    loose = {*find_loose(root), *find_misplaced(root)}
    highest = max(int(path.name[:4]) for path in (root / "migrations").glob("[0-9]*.sql") if path.name not in loose)
    return max(highest + 1, _FIRST_CHANGE)


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    folder = root / "migrations"
    if faults := find_faults(root):
        print("\n".join(faults))
        return 1
    wanted = generate_change(root) if is_frozen(root) else generate_all(root)
    if any(
        not (folder / name).exists() or (folder / name).read_text(encoding="utf-8") != wanted[name] for name in wanted
    ):
        print("Run `make migration` first: the migrations are not what sql/ says.")
        return 1
    names = sorted(path.name for path in folder.glob("*.sql"))
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="ascii", newline="\n")
    print(f"{len(names)} files are frozen.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
