import pytest

from calls import Connection, acting_as, get_user, refused, row, value
from roles import desired, give, report


@pytest.fixture(autouse=True)
def member(db: Connection) -> None:
    give(db, "here", rank_id=1)
    give(db, "later", rank_id=2)
    get_user(db, "1", "discord")


def test_a_role_that_was_removed_by_hand_is_not_asked_for_again(db: Connection) -> None:
    assert desired(db) == {"1": (["here"], ["later"])}
    assert report(db, "removed", "here")
    assert desired(db) == {"1": ([], ["later"])}
    assert not report(db, "removed", "here")


def test_others_keep_the_role(db: Connection) -> None:
    get_user(db, "2", "discord")
    report(db, "removed", "here")
    assert desired(db)["2"] == (["here"], ["later"])


def test_roles_of_other_bots_are_not_remembered(db: Connection) -> None:
    assert not report(db, "removed", "moderator")
    assert value(db, "SELECT count(*) FROM ttfd.removed_roles") == 0


def test_a_bot_speaks_for_its_own_platform_and_names_an_account(db: Connection) -> None:
    with acting_as(db, "ttfd_telegram"), refused(db, "TP001"):
        report(db, "removed", "here")
    with refused(db, "TU002"):
        row(db, "SELECT * FROM ttfd.report_role_removed('discord', 'anna', 'here')")
