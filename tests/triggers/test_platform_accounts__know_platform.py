import pytest

from calls import Connection, get_user, refused, value


@pytest.mark.parametrize(
    "wrong",
    [
        "INSERT INTO ttfd.platform_accounts (platform, external_id, user_id, link_method)"
        " SELECT 'icq', '5', id, 'verified' FROM ttfd.unified_users",
        "UPDATE ttfd.platform_accounts SET platform = 'icq'",
    ],
)
def test_an_account_is_of_a_known_platform(db: Connection, wrong: str) -> None:
    get_user(db, "1")
    with refused(db, "23503"):
        db.execute(wrong)
    assert value(db, "SELECT string_agg(platform, ' ') FROM ttfd.platform_accounts") == "telegram"
