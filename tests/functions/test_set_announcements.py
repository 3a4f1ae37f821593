"""set_announcements: to the member alone, where the community reads, or not at all."""

import pytest

from calls import Connection, refused, row, value


def choose(db: Connection, place: str | None) -> tuple[str | None, str]:
    found = row(db, "SELECT * FROM ttfd.set_announcements('telegram', '1', %s)", place)
    return found.language, found.announcements


@pytest.mark.parametrize(
    ("place", "expected"), [("off", "off"), ("public", "public"), ("private", "private"), (None, "private")]
)
def test_a_choice_replaces_the_one_before(db: Connection, place: str | None, expected: str) -> None:
    choose(db, "off" if expected != "off" else "public")
    assert choose(db, place) == (None, expected)
    assert value(db, "SELECT count(*) FROM ttfd.account_preferences") == 1


def test_a_choice_leaves_the_language_as_it_is(db: Connection) -> None:
    db.execute("SELECT ttfd.set_language('telegram', '1', 'ru')")
    assert choose(db, "off") == ("ru", "off")


def test_the_account_is_created_at_first_contact(db: Connection) -> None:
    choose(db, "off")
    assert value(db, "SELECT telegram_id FROM ttfd.unified_users") == "1"


def test_another_place_is_refused(db: Connection) -> None:
    with refused(db, "23514") as caught:
        choose(db, "everywhere")
    assert caught.value.diag.constraint_name == "account_preferences_announcements_known"
