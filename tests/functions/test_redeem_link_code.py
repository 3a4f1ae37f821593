"""What a code does, and everything that somebody who wants another one's account may try."""

from collections import Counter

import pytest

from calls import (
    Connection,
    acting_as,
    apply_event,
    get_user,
    process_all,
    profile,
    record_event,
    refused,
    row,
    set_time,
    together,
    value,
    violations,
)
from links import audited, create_code, merge, redeem, told, undo, unlink

NOTHING = (None, None)


def answer(db: Connection, code: str | None, external_id: str = "2", platform: str = "discord") -> tuple[object, ...]:
    return tuple(redeem(db, code, external_id, platform))


def test_an_account_that_is_new_joins_the_user_who_made_the_code(db: Connection) -> None:
    apply_event(db, "game_played", {"xp": 10})
    anna = get_user(db, "1")
    assert answer(db, create_code(db)) == ("linked", anna, None)
    assert get_user(db, "2", "discord") == anna
    assert profile(db, anna).platforms == ["discord", "telegram"]
    assert told(db, "account_linked") == [
        (anna, {"platform": "discord", "method": "code", "platforms": ["discord", "telegram"]}, 0, 0)
    ]
    assert [line["user_id"] for line in audited(db, "account_linked")] == [anna]
    assert violations(db) == []


def test_two_histories_are_merged_into_the_older_user(db: Connection) -> None:
    set_time(db, "2026-03-01 12:00Z")
    apply_event(db, "game_played", {"xp": 30, "coins": 3}, external_id="2", platform="discord")
    set_time(db, "2026-03-01 12:01Z")
    apply_event(db, "game_played", {"xp": 12, "coins": 5})
    older, younger = get_user(db, "2", "discord"), get_user(db, "1")
    found = redeem(db, create_code(db))
    assert (found.status, found.user_id) == ("merged", older)
    seen = profile(db, younger)
    assert (seen.user_id, seen.xp, seen.coins, seen.games_played) == (older, 42, 8, 2)
    assert get_user(db, "1") == get_user(db, "2", "discord") == older
    assert violations(db) == []
    undo(db, found.merge_id)
    assert (profile(db, older).xp, profile(db, younger).xp) == (30, 12)


def test_among_users_of_the_same_moment_the_lower_id_survives(db: Connection) -> None:
    set_time(db, "2026-03-01 12:00Z")
    apply_event(db, "game_played", {"xp": 30}, external_id="2", platform="discord")
    apply_event(db, "game_played", {"xp": 30})
    assert redeem(db, create_code(db)).user_id == get_user(db, "2", "discord")


@pytest.mark.parametrize("has_history", ["1", "2"])
def test_a_user_with_nothing_joins_the_one_with_a_history(db: Connection, has_history: str) -> None:
    users = {"1": get_user(db, "1"), "2": get_user(db, "2", "discord")}
    apply_event(
        db, "game_played", {"xp": 1}, external_id=has_history, platform=["telegram", "discord"][int(has_history) - 1]
    )
    found = redeem(db, create_code(db))
    assert (found.status, found.user_id) == ("linked", users[has_history])
    assert found.merge_id is not None
    assert violations(db) == []


def test_accounts_of_one_user_are_already_linked(db: Connection) -> None:
    redeem(db, create_code(db))
    assert answer(db, create_code(db)) == ("already_linked", get_user(db, "1"), None)


@pytest.mark.parametrize("disguise", [str.lower, lambda c: f" {c[:3]}-{c[3:7]} {c[7:]}\u0020", str.title])
def test_case_hyphens_and_spaces_do_not_matter(db: Connection, disguise: object) -> None:
    assert redeem(db, disguise(create_code(db))).status == "linked"  # type: ignore[operator]


@pytest.mark.parametrize(("meant", "typed"), [("0", "O"), ("0", "o"), ("1", "I"), ("1", "l"), ("1", "i"), ("1", "L")])
def test_a_letter_that_no_code_contains_is_read_as_the_digit_it_looks_like(
    db: Connection, meant: str, typed: str
) -> None:
    plain, misread = value(
        db, "SELECT ARRAY[encode(ttfd.hash_link_code(%s), 'hex'), encode(ttfd.hash_link_code(%s), 'hex')]",
        f"AB{meant}CDEFGHJ", f"AB{typed}CDEFGHJ",
    )  # fmt: skip
    assert plain == misread


