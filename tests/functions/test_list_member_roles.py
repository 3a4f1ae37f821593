from typing import Any

from calls import Connection, acting_as, get_user, refused, rows
from roles import give


def member_roles(db: Connection, user_id: int, platform: str = "discord") -> list[Any]:
    return [tuple(found) for found in rows(db, "SELECT * FROM ttfd.list_member_roles(%s, %s)", user_id, platform)]


def test_it_says_of_one_member_what_the_list_says_of_all(db: Connection) -> None:
    give(db, "here", rank_id=1)
    give(db, "later", rank_id=2)
    user_id = get_user(db, "1", "discord")
    get_user(db, "2", "discord")
    assert member_roles(db, user_id) == [(user_id, "1", ["here"], ["later"], [], [])]


def test_a_member_without_an_account_there_has_no_row(db: Connection) -> None:
    assert member_roles(db, get_user(db, "1", "telegram")) == []


def test_an_unknown_user_and_another_platform_are_refused(db: Connection) -> None:
    with refused(db, "TU001"):
        member_roles(db, 12345)
    user_id = get_user(db)
    with acting_as(db, "ttfd_discord"), refused(db, "TP001"):
        member_roles(db, user_id, "telegram")
