"""In databases made by chance: a dry run says what the real one does, again is nothing, undone is as before."""

import os
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calls import Connection, get_user, process_all, rows, violations
from legacy_records import load, snapshot, unify
from shared_database import db, shared_database

__all__ = ["db", "shared_database"]

EXAMPLES = int(os.environ.get("TTFD_IMPORT_EXAMPLES", "15"))
PLATFORMS = ("telegram", "discord", "website")
NAMES = st.sampled_from(["anna", "Anna", "@anna", "boris", "Unknown", None, "вера", "ВЕРА", "x" * 300])
NUMBERS = st.integers(1, 6)


def external_id(platform: str, number: int) -> str:
    return f"{number}@example.org" if platform == "website" else str(number)


@st.composite
def records(draw: st.DrawFn, platform: str) -> dict[str, Any]:
    record: dict[str, Any] = {
        "id": external_id(platform, draw(NUMBERS)),
        "username": draw(NAMES),
        "xp": draw(st.one_of(st.integers(0, 60000), st.sampled_from([None, -1, 2**63, "12", "many", 7.9]))),
        # No two platforms agree, else three rows that chance has made alike are refused as a copy.
        "coins": draw(st.integers(0, 150)) * len(PLATFORMS) + PLATFORMS.index(platform),
        "games_played": draw(st.integers(0, 20)),
        "daily_streak": draw(st.integers(0, 9)),
        "achievements": draw(st.lists(st.sampled_from(["a", "b", "c"]), max_size=2)),
        "created_at": draw(st.sampled_from([None, "2024-01-01", "2025-02-29", "2025-01-31T10:00:00"])),
    }
    if draw(st.booleans()):
        other = draw(st.sampled_from([p for p in PLATFORMS if p != platform]))
        field = "website_email" if other == "website" else f"{other}_id"
        record[field] = draw(st.sampled_from([external_id(other, draw(NUMBERS)), "no id"]))
    return record


@st.composite
def sources(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    return {platform: draw(st.lists(records(platform), max_size=6)) for platform in PLATFORMS}


MEMBERS = st.lists(
    st.tuples(st.sampled_from(PLATFORMS), NUMBERS, NAMES.filter(lambda n: n is None or len(n) < 99)), max_size=5
)
POLICIES = st.sampled_from(["sum", "max", "prefer telegram", "prefer website"])


def state(db: Connection) -> dict[str, Any]:
    """All that a run may change, without what numbers it by chance."""
    seen = snapshot(db)
    seen["imported"] = [found._replace(run_id=0) for found in seen["imported"]]
    return seen


def people(db: Connection) -> list[Any]:
    """Members as they are, but for when their XP last changed: undoing an import changes them as well."""
    return rows(
        db,
        "SELECT u.id, to_jsonb(u) - 'xp_since', (SELECT jsonb_agg(to_jsonb(a) - 'import_run_id' ORDER BY a.platform)"
        "   FROM ttfd.platform_accounts a WHERE a.user_id = u.id)"
        "  FROM ttfd.unified_users u WHERE u.forgotten_at IS NULL ORDER BY u.id",
    )


def start(db: Connection, data: dict[str, list[dict[str, Any]]], policy: str) -> int:
    run_id = load(db, **data)  # type: ignore[arg-type]
    db.execute("SELECT ttfd.set_import_policy(%s, %s)", [run_id, policy])
    return run_id


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(members=MEMBERS, first=sources(), second=sources(), policy=POLICIES, by_name=st.booleans())
def test_a_dry_run_predicts_the_real_run_and_undoing_it_leads_back(
    db: Connection,
    members: list[tuple[str, int, str | None]],
    first: dict[str, list[dict[str, Any]]],
    second: dict[str, list[dict[str, Any]]],
    policy: str,
    by_name: bool,
) -> None:
    with db.transaction(force_rollback=True):
        for platform, number, name in members:
            get_user(db, external_id(platform, number), platform, name)
        unify(db, start(db, first, policy), link_by_username=by_name)
        process_all(db)
        before = people(db)
        run_id = start(db, second, policy)
        untouched = state(db)
        dry = unify(db, run_id, dry_run=True, link_by_username=by_name)
        assert state(db) == untouched
        real = unify(db, run_id, link_by_username=by_name)
        assert dry._replace(status="") == real._replace(status="")
        assert violations(db) == []
        after = state(db)
        again = unify(db, start(db, second, policy), link_by_username=by_name)
        assert (again.users_created, again.linked_by_id, again.linked_by_username) == (0, 0, 0)
        assert state(db) == after
        db.execute("SELECT ttfd.undo_import(%s)", [again.run_id])
        db.execute("SELECT ttfd.undo_import(%s)", [run_id])
        assert people(db) == before
        process_all(db)
        assert violations(db) == []
