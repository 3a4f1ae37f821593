"""get_preferences: what was chosen here, or else elsewhere; an unknown account prefers nothing."""

import json

import pytest

from calls import Connection, acting_as, get_user, refused, row, set_time, value
from links import create_code, merge, redeem, undo, unlink


def get(db: Connection, external_id: str = "1", platform: str = "telegram") -> tuple[str | None, str]:
    found = row(db, "SELECT * FROM ttfd.get_preferences(%s, %s)", platform, external_id)
    return found.language, found.announcements


def set_language(db: Connection, language: str | None, external_id: str = "1", platform: str = "telegram") -> None:
    db.execute("SELECT ttfd.set_language(%s, %s, %s)", [platform, external_id, language])


def test_an_unknown_account_prefers_nothing_and_is_not_created(db: Connection) -> None:
    assert get(db) == (None, "private")
    assert value(db, "SELECT count(*) FROM ttfd.unified_users") == 0


def test_a_language_that_was_chosen_elsewhere_holds_until_one_is_chosen_here(db: Connection) -> None:
    set_language(db, "ru")
    redeem(db, create_code(db))
    assert get(db, "2", "discord") == ("ru", "private")
    set_language(db, "en", "2", "discord")
    assert get(db, "2", "discord") == ("en", "private")
    assert get(db) == ("ru", "private")


def test_of_several_choices_elsewhere_the_last_one_holds(db: Connection) -> None:
    user_id = get_user(db)
    for platform, external_id in (("discord", "2"), ("website", "a@example.org")):
        db.execute("SELECT ttfd.link_verified_account(%s, %s, %s, NULL)", [user_id, platform, external_id])
    set_time(db, "2026-03-01 12:00Z")
    set_language(db, "ru", "a@example.org", "website")
    set_time(db, "2026-03-01 12:01Z")
    set_language(db, "en", "2", "discord")
    assert get(db) == ("en", "private")


def test_a_merge_carries_the_choice_and_its_undo_returns_it(db: Connection) -> None:
    into_id, from_id = get_user(db), get_user(db, "2", "discord")
    set_language(db, "ru", "2", "discord")
    merged = merge(db, into_id, from_id)
    assert get(db) == ("ru", "private")
    undo(db, merged.merge_id)
    assert get(db) == (None, "private")
    assert get(db, "2", "discord") == ("ru", "private")


def test_an_account_that_is_unlinked_or_forgotten_has_chosen_nothing(db: Connection) -> None:
    user_id = get_user(db)
    db.execute("SELECT ttfd.link_verified_account(%s, 'discord', '2', NULL)", [user_id])
    set_language(db, "ru")
    set_language(db, "en", "2", "discord")
    unlink(db, user_id)
    assert get(db, "2", "discord") == (None, "private")
    db.execute("SELECT ttfd.forget_user(%s)", [user_id])
    assert value(db, "SELECT count(*) FROM ttfd.account_preferences") == 0


def test_what_a_member_prefers_is_in_the_export(db: Connection) -> None:
    set_language(db, "ru")
    exported = value(db, "SELECT document -> 'account_preferences' FROM ttfd.export_user(%s)", get_user(db))
    assert [(seen["external_id"], seen["language"]) for seen in json.loads(json.dumps(exported))] == [("1", "ru")]


@pytest.mark.parametrize("function", ["get_preferences('telegram', '1')", "set_language('telegram', '1', 'ru')",
                                      "set_announcements('telegram', '1', 'off')"])  # fmt: skip
def test_a_role_asks_and_chooses_for_its_own_platform_only(db: Connection, function: str) -> None:
    with acting_as(db, "ttfd_discord"), refused(db, "TP001"):
        db.execute(f"SELECT ttfd.{function}")  # type: ignore[arg-type]
    with acting_as(db, "ttfd_telegram"):
        db.execute(f"SELECT ttfd.{function}")  # type: ignore[arg-type]


def test_a_malformed_id_is_refused(db: Connection) -> None:
    with refused(db, "TU002"):
        get(db, "anna")
