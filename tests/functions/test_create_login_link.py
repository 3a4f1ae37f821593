from calls import Connection, acting_as, get_user, refused, row, value
from sessions import token_hash

CREATE = "SELECT * FROM ttfd.create_login_link(%s, %s)"


def test_the_table_has_the_hash_of_the_token_only(db: Connection) -> None:
    with acting_as(db, "ttfd_telegram"):
        link = row(db, CREATE, "telegram", "5")
    assert len(link.token) == 64
    assert bytes(value(db, "SELECT token_hash FROM ttfd.login_links")) == token_hash(link.token)


def test_a_new_link_makes_the_old_one_void(db: Connection) -> None:
    old, new = (row(db, CREATE, "telegram", "5").token for _ in range(2))
    assert old != new
    assert bytes(value(db, "SELECT token_hash FROM ttfd.login_links")) == token_hash(new)


def test_a_bot_lets_in_members_of_its_own_platform_only(db: Connection) -> None:
    get_user(db, "5", "discord")
    with acting_as(db, "ttfd_telegram"), refused(db, "TP001"):
        db.execute(CREATE, ["discord", "5"])


def test_the_eleventh_link_within_an_hour_is_refused(db: Connection) -> None:
    for _ in range(10):
        db.execute(CREATE, ["telegram", "5"])
    with refused(db, "TL004"):
        db.execute(CREATE, ["telegram", "5"])


def test_a_forgotten_accounts_link_is_gone(db: Connection) -> None:
    db.execute(CREATE, ["telegram", "5"])
    db.execute("SELECT ttfd.forget_user(%s)", [get_user(db, "5")])
    assert value(db, "SELECT count(*) FROM ttfd.login_links") == 0
