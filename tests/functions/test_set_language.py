"""set_language: Russian or English, for an account, which may be new."""

import pytest

from calls import Connection, refused, row, value


def choose(db: Connection, language: str | None) -> tuple[str | None, str]:
    found = row(db, "SELECT * FROM ttfd.set_language('telegram', '1', %s)", language)
    return found.language, found.announcements


@pytest.mark.parametrize("language", ["ru", "en", None])
def test_a_choice_replaces_the_one_before(db: Connection, language: str | None) -> None:
    choose(db, "en")
    assert choose(db, language) == (language, "private")
    assert value(db, "SELECT count(*) FROM ttfd.account_preferences") == 1


def test_a_choice_leaves_the_announcements_as_they_are(db: Connection) -> None:
    db.execute("SELECT ttfd.set_announcements('telegram', '1', 'off')")
    assert choose(db, "ru") == ("ru", "off")


def test_the_account_is_created_at_first_contact(db: Connection) -> None:
    choose(db, "ru")
    assert value(db, "SELECT telegram_id FROM ttfd.unified_users") == "1"


def test_a_language_that_nobody_speaks_is_refused(db: Connection) -> None:
    with refused(db, "23514") as caught:
        choose(db, "tlh")
    assert caught.value.diag.constraint_name == "account_preferences_language_known"
