"""The programs of the demo: the real ``ttfd`` commands, run as a person would run them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ttfd.processes import ask_to_end, out_of_reach

_STOP_SECONDS = 10


def run_ttfd(database_url: str, *arguments: str) -> None:
    """Show and run one ``ttfd`` command to its end. Raises SystemExit with its exit code when it fails."""
    print(f"\n$ ttfd {' '.join(arguments)}", flush=True)
    done = subprocess.run(_command(arguments), env=_environment(database_url))
    if done.returncode:
        raise SystemExit(done.returncode)


@contextmanager
def running_ttfd(database_url: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A ``ttfd`` command that runs beside us, and is stopped by its own pid at the end.

    Ctrl-C reaches us alone, so that we stop things in order.
    """
    print(f"\n$ ttfd {' '.join(arguments)} &", flush=True)
    program = subprocess.Popen(_command(arguments), env=_environment(database_url), **out_of_reach())
    try:
        yield program
    finally:
        ask_to_end(program)
        try:
            program.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()


def _command(arguments: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "ttfd", *arguments]


def _environment(database_url: str) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": database_url, "PYTHONUNBUFFERED": "1"}
