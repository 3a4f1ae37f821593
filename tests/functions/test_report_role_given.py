import pytest

from calls import Connection, acting_as, get_user, refused, row, rows, set_time, value
from roles import desired, give, given, report


@pytest.fixture(autouse=True)
def member(db: Connection) -> None:
    give(db, "here", rank_id=1)
    give(db, "later", rank_id=2)
    get_user(db, "1", "discord")


def test_a_role_that_was_given_is_named_with_the_time(db: Connection) -> None:
    assert given(db) == []
    for clock in ("12:00:00", "13:00:00"):
        set_time(db, f"2026-03-01 {clock}+00")
        assert report(db, "given", "here")
        found = row(db, "SELECT given_role_ids, given_at FROM ttfd.list_desired_roles('discord')")
        assert found.given_role_ids == ["here"]
        assert [f"{moment:%H:%M:%S}" for moment in found.given_at] == [clock]
    assert desired(db) == {"1": (["here"], ["later"])}


def test_a_role_that_was_removed_by_hand_is_no_longer_given(db: Connection) -> None:
    report(db, "given", "here")
    report(db, "removed", "here")
    assert (desired(db), given(db)) == ({"1": ([], ["later"])}, [])
    report(db, "restored", "here")
    assert (desired(db), given(db)) == ({"1": (["here"], ["later"])}, [])


def test_an_account_that_is_nobodys_any_more_ought_to_have_nothing_of_what_it_was_given(db: Connection) -> None:
    user_id = get_user(db, "1", "discord")
    code = value(db, "SELECT code FROM ttfd.create_link_code('discord', '1')")
    db.execute("SELECT ttfd.redeem_link_code(%s, 'telegram', '1')", [code])
    report(db, "given", "here")
    db.execute("SELECT ttfd.unlink_account(%s, 'discord')", [user_id])
    assert desired(db) == {"1": ([], ["here"])}
    assert rows(db, "SELECT * FROM ttfd.list_desired_roles('discord')")[0].user_id is None
    assert report(db, "taken", "here")
    assert desired(db) == {}


def test_pages_name_every_account_once_whether_it_is_somebodys_or_not(db: Connection) -> None:
    for number in range(2, 6):
        give(db, f"more{number}", rank_id=1)
    for number in range(1, 13):
        if number % 4 == 0:
            get_user(db, str(number), "discord")
        for role in ("here", "more2", "more3", "more4") if number % 2 else ():
            report(db, "given", role, str(number))
    seen: list[str] = []
    while page := rows(db, "SELECT * FROM ttfd.list_desired_roles('discord', %s, 4)", seen[-1] if seen else None):
        seen += [found.external_id for found in page]
    assert seen == sorted(str(number) for number in range(1, 13) if number % 4 == 0 or number % 2)


def test_roles_of_other_bots_are_not_remembered(db: Connection) -> None:
    assert not report(db, "given", "moderator")
    assert value(db, "SELECT count(*) FROM ttfd.given_roles") == 0


def test_a_member_who_is_forgotten_leaves_nothing(db: Connection) -> None:
    report(db, "given", "here")
    user_id = get_user(db, "1", "discord")
    document = value(db, "SELECT document FROM ttfd.export_user(%s)", user_id)
    assert [kept["role_id"] for kept in document["given_roles"]] == ["here"]
    db.execute("SELECT ttfd.forget_user(%s)", [user_id])
    assert value(db, "SELECT count(*) FROM ttfd.given_roles") == 0


def test_a_bot_speaks_for_its_own_platform_and_names_an_account(db: Connection) -> None:
    with acting_as(db, "ttfd_telegram"), refused(db, "TP001"):
        report(db, "given", "here")
    with refused(db, "TU002"):
        row(db, "SELECT * FROM ttfd.report_role_given('discord', 'anna', 'here')")
