import pytest

from calls import Connection, acting_as, get_user, refused, row, rows, value
from sessions import token_hash


def log_in(
    db: Connection,
    platform: str,
    external_id: str,
    username: str | None = None,
    token: str = "t",  # noqa: S107
) -> tuple[int, bool]:
    found = row(
        db, "SELECT * FROM ttfd.log_in(%s, %s, %s, NULL, %s)", platform, external_id, username, token_hash(token)
    )
    return found.user_id, found.created


@pytest.mark.parametrize("platform", ["telegram", "discord"])
def test_the_website_lets_in_whom_a_provider_has_verified_on_any_platform(db: Connection, platform: str) -> None:
    with acting_as(db, "ttfd_website"):
        user_id, created = log_in(db, platform, "5", "anna")
    assert created
    session = row(db, "SELECT * FROM ttfd.website_sessions")
    assert (session.user_id, session.method, bytes(session.token_hash)) == (user_id, platform, token_hash("t"))
    assert value(db, "SELECT expires_at - started_at = interval '30 days' FROM ttfd.website_sessions")


def test_who_is_known_is_found_and_renamed(db: Connection) -> None:
    user_id = get_user(db, "5", "discord", "before")
    assert log_in(db, "discord", "5", "after") == (user_id, False)
    assert value(db, "SELECT username FROM ttfd.platform_accounts") == "after"


def test_a_bot_lets_nobody_in(db: Connection) -> None:
    for role in ("ttfd_telegram", "ttfd_discord"):
        with acting_as(db, role), refused(db, "42501"):
            log_in(db, "discord", "5")


def test_a_wrong_id_is_refused(db: Connection) -> None:
    for external_id in ("", "x", "1 ", "0", "-1"):
        with refused(db, "TU002"):
            log_in(db, "discord", external_id)


def test_of_more_than_twenty_sessions_the_oldest_end(db: Connection) -> None:
    for number in range(25):
        db.execute("UPDATE ttfd.website_sessions SET started_at = started_at - interval '1 hour'")
        log_in(db, "discord", "5", token=str(number))
    kept = {bytes(found.token_hash) for found in rows(db, "SELECT token_hash FROM ttfd.website_sessions")}
    assert kept == {token_hash(str(number)) for number in range(5, 25)}


def test_expired_sessions_are_removed_on_the_way(db: Connection) -> None:
    log_in(db, "discord", "5", token="old")  # noqa: S106
    db.execute("UPDATE ttfd.website_sessions SET started_at = '2020-01-01', expires_at = '2020-01-02'")
    log_in(db, "discord", "6", token="new")  # noqa: S106
    assert value(db, "SELECT count(*) FROM ttfd.website_sessions") == 1
