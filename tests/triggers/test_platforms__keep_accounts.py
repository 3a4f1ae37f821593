import pytest

from calls import Connection, get_user, refused


@pytest.mark.parametrize(
    "wrong",
    [
        "DELETE FROM ttfd.platforms WHERE name = 'telegram'",
        "UPDATE ttfd.platforms SET name = 'tg' WHERE name = 'telegram'",
    ],
)
def test_a_platform_with_accounts_stays_and_keeps_its_name(db: Connection, wrong: str) -> None:
    get_user(db, "1")
    with refused(db, "23503"):
        db.execute(wrong)


def test_a_platform_without_accounts_may_go(db: Connection) -> None:
    get_user(db, "1")
    db.execute("UPDATE ttfd.platforms SET name = 'aol' WHERE name = 'discord'")
    db.execute("DELETE FROM ttfd.platforms WHERE name = 'aol'")
