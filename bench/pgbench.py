"""pgbench with a script: transactions a second."""

from __future__ import annotations

import itertools
import re
import subprocess
import tempfile
from pathlib import Path

from .server import Bench
from .workload import USERS

_numbers = itertools.count(1)

# pgbench has no uuid: milliseconds, then the version, then what tells clients and transactions apart.
EVENT_ID = (
    "(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'"
    " || lpad(to_hex(:tail::bigint), 19, '0'))::uuid"
)
NEXT = (
    "\\set n :n + 1\n"
    "\\set tail (:run * 100 + :client_id) * 1000000000 + :n\n"
    f"\\set member int(least({USERS}, pow({USERS}, random(0, 1000000) / 1000000.0)))\n"
)

APPLY = f"{NEXT}SELECT status FROM ttfd.apply_event({EVENT_ID}, 'telegram', :member::text, 'message_sent', '{{}}');\n"
RECORD = f"{NEXT}SELECT status FROM ttfd.record_event({EVENT_ID}, 'telegram', :member::text, 'message_sent', '{{}}');\n"
BARE_UPDATE = f"{NEXT}UPDATE ttfd.unified_users SET coins = coins + 1, last_active = now() WHERE id = :member;\n"


def rate(bench: Bench, script: str, clients: int) -> float:
    """Transactions a second of so many clients; a failed one is an error."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        done = subprocess.run(
            [
                *(str(bench.server.binaries / "pgbench"), "-n", "-M", "prepared", "-f", file.name),
                *("-c", str(clients), "-j", str(min(clients, 2)), "-T", str(bench.count(5, 2))),
                *("-D", "n=0", "-D", f"run={next(_numbers)}", bench.url),
            ],
            cwd=Path(file.name).parent,
            capture_output=True,
            text=True,
            check=False,
        )
    found = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
    failed = re.search(r"number of failed transactions: ([0-9]+)", done.stdout)
    if done.returncode or not found or (failed and failed[1] != "0"):
        raise RuntimeError(f"pgbench failed: {done.stderr.strip()[-500:]}")
    return float(found[1])
