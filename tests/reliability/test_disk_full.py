"""The disk is full: senders are refused or cut off and send again; once there is space, all of it is there, once."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from soaking import Senders, check_ledger, report, scaled, two_workers, wait_until_drained
from support import other_binaries
from ttfd import embedded
from ttfd.embedded import EmbeddedError
from ttfd.migrate import migrate

EVENTS = scaled("DISK_EVENTS", 4000)
SETTINGS = {"fsync": "off", "min_wal_size": "32MB", "max_wal_size": "32MB"}


@contextlib.contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A file system of its own, in memory."""
    place = Path(tempfile.mkdtemp(prefix="ttfd-disk-"))
    options = f"size={megabytes}m,mode=0711"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], capture_output=True, check=False)
    if done.returncode != 0:
        shutil.rmtree(place)
        pytest.skip("this machine does not let us mount a file system")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)
        place.rmdir()


def fill(place: Path, spare: int = 0) -> Path:
    """Take the space that is left, but for so many bytes."""
    ballast = place / "ballast"
    with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while (free := shutil.disk_usage(place).free) > spare:
            file.write(b"\0" * min(free - spare, 1 << 24))
    return ballast


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a file system")
def test_a_full_disk_loses_and_doubles_nothing() -> None:
    with small_disk(300) as place:
        server = embedded.start(place, settings=SETTINGS, binaries=other_binaries())
        try:
            migrate(server.url)
            ballast = fill(place, spare=24 << 20)  # so that the rest is taken in a moment
            with two_workers(server.url):
                with Senders(server.url, EVENTS) as senders:
                    while len(senders.ids) < EVENTS / 8:
                        time.sleep(0.01)
                    deadline = time.monotonic() + 60
                    while senders.are_sending and not senders.doubts:
                        assert time.monotonic() < deadline
                        fill(place)  # again and again: a checkpoint may have freed some
                        time.sleep(0.05)
                    was_full = senders.doubts > 0
                    ballast.unlink()
                    ensure_running(place)
                seconds = wait_until_drained(server.url)
            check_ledger(server.url, senders.ids)
        finally:
            embedded.stop(place, mode="immediate")
    assert was_full, "nobody has noticed that the disk was full"
    report(
        "Disk full under load",
        scale=f"{len(senders.ids):,} events from 8 clients, {senders.doubts} resends",
        result=f"0 lost, 0 doubled, drained {seconds:.1f} s after the last event, integrity sound",
    )


def ensure_running(place: Path) -> None:
    """PostgreSQL stops for good when it could not write its log; a service manager would start it again."""
    deadline = time.monotonic() + 30
    while True:
        try:
            embedded.start(place, settings=SETTINGS, binaries=other_binaries())
            return
        except EmbeddedError:
            assert time.monotonic() < deadline
            time.sleep(0.5)
