from calls import Connection, acting_as, get_user, refused
from roles import desired, give, report


def test_a_restored_role_is_asked_for_again(db: Connection) -> None:
    give(db, "here", rank_id=1)
    get_user(db, "1", "discord")
    report(db, "removed", "here")
    assert report(db, "restored", "here")
    assert desired(db) == {"1": (["here"], [])}
    assert not report(db, "restored", "here")


def test_a_bot_speaks_for_its_own_platform_only(db: Connection) -> None:
    with acting_as(db, "ttfd_telegram"), refused(db, "TP001"):
        report(db, "restored", "here")
