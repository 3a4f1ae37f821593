import re

import psycopg
import pytest

from calls import Connection, acting_as, get_user, refused, row, set_time, value, while_blocked
from links import create_code, redeem, unlink


def test_a_code_has_ten_symbols_none_of_which_look_alike(db: Connection) -> None:
    codes = [create_code(db, str(number)) for number in range(1, 301)]
    assert all(re.fullmatch("[0-9A-HJKMNP-TV-Z]{10}", code) for code in codes)
    assert len(set(codes)) == len(codes)


def test_every_symbol_is_as_likely_as_the_others_at_every_place(db: Connection) -> None:
    drawn = db.execute(
        "SELECT n.place, substr(c.code, n.place, 1), count(*)"
        "  FROM (SELECT ttfd.generate_link_code() AS code FROM generate_series(1, 16000)) c"
        " CROSS JOIN generate_series(1, 10) n (place) GROUP BY 1, 2"
    ).fetchall()
    assert len(drawn) == 320
    assert sum((count - 500) ** 2 / 500 for _, _, count in drawn) < 420  # chi-squared, 310 degrees: p = 0.00003


def test_a_code_is_valid_for_ten_minutes(db: Connection) -> None:
    set_time(db, "2026-03-01 12:00Z")
    made = row(db, "SELECT * FROM ttfd.create_link_code('telegram', '1')")
    assert made.expires_at.isoformat() == "2026-03-01T12:10:00+00:00"
    set_time(db, "2026-03-01 12:10Z")
    assert redeem(db, made.code).status == "invalid"
    set_time(db, "2026-03-01 12:09:59Z")
    assert redeem(db, made.code).status == "linked"


def test_the_first_contact_may_be_the_wish_for_a_code(db: Connection) -> None:
    create_code(db, "Anna@Example.org", "website")
    assert get_user(db, "anna@example.org", "website") == value(db, "SELECT max(id) FROM ttfd.unified_users")


def test_a_new_code_voids_the_old_one(db: Connection) -> None:
    old, new = create_code(db), create_code(db)
    assert redeem(db, old).status == "invalid"
    assert redeem(db, new).status == "linked"


def test_the_code_itself_is_nowhere_in_the_database(db: Connection) -> None:
    code = create_code(db)
    assert value(db, "SELECT count(*) FROM ttfd.link_codes c WHERE c::text ILIKE %s", f"%{code}%") == 0
    assert value(db, "SELECT octet_length(code_hash) FROM ttfd.link_codes") == 32


def test_the_eleventh_code_within_an_hour_is_refused_and_the_tenth_stays_valid(db: Connection) -> None:
    set_time(db, "2026-03-01 12:00Z")
    codes = [create_code(db) for _ in range(10)]
    with refused(db, "TL004"):
        create_code(db)
    assert redeem(db, codes[-1]).status == "linked"
    set_time(db, "2026-03-01 13:00Z")
    create_code(db)


def test_unlinking_the_account_voids_its_code(db: Connection) -> None:
    redeem(db, create_code(db, "1"), "2", "discord")
    code = create_code(db, "2", "discord")
    unlink(db, get_user(db, "1"), "discord")
    assert redeem(db, code, "a@example.org", "website").status == "invalid"


def test_an_account_unlinked_at_the_same_moment_starts_anew_and_gets_its_code(
    db: Connection, database_url: str
) -> None:
    redeem(db, create_code(db, "1"), "2", "discord")
    with psycopg.connect(database_url) as holder:
        unlink(holder, get_user(db, "1"), "discord")
        code = while_blocked(database_url, holder, lambda own: create_code(own, "2", "discord"))
    assert redeem(db, code, "a@example.org", "website").user_id == get_user(db, "2", "discord") != get_user(db, "1")


@pytest.mark.parametrize(("platform", "external_id"), [("discord", "anna"), ("irc", "1"), ("website", "anna")])
def test_an_id_of_the_wrong_form_is_refused(db: Connection, platform: str, external_id: str) -> None:
    with refused(db, "TU002"):
        create_code(db, external_id, platform)


def test_discord_makes_no_code_for_telegram(db: Connection) -> None:
    with acting_as(db, "ttfd_discord"), refused(db, "TP001"):
        create_code(db, "1", "telegram")
