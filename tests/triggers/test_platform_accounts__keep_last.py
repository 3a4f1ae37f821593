import psycopg

from calls import Connection, get_user, profile, refused, rows, violations, while_blocked


def linked(db: Connection) -> int:
    """A member with a Telegram and a Discord account."""
    user_id = get_user(db)
    rows(db, "SELECT * FROM ttfd.link_verified_account(%s, 'discord', '2')", user_id)
    return user_id


def test_one_of_two_accounts_can_be_removed(db: Connection) -> None:
    user_id = linked(db)
    db.execute("DELETE FROM ttfd.platform_accounts WHERE platform = 'telegram'")
    assert profile(db, user_id).platforms == ["discord"]
    assert violations(db) == []


def test_the_last_account_cannot_be_removed(db: Connection) -> None:
    linked(db)
    db.execute("DELETE FROM ttfd.platform_accounts WHERE platform = 'telegram'")
    with refused(db, "TL003"):
        db.execute("DELETE FROM ttfd.platform_accounts WHERE platform = 'discord'")
    with refused(db, "TL003"):
        db.execute("DELETE FROM ttfd.platform_accounts")
    assert violations(db) == []


def test_all_accounts_at_once_cannot_be_removed(db: Connection) -> None:
    linked(db)
    with refused(db, "TL003"):
        db.execute("DELETE FROM ttfd.platform_accounts")


def test_the_last_account_cannot_be_given_away(db: Connection) -> None:
    get_user(db, "1")
    other = get_user(db, "2", "discord")
    with refused(db, "TL003"):
        db.execute("UPDATE ttfd.platform_accounts SET user_id = %s WHERE platform = 'telegram'", [other])


def test_a_merged_member_needs_no_account(db: Connection) -> None:
    merged, survivor = get_user(db, "1"), get_user(db, "2", "discord")
    db.execute("UPDATE ttfd.unified_users SET merged_into = %s WHERE id = %s", [survivor, merged])
    db.execute("UPDATE ttfd.platform_accounts SET user_id = %s WHERE platform = 'telegram'", [survivor])
    assert profile(db, survivor).platforms == ["discord", "telegram"]
    assert violations(db) == []


def test_two_who_remove_the_last_two_accounts_at_once_leave_one(db: Connection, database_url: str) -> None:
    user_id = linked(db)

    def remove(own: Connection) -> str:
        try:
            own.execute("DELETE FROM ttfd.platform_accounts WHERE platform = 'discord'")
        except psycopg.Error as error:
            return str(error.sqlstate)
        return "removed"

    with psycopg.connect(database_url) as holder:
        holder.execute("DELETE FROM ttfd.platform_accounts WHERE platform = 'telegram'")
        assert while_blocked(database_url, holder, remove) == "TL003"
    assert profile(db, user_id).platforms == ["discord"]
    assert violations(db) == []
