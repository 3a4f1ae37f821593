import pytest

from calls import Connection, acting_as, profile, refused, row, rows, value, violations
from legacy_records import Source, owner, run

NAMESAKES: dict[str, Source] = {
    "telegram": [{"id": "1", "username": "alex", "xp": 100}, {"id": "2", "username": "Alex", "xp": 20}],
    "discord": [{"id": "9", "username": "alex", "xp": 3}],
}


def settle(db: Connection, conflict_id: int, *answer: str) -> object:
    places = ", ".join(["%s"] * (1 + len(answer)))
    return row(db, f"SELECT * FROM ttfd.settle_import_conflict({places})", conflict_id, *answer)


def open_conflicts(db: Connection) -> dict[tuple[str, str], int]:
    found = rows(db, "SELECT * FROM ttfd.list_import_conflicts(NULL)")
    return {(seen.platform, seen.external_id): seen.conflict_id for seen in found if seen.settled_at is None}


def test_together_makes_one_member_of_two_and_can_be_undone(db: Connection) -> None:
    run(db, **NAMESAKES)
    conflict_id = open_conflicts(db)["discord", "9"]
    settled = settle(db, conflict_id, "together", "telegram", "2")
    alex = owner(db, "discord", "9")
    assert settled.conflict_id == conflict_id  # type: ignore[attr-defined]
    assert (settled.settlement, settled.user_id) == ("together with telegram 2", alex)  # type: ignore[attr-defined]
    assert owner(db, "telegram", "2") == alex != owner(db, "telegram", "1")
    assert profile(db, alex).xp == 23
    assert violations(db) == []
    db.execute("SELECT ttfd.undo_merge(%s)", [settled.merge_id])  # type: ignore[attr-defined]
    assert owner(db, "telegram", "2") != owner(db, "discord", "9")
    assert violations(db) == []


def test_a_settlement_does_not_name_somebody_who_was_forgotten(db: Connection) -> None:
    run(db, **NAMESAKES)
    conflict_id = open_conflicts(db)["discord", "9"]
    settled = settle(db, conflict_id, "together", "telegram", "2")
    db.execute("SELECT ttfd.undo_merge(%s)", [settled.merge_id])  # type: ignore[attr-defined]
    db.execute("SELECT ttfd.forget_user(%s)", [owner(db, "telegram", "2")])
    (kept,) = rows(db, "SELECT settlement FROM ttfd.import_conflicts WHERE id = %s", conflict_id)
    assert kept.settlement == "together"


def test_apart_leaves_everything_as_it_is(db: Connection) -> None:
    run(db, **NAMESAKES)
    settled = settle(db, open_conflicts(db)["discord", "9"], "apart")
    assert (settled.settlement, settled.merge_id) == ("apart", None)  # type: ignore[attr-defined]
    assert len({owner(db, "telegram", "1"), owner(db, "telegram", "2"), owner(db, "discord", "9")}) == 3


def test_what_is_settled_is_not_asked_again_when_the_same_data_come_again(db: Connection) -> None:
    run(db, **NAMESAKES)
    for conflict_id in open_conflicts(db).values():
        settle(db, conflict_id, "apart")
    again = run(db, **NAMESAKES)
    assert again.conflicts == 3
    assert open_conflicts(db) == {}


def test_a_conflict_is_settled_once(db: Connection) -> None:
    run(db, **NAMESAKES)
    conflict_id = open_conflicts(db)["discord", "9"]
    settle(db, conflict_id, "apart")
    with refused(db, "55000"):
        settle(db, conflict_id, "together", "telegram", "2")


@pytest.mark.parametrize(
    ("answer", "sqlstate"),
    [
        (("maybe",), "22023"),
        (("together",), "22023"),
        (("together", "telegram", "77"), "22023"),
        (("together", "discord", "9"), "22023"),
    ],
)
def test_an_answer_that_is_none_is_refused(db: Connection, answer: tuple[str, ...], sqlstate: str) -> None:
    run(db, **NAMESAKES)
    with refused(db, sqlstate):
        settle(db, open_conflicts(db)["discord", "9"], *answer)


def test_two_accounts_of_one_platform_do_not_come_together(db: Connection) -> None:
    run(db, **NAMESAKES)
    settle(db, open_conflicts(db)["discord", "9"], "together", "telegram", "2")
    with refused(db, "TL002"):
        settle(db, open_conflicts(db)["telegram", "1"], "together", "discord", "9")


def test_an_unknown_conflict_is_refused(db: Connection) -> None:
    with refused(db, "P0002"):
        settle(db, 10**9, "apart")


def test_an_administrator_settles_and_it_is_audited(db: Connection) -> None:
    run(db, **NAMESAKES)
    conflict_id = open_conflicts(db)["discord", "9"]
    with acting_as(db, "ttfd_admin"):
        settle(db, conflict_id, "together", "telegram", "2")
    assert value(db, "SELECT count(*) FROM ttfd.audit_log WHERE action = 'import_conflict_settled'") == 1
