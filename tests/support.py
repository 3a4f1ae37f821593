"""What several test modules share."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ttfd import embedded
from ttfd.embedded import Server

_SLOWNESS = 1 if os.environ.get("TTFD_TEST_PROMISED") else 10


def limit(seconds: float) -> float:
    """What is promised, in seconds, with ``TTFD_TEST_PROMISED``; else what a busy machine keeps, too."""
    return seconds * _SLOWNESS


# A test server may lose its data at any time, so it need not wait for a disk.
FAST_AND_UNSAFE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

# Waits for the end of its standard input, which comes when the test process ends in any way, even by kill -9.
_UNDERTAKER = """
import shutil, sys
from pathlib import Path
from ttfd import embedded
directory = Path(sys.argv[1])
sys.stdin.buffer.read()
try:
    embedded.stop(directory, mode="immediate")
finally:
    shutil.rmtree(directory, ignore_errors=True)
"""


def other_binaries() -> Path | None:
    """The PostgreSQL that ``TTFD_TEST_PG_BIN`` names, for running the tests on another version."""
    named = os.environ.get("TTFD_TEST_PG_BIN")
    return Path(named) if named else None


@contextlib.contextmanager
def temporary_directory() -> Iterator[Path]:
    """A folder that other users may pass through: the server of a root user is not root."""
    place = Path(tempfile.mkdtemp(prefix="ttfd-test-"))
    place.chmod(0o711)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextlib.contextmanager
def throwaway_server() -> Iterator[Server]:
    """A server in a temporary folder; nothing of it is left when the test process ends, however it ends."""
    with temporary_directory() as place:
        command = [sys.executable, "-c", _UNDERTAKER, str(place)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as undertaker:
            # Leaving the block closes the pipe and waits for the undertaker.
            yield embedded.start(place, settings=FAST_AND_UNSAFE, binaries=other_binaries())
        assert undertaker.returncode == 0
