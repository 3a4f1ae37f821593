from calls import Connection, acting_as, get_user, refused
from roles import desired, give, given, report


def test_a_role_that_the_bot_has_taken_may_be_given_again(db: Connection) -> None:
    give(db, "here", rank_id=1)
    get_user(db, "1", "discord")
    report(db, "given", "here")
    assert report(db, "taken", "here")
    assert (desired(db), given(db)) == ({"1": (["here"], [])}, [])
    assert not report(db, "taken", "here")


def test_a_bot_speaks_for_its_own_platform_only(db: Connection) -> None:
    with acting_as(db, "ttfd_telegram"), refused(db, "TP001"):
        report(db, "taken", "here")