# Cyrillic and full-width letters, a long s, a dotless i, and digits of another script: none of them is the code.
LOOK_ALIKES = {"A": "А", "B": "В", "E": "Е", "K": "К", "M": "М", "P": "Р", "C": "С", "T": "Т", "X": "Х",
               "S": "ſ", "1": "ı", "0": "О", "V": "Ｖ", "5": "S", "2": "Z", "8": "B"}  # fmt: skip


def test_wrong_used_expired_own_voided_and_look_alike_codes_get_one_answer(db: Connection) -> None:
    set_time(db, "2026-03-01 12:00Z")
    expired = create_code(db, "11")
    set_time(db, "2026-03-01 12:10Z")
    used, voided, own = create_code(db, "12"), create_code(db, "13"), create_code(db, "14")
    redeem(db, used, "99")
    create_code(db, "13")
    tried: list[tuple[str | None, str, str]] = [
        ("0000000000", "21", "discord"),
        (used, "22", "discord"),
        (used, "99", "discord"),
        (expired, "23", "discord"),
        (voided, "24", "discord"),
        (own, "14", "telegram"),
        ("", "25", "discord"),
        (None, "26", "discord"),
        ("' OR true --", "27", "discord"),
        (own + "0", "28", "discord"),
        (own[:-1], "29", "discord"),
    ]
    assert {answer(db, *attempt) for attempt in tried} == {("invalid", *NOTHING)}
    assert redeem(db, own, "30").status == "linked"


def test_a_code_in_which_one_symbol_is_a_look_alike_is_wrong(db: Connection) -> None:
    for number, (symbol, alike) in enumerate(LOOK_ALIKES.items(), 100):
        hashes = value(
            db, "SELECT ttfd.hash_link_code(%s) = ttfd.hash_link_code(%s)", f"{symbol}AAAAAAAAA", f"{alike}AAAAAAAAA"
        )
        assert not hashes, symbol
        code = create_code(db, str(number))
        if symbol in code:
            assert answer(db, code.replace(symbol, alike), str(number)) == ("invalid", *NOTHING)


def test_five_failures_in_fifteen_minutes_lock_the_account_even_for_the_right_code(db: Connection) -> None:
    set_time(db, "2026-03-01 12:00Z")
    for _ in range(5):
        assert answer(db, "0000000000") == ("invalid", *NOTHING)
    code = create_code(db)
    assert answer(db, "0000000000") == ("locked", *NOTHING)
    assert answer(db, code) == ("locked", *NOTHING)
    assert redeem(db, code, "3").status == "linked"
    set_time(db, "2026-03-01 12:15Z")
    assert answer(db, create_code(db, "4"))[0] == "linked"


def test_four_failures_do_not_lock(db: Connection) -> None:
    for _ in range(4):
        redeem(db, "0000000000")
    assert redeem(db, create_code(db)).status == "linked"


def test_another_spelling_of_the_account_is_locked_too(db: Connection) -> None:
    for _ in range(5):
        redeem(db, "0000000000", "anna@example.org", "website")
    assert redeem(db, "0000000000", "Anna@Example.ORG", "website").status == "locked"


def test_many_guesses_of_fresh_accounts_lock_their_platform_for_a_minute_and_no_other(db: Connection) -> None:
    set_time(db, "2026-03-01 12:00Z")
    guess = "SELECT r.status FROM generate_series(1, 1200) n, ttfd.redeem_link_code('0', 'discord', n::text) r"
    assert Counter(db.execute(guess)) == {("invalid",): 1000, ("locked",): 200}
    assert redeem(db, create_code(db), "9999", "discord").status == "locked"
    assert redeem(db, create_code(db), "a@example.org", "website").status == "linked"
    set_time(db, "2026-03-01 12:01Z")
    assert redeem(db, create_code(db), "9999", "discord").status == "linked"


def test_a_used_code_is_no_guess(db: Connection) -> None:
    code = create_code(db)
    redeem(db, code)
    redeem(db, code, "3")
    redeem(db, "0000000000", "3")
    assert value(db, "SELECT array_agg(is_guess ORDER BY is_guess) FROM ttfd.link_failures") == [False, True]


def test_old_failures_are_forgotten(db: Connection) -> None:
    set_time(db, "2026-03-01 12:00Z")
    redeem(db, "0000000000")
    set_time(db, "2026-03-01 12:15Z")
    redeem(db, "0000000000", "3")
    assert value(db, "SELECT count(*) FROM ttfd.link_failures") == 1


