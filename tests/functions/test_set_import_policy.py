import pytest

from calls import Connection, profile, refused, value, violations
from legacy_records import Source, load, owner, unify

SOURCES: dict[str, Source] = {
    "telegram": [{"id": "1", "username": "anna", "xp": 100, "coins": 9, "games_played": 1}, {"id": "2", "xp": 5}],
    "discord": [{"id": "9", "username": "anna", "xp": 400, "coins": 3, "games_played": 2, "total_voice_time": 60}],
}


def run(db: Connection, policy: str) -> None:
    run_id = load(db, **SOURCES)
    db.execute("SELECT ttfd.set_import_policy(%s, %s)", [run_id, policy])
    unify(db, run_id)


@pytest.mark.parametrize(
    ("policy", "xp", "coins"),
    [
        ("sum", 500, 12),
        ("max", 400, 9),
        ("prefer telegram", 100, 9),
        ("prefer discord", 400, 3),
        ("prefer mee6", 400, 9),
    ],
)
def test_the_policy_decides_about_xp_and_coins_of_a_person_with_several_accounts(
    db: Connection, policy: str, xp: int, coins: int
) -> None:
    run(db, policy)
    anna = profile(db, owner(db, "telegram", "1"))
    assert (anna.xp, anna.coins, anna.games_played, anna.total_voice_time) == (xp, coins, 3, 60)
    assert profile(db, owner(db, "telegram", "2")).xp == 5
    assert violations(db) == []


def test_the_same_data_under_another_policy_change_to_it(db: Connection) -> None:
    for policy, xp in (("sum", 500), ("max", 400), ("prefer telegram", 100), ("sum", 500)):
        run(db, policy)
        assert profile(db, owner(db, "telegram", "1")).xp == xp
    assert violations(db) == []


@pytest.mark.parametrize("policy", ["least", "prefer", "prefer Telegram!", "", None])
def test_another_policy_is_refused(db: Connection, policy: str | None) -> None:
    run_id = load(db, **SOURCES)
    with refused(db, "22023"):
        db.execute("SELECT ttfd.set_import_policy(%s, %s)", [run_id, policy])


def test_a_finished_run_keeps_its_policy(db: Connection) -> None:
    run(db, "max")
    with refused(db, "55000"):
        db.execute("SELECT ttfd.set_import_policy(%s, 'sum')", [value(db, "SELECT max(id) FROM ttfd.import_runs")])
