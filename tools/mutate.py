"""Break each guard of tools/mutants.toml and see that its tests notice (``make mutants``; arguments: parts of names).

A guard that nobody misses is either not needed or not tested. Exit code 1 when fewer than 95 % are noticed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_REQUIRED_SHARE = 0.95
_LONGEST_SECONDS = 240
_TESTS_FAILED = 1  # pytest's exit code; any other but 0 is a broken tool, not a caught mutant


def statement_of(mutant: dict[str, str]) -> str:
    """The SQL that breaks the guard; it fails itself when the guard is not what it was."""
    if "sql" in mutant:
        return mutant["sql"]
    return f"""
        DO $mutant$
        DECLARE
          v_old text := pg_get_functiondef('ttfd.{mutant["function"]}'::regproc);
          v_new text := replace(v_old, $text${mutant["old"]}$text$, $text${mutant["new"]}$text$);
        BEGIN
          ASSERT v_new <> v_old, 'the function does not have that text';
          EXECUTE v_new;
        END $mutant$"""


def is_caught(mutant: dict[str, str]) -> bool:
    """Whether a test fails, or does not end. Raises RuntimeError when the tests could not be run."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *mutant["tests"].split()],
            cwd=ROOT,
            env=os.environ | {"TTFD_MUTATION": statement_of(mutant)},
            capture_output=True,
            text=True,
            check=False,
            timeout=_LONGEST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return True
    if done.returncode not in (0, _TESTS_FAILED) or "ERROR at setup" in done.stdout:
        raise RuntimeError(f"{mutant['name']}: {done.stdout[-2000:]}")
    return done.returncode == _TESTS_FAILED


def main() -> int:
    wanted = sys.argv[1:]
    mutants = tomllib.loads((ROOT / "tools/mutants.toml").read_text(encoding="utf-8"))["mutant"]
    chosen = [one for one in mutants if not wanted or any(part in one["name"] for part in wanted)]
    missed = []
    began = time.monotonic()
    for mutant in chosen:
        caught = is_caught(mutant)
        print(f"{'noticed' if caught else 'MISSED '}  {mutant['name']}", flush=True)
        if not caught:
            missed.append(mutant["name"])
    share = 1 - len(missed) / len(chosen)
    print(f"{len(chosen) - len(missed)} of {len(chosen)} noticed ({share:.0%}) in {time.monotonic() - began:.0f} s.")
    return 0 if share >= _REQUIRED_SHARE else 1


if __name__ == "__main__":
    sys.exit(main())
