"""The files that run ttfd elsewhere start what exists; and whatever runs ends in good order on SIGTERM."""

import configparser
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from calls import get_user, record_event, value
from support import limit
from ttfd import Client
from ttfd.cli import COMMANDS

ROOT = Path(__file__).parents[2]
# Bots come with their extras.
KNOWN = COMMANDS.keys() | {"telegram", "discord"}
TTFD = Path(sys.executable).parent / "ttfd"


def started() -> dict[str, str]:
    """Every command line that starts a program, by its file."""
    found = {f"Procfile {line.partition(':')[0]}": line for line in (ROOT / "Procfile").read_text().splitlines()}
    for path in [ROOT / "railway.json", *(ROOT / "tools/deploy/railway").glob("*.json")]:
        found[path.name] = json.loads(path.read_text())["deploy"]["startCommand"]
    for path in (ROOT / "tools/deploy/systemd").glob("ttfd*.service"):
        if "ttfd-backup" not in path.name:
            found[path.name] = unit(path)["Service"]["ExecStart"]
    return found


def unit(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path)
    return parser


@pytest.mark.parametrize(("file", "line"), started().items())
def test_what_a_file_starts_exists_with_these_options(file: str, line: str) -> None:
    name = re.search(r"ttfd ([a-z]+|%i)", line)
    assert name, line
    if name[1] == "%i":
        return
    assert name[1] in KNOWN
    if name[1] in COMMANDS:
        shown = subprocess.run([TTFD, name[1], "--help"], capture_output=True, text=True, check=True).stdout
        for option in re.findall(r"--[a-z-]+", line):
            assert option in shown, f"{file}: {option}"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for path in (ROOT / "tools/deploy/systemd").iterdir():
        text = path.read_text().replace("/opt/ttfd/bin/ttfd", "/bin/true").replace("/usr/bin/pg_dump", "/bin/true")
        name = path.name.replace("@.", "@1.")
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
    )
    complaints = [line for line in done.stderr.splitlines() if "ttfd" in line and str(tmp_path) in line]
    assert complaints == []


def test_the_units_that_operations_enables_are_there() -> None:
    enabled = re.findall(r"systemctl enable --now ([^`\n]+)", (ROOT / "docs/operations.md").read_text(encoding="utf-8"))
    names = {re.sub(r"@\w+", "@", name) for line in enabled for name in line.split()}
    units = {path.name.removesuffix(".service") for path in (ROOT / "tools/deploy/systemd").glob("*.service")}
    assert {name for name in names if "." not in name} == units - {"ttfd-backup"}
    assert {name for name in names if "." in name} == {"ttfd-backup.timer"}


def test_every_program_is_stopped_before_it_is_killed() -> None:
    for path in (ROOT / "tools/deploy/systemd").glob("ttfd*.service"):
        if "ttfd-backup" not in path.name:
            service = unit(path)["Service"]
            assert int(service["TimeoutStopSec"]) >= 10
            assert service["Restart"] == "always"
            assert service["NoNewPrivileges"] == "yes"


def test_no_file_has_a_secret_on_a_command_line() -> None:
    for line in started().values():
        assert not re.search(r"postgres(ql)?://|token|DATABASE_URL|password", line, re.IGNORECASE)


def run_worker(url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [TTFD, "worker", "--log-format", "json"],
        env=os.environ | {"DATABASE_URL": url, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def stop(process: subprocess.Popen[str]) -> tuple[str, float]:
    """Ask it to end; what it said, and how long it took."""
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    try:
        output, _ = process.communicate(timeout=60)
    finally:
        process.kill()  # Only one that did not end is left to be killed.
    assert process.returncode == 0
    return output, time.monotonic() - began


def wait_for_leader(db: psycopg.Connection) -> None:
    deadline = time.monotonic() + 60
    while not Client(db).get_metrics().has_leader:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_worker_ends_after_its_batch(db: psycopg.Connection, database_url: str) -> None:
    get_user(db)
    for _ in range(20):
        record_event(db)
    process = run_worker(database_url)
    wait_for_leader(db)
    while value(db, "SELECT pending FROM ttfd.feed_state()"):
        time.sleep(0.02)
    output, seconds = stop(process)
    assert "Stopped after 20 events, 0 of which failed." in output
    assert seconds < limit(5)


def test_a_worker_that_stands_by_ends_at_once(db: psycopg.Connection, database_url: str) -> None:
    Client(db).take_lead()
    process = run_worker(database_url)
    while value(db, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ttfd worker'") == 0:
        time.sleep(0.02)
    assert stop(process)[1] < limit(5)


def test_a_worker_without_a_database_ends_at_once() -> None:
    process = run_worker("postgresql://nobody@127.0.0.1:1/nothing")
    assert process.stdout is not None
    assert "The worker runs" in process.stdout.readline()
    assert stop(process)[1] < limit(5)
