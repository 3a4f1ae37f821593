"""Migrations that are killed again and again, and many at once.

``TTFD_KILLS=200`` kills as often as the project promises; a few times by default.
"""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

from soaking import report
from ttfd.drift import read_objects
from ttfd.migrate import migrate, pending, rollback

KILLS = int(os.environ.get("TTFD_KILLS", "10"))
DEPLOYS = 8

# Ends itself like kill -9 just before, or just after, its nth statement.
KILLED = """
import os, signal, sys
import psycopg
from ttfd.migrate import migrate, rollback
left, is_after = int(sys.argv[3]), sys.argv[4] == "after"
execute = psycopg.Cursor.execute
def counted(self, *arguments, **named):
    global left
    left -= 1
    if left <= 0 and not is_after:
        os.kill(os.getpid(), signal.SIGKILL)
    result = execute(self, *arguments, **named)
    if left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return result
psycopg.Cursor.execute = counted
migrate(sys.argv[1]) if sys.argv[2] == "up" else rollback(sys.argv[1], "")
"""


def killed(url: str, direction: str, after: int, moment: str) -> bool:
    """Whether the run was killed before it was done."""
    done = subprocess.run([sys.executable, "-c", KILLED, url, direction, str(after), moment], check=False, timeout=120)
    assert done.returncode in (0, -signal.SIGKILL)
    return done.returncode != 0


def test_wherever_a_migration_is_killed_the_next_run_heals(empty_database_url: str) -> None:
    migrate(empty_database_url)
    complete = read_objects(empty_database_url)
    rollback(empty_database_url, "")
    empty = read_objects(empty_database_url)
    dice = random.Random(1)
    kills = 0
    while kills < KILLS:
        direction = "up" if pending(empty_database_url) else "down"
        # Early statements take the locks, later ones are in the midst of a migration, the last ones mark it.
        after = dice.choice([dice.randint(1, 30), dice.randint(1, 200), dice.randint(1, 1000)])
        kills += killed(empty_database_url, direction, after, dice.choice(["before", "after"]))
    migrate(empty_database_url)
    assert read_objects(empty_database_url) == complete
    rollback(empty_database_url, "")
    assert read_objects(empty_database_url) == empty
    report(
        "Migrations killed at any statement, up and down",
        scale=f"{kills} kills",
        result="the next run completes; the catalog is that of a run without a kill",
    )


def test_eight_deploys_at_once_migrate_once(empty_database_url: str) -> None:
    ttfd = Path(sys.executable).parent / "ttfd"
    environment = os.environ | {"DATABASE_URL": empty_database_url}
    running = [
        subprocess.Popen([ttfd, "migrate", "--json"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(DEPLOYS)
    ]
    outputs = [(process.communicate(timeout=300), process.returncode) for process in running]
    assert [code for _, code in outputs] == [0] * DEPLOYS, outputs
    assert sorted(len(output[0]) > 30 for output, _ in outputs) == [False] * (DEPLOYS - 1) + [True]
    assert pending(empty_database_url) == []
    report("Deploys at once", scale=f"{DEPLOYS} × `ttfd migrate`", result="all succeed, each migration applied once")