def test_failures_name_no_account(db: Connection) -> None:
    redeem(db, "0000000000", "anna@example.org", "website")
    assert value(db, "SELECT count(*) FROM ttfd.link_failures f WHERE f::text LIKE '%%example%%'") == 0


def test_two_accounts_on_one_platform_are_refused_and_the_code_stays_valid(db: Connection) -> None:
    anna = get_user(db, "1")
    redeem(db, create_code(db), "2", "discord")
    code = create_code(db)
    for stranger in ("3", "4"):
        with refused(db, "TL002") as caught:
            redeem(db, code, stranger, "discord")
    assert "nlink" in (caught.value.diag.message_hint or "")
    assert redeem(db, code, "a@example.org", "website").user_id == anna


def test_two_users_who_both_have_discord_are_refused_and_unlinking_helps(db: Connection) -> None:
    for telegram, discord in (("1", "2"), ("3", "4")):
        redeem(db, create_code(db, telegram), discord, "discord")
    redeem(db, create_code(db, "3"), "a@example.org", "website")
    code = create_code(db)
    with refused(db, "TL002"):
        redeem(db, code, "a@example.org", "website")
    unlink(db, get_user(db, "3"), "discord")
    unlink(db, get_user(db, "3"), "telegram")
    assert redeem(db, code, "a@example.org", "website").status == "linked"
    assert violations(db) == []


def test_another_account_on_the_platform_of_the_code_gets_nothing(db: Connection) -> None:
    code = create_code(db, "1")
    with refused(db, "TL002"):
        redeem(db, code, "2", "telegram")
    assert value(db, "SELECT count(DISTINCT user_id) FROM ttfd.platform_accounts WHERE external_id = '2'") == 0


def test_ones_own_code_is_worth_nothing_and_counts_as_a_failure(db: Connection) -> None:
    code = create_code(db, "1")
    assert [redeem(db, code, "1", "telegram").status for _ in range(6)] == ["invalid"] * 5 + ["locked"]


def test_a_code_is_not_replayed_on_another_platform(db: Connection) -> None:
    code = create_code(db)
    redeem(db, code, "2", "discord")
    assert answer(db, code, "a@example.org", "website") == ("invalid", *NOTHING)


def test_an_account_that_is_taken_is_not_given_to_somebody_else(db: Connection) -> None:
    redeem(db, create_code(db, "1"), "2", "discord")
    owner = get_user(db, "2", "discord")
    with refused(db, "TL001"):
        row(db, "SELECT * FROM ttfd.link_verified_account(%s, 'discord', '2')", get_user(db, "3"))
    assert get_user(db, "2", "discord") == owner


def test_discord_redeems_nothing_for_telegram(db: Connection) -> None:
    code = create_code(db, "2", "discord")
    with acting_as(db, "ttfd_discord"), refused(db, "TP001"):
        redeem(db, code, "1", "telegram")


def test_a_code_follows_its_account_into_a_merge(db: Connection) -> None:
    code = create_code(db)
    survivor = get_user(db, "2", "discord")
    merge(db, survivor, get_user(db, "1"))
    assert redeem(db, code, "a@example.org", "website").user_id == survivor


def test_what_waits_in_the_queue_reaches_the_survivor(db: Connection) -> None:
    apply_event(db, "game_played", {"xp": 1}, external_id="2", platform="discord")
    apply_event(db, "game_played", {"xp": 2})
    record_event(db, "game_played", {"xp": 20})
    survivor = redeem(db, create_code(db)).user_id
    process_all(db)
    assert profile(db, survivor).xp == 23
    assert violations(db) == []


def test_two_who_redeem_each_others_codes_at_once_become_one(db: Connection, database_url: str) -> None:
    for number in range(20):
        telegram, discord = str(2 * number + 1), str(2 * number + 2)
        apply_event(db, external_id=telegram)
        apply_event(db, external_id=discord, platform="discord")
        one, other = create_code(db, telegram), create_code(db, discord, "discord")
        found = together(
            database_url,
            [
                lambda own, c=one, d=discord: redeem(own, c, d, "discord"),
                lambda own, c=other, t=telegram: redeem(own, c, t, "telegram"),
            ],
        )
        assert sorted(seen.status for seen in found) == ["already_linked", "merged"]
        assert get_user(db, telegram) == get_user(db, discord, "discord") == found[0].user_id
    assert violations(db) == []
