import pytest

from calls import Connection, get_user, value


@pytest.mark.parametrize(
    "change", ["is_hidden = true", "forgotten_at = now()", "merged_into = (SELECT max(id) FROM ttfd.unified_users)"]
)
def test_who_is_hidden_forgotten_or_merged_is_not_listed_and_comes_back(db: Connection, change: str) -> None:
    user_id = get_user(db, "1")
    get_user(db, "2")
    listed = "SELECT is_listed FROM ttfd.unified_users WHERE id = %s"
    assert value(db, listed, user_id) is True
    db.execute(f"UPDATE ttfd.unified_users SET {change} WHERE id = %s", [user_id])  # type: ignore[arg-type]
    assert value(db, listed, user_id) is False
    db.execute(
        "UPDATE ttfd.unified_users SET is_hidden = false, forgotten_at = NULL, merged_into = NULL WHERE id = %s",
        [user_id],
    )
    assert value(db, listed, user_id) is True


def test_nobody_is_listed_by_writing_it(db: Connection) -> None:
    user_id = value(db, "INSERT INTO ttfd.unified_users (is_hidden, is_listed) VALUES (true, true) RETURNING id")
    db.execute("UPDATE ttfd.unified_users SET is_listed = true WHERE id = %s", [user_id])
    assert value(db, "SELECT is_listed FROM ttfd.unified_users WHERE id = %s", user_id) is False
