"""play_game: the server draws; the bet and the win happen together, once."""

import uuid
from typing import Any

import psycopg
import pytest

from calls import (
    Connection,
    acting_as,
    apply_event,
    get_user,
    new_id,
    process_all,
    refused,
    row,
    rows,
    set_time,
    together,
    value,
    violations,
)
from links import merge

NOON, LATER = "2026-03-01 12:00Z", "2026-03-01 12:00:30Z"


def play(
    db: Connection,
    game: str = "guess",
    choice: int | None = 1,
    bet: int | None = 0,
    question_id: int | None = None,
    event_id: uuid.UUID | None = None,
    external_id: str = "1",
) -> Any:
    return row(
        db,
        "SELECT * FROM ttfd.play_game(%s, 'telegram', %s, %s, %s, %s, %s)",
        event_id or new_id(), external_id, game, choice, bet, question_id,
    )  # fmt: skip


def rich(db: Connection, coins: int = 100, external_id: str = "1") -> int:
    apply_event(db, "game_played", {"coins": coins}, external_id=external_id)
    return get_user(db, external_id)


def guess_until(db: Connection, won: bool, bet: int = 0) -> Any:
    """Play until it ends so; chance decides, so the coins are many."""
    for _ in range(400):
        db.execute("DELETE FROM ttfd.award_windows")
        played = play(db, bet=bet)
        if played.won is won:
            return played
    raise AssertionError("400 games ended otherwise")


def test_a_win_pays_the_bet_three_times_and_50_xp(db: Connection) -> None:
    db.execute("UPDATE ttfd.games SET choices = 2 WHERE name = 'guess'")
    rich(db, 1000)
    played = guess_until(db, True, bet=5)
    assert (played.status, played.xp, played.coins, played.won, played.drawn, played.bet) == (
        "applied", 50, 15, True, 1, 5,
    )  # fmt: skip


def test_a_loss_takes_the_bet_and_pays_5_xp(db: Connection) -> None:
    rich(db, 1000)
    played = guess_until(db, False, bet=5)
    assert (played.xp, played.coins, played.won) == (5, 0, False)
    assert played.drawn in range(2, 11)


def test_the_balance_is_the_sum_of_bets_and_wins(db: Connection) -> None:
    db.execute("UPDATE ttfd.games SET choices = 2 WHERE name = 'guess'")
    user_id, before = rich(db), 100
    for _ in range(20):
        db.execute("DELETE FROM ttfd.award_windows")
        played = play(db, bet=5)
        assert played.total_coins == before - 5 + (15 if played.won else 0) + (50 if played.rank_up else 0)
        before = played.total_coins
    process_all(db)
    assert violations(db) == []
    games = value(db, "SELECT games_played FROM ttfd.unified_users WHERE id = %s", user_id)
    assert games == 21


def test_the_member_counts_the_game_and_the_win(db: Connection) -> None:
    db.execute("UPDATE ttfd.games SET prizes = '{7}' WHERE name = 'spin'")
    play(db, "spin", None)
    found = row(db, "SELECT games_played, games_won, coins FROM ttfd.unified_users")
    assert tuple(found) == (1, 1, 7)


def test_every_number_is_drawn_about_as_often(db: Connection) -> None:
    drawn = [
        found.drawn
        for found in rows(
            db,
            "SELECT d.drawn FROM ttfd.games g, generate_series(1, 2000) n, ttfd.draw_result(g, 1, n * 0, NULL) d"
            " WHERE g.name = 'guess'",
        )
    ]
    assert set(drawn) == set(range(1, 11))
    assert all(130 < drawn.count(number) < 270 for number in range(1, 11))


@pytest.mark.parametrize(("choice", "won"), [(2, True), (1, False)])
def test_a_quiz_is_won_by_the_right_answer(db: Connection, choice: int, won: bool) -> None:
    rich(db)
    question_id = value(db, "SELECT min(id) FROM ttfd.quiz_questions WHERE answer = 2")
    played = play(db, "quiz", choice, 10, question_id)
    assert (played.won, played.drawn, played.xp, played.coins) == (won, 2, 30 if won else 5, 20 if won else 0)


def test_sent_again_it_is_the_same_game(db: Connection) -> None:
    rich(db)
    event_id = new_id()
    first = play(db, bet=10, event_id=event_id)
    again = play(db, bet=10, event_id=event_id)
    assert again == first._replace(status="duplicate")
    assert value(db, "SELECT count(*) FROM ttfd.cross_platform_events WHERE event_type = 'coins_spent'") == 1


@pytest.mark.parametrize("change", [{"choice": 2}, {"bet": 9}, {"game": "quiz"}, {"external_id": "2"}])
def test_the_same_id_is_not_another_game(db: Connection, change: dict[str, Any]) -> None:
    rich(db)
    event_id = new_id()
    play(db, bet=10, event_id=event_id)
    with refused(db, "TE002"):
        play(db, **{"bet": 10, "event_id": event_id, **change})


def test_two_at_once_play_once(db: Connection, database_url: str) -> None:
    rich(db)
    event_id = new_id()
    played = together(database_url, [lambda own: play(own, bet=10, event_id=event_id)] * 8)
    assert sorted(seen.status for seen in played) == ["applied"] + ["duplicate"] * 7
    assert len({(seen.drawn, seen.total_coins) for seen in played}) == 1


def test_a_storm_of_games_plays_one_each_cooldown(db: Connection, database_url: str) -> None:
    rich(db)

    def attempt(own: Connection) -> str:
        try:
            return str(play(own, bet=10).status)
        except psycopg.Error as error:
            return str(error.sqlstate)

    assert sorted(together(database_url, [attempt] * 8)) == ["TC002"] * 7 + ["applied"]


def test_the_next_game_has_to_wait_and_is_told_how_long(db: Connection) -> None:
    set_time(db, NOON)
    play(db)
    with refused(db, "TC002") as caught:
        play(db)
    assert caught.value.diag.message_hint == "Possible again from 2026-03-01T12:00:30Z."
    set_time(db, LATER)
    assert play(db).status == "applied"


def test_another_game_does_not_have_to_wait(db: Connection) -> None:
    set_time(db, NOON)
    play(db)
    assert play(db, "spin", None).status == "applied"


def test_the_wheel_waits_24_hours_from_the_last_spin_whatever_the_date(db: Connection) -> None:
    set_time(db, "2026-03-01 23:59Z")
    play(db, "spin", None)
    set_time(db, "2026-03-02 23:58:59Z")
    with refused(db, "TC002"):
        play(db, "spin", None)
    set_time(db, "2026-03-02 23:59Z")
    assert play(db, "spin", None).status == "applied"


def test_a_merge_brings_no_second_spin(db: Connection) -> None:
    play(db, "spin", None, external_id="1")
    merge(db, get_user(db, "9", "discord"), get_user(db, "1"))
    with refused(db, "TC002"):
        play(db, "spin", None, external_id="1")


def test_forgetting_brings_no_second_spin(db: Connection) -> None:
    played = play(db, "spin", None, external_id="1")
    db.execute("SELECT ttfd.forget_user(%s)", [played.user_id])
    with refused(db, "TC002"):
        play(db, "spin", None, external_id="1")


@pytest.mark.parametrize("bet", [-1, 301])
def test_a_bet_that_is_not_allowed_is_refused(db: Connection, bet: int) -> None:
    rich(db, 1000)
    with refused(db, "TE003"):
        play(db, bet=bet)


def test_a_bet_beyond_the_balance_takes_nothing(db: Connection) -> None:
    rich(db, 9)
    with refused(db, "TC001"):
        play(db, bet=10)
    assert value(db, "SELECT coins FROM ttfd.unified_users") == 9
    assert value(db, "SELECT count(*) FROM ttfd.award_windows") == 0


@pytest.mark.parametrize(("game", "choice", "question_id"), [
    ("guess", None, None), ("guess", 0, None), ("guess", 11, None), ("quiz", 1, None),
    ("quiz", 1, -1), ("quiz", None, 1),
])  # fmt: skip
def test_a_choice_that_cannot_be_is_refused(
    db: Connection, game: str, choice: int | None, question_id: int | None
) -> None:
    with refused(db, "22023"):
        play(db, game, choice, 0, question_id)


@pytest.mark.parametrize("game", ["chess", None])
def test_an_unknown_game_is_refused(db: Connection, game: str | None) -> None:
    with refused(db, "P0002"):
        play(db, game)  # type: ignore[arg-type]


def test_a_game_that_is_switched_off_is_refused(db: Connection) -> None:
    db.execute("UPDATE ttfd.games SET is_enabled = false")
    with refused(db, "P0002"):
        play(db)


def test_a_boost_multiplies_what_is_won_but_not_the_bet(db: Connection) -> None:
    db.execute("UPDATE ttfd.games SET prizes = '{7}' WHERE name = 'spin'")
    db.execute(
        "INSERT INTO ttfd.boosts (factor, starts_at, ends_at) VALUES (2, now() - '1 day'::interval, now() + '1 day')"
    )
    played = play(db, "spin", None)
    assert (played.xp, played.coins, played.note) == (40, 14, "boost ×2")


def test_a_role_plays_for_its_own_platform_only(db: Connection) -> None:
    with acting_as(db, "ttfd_discord"), refused(db, "TP001"):
        play(db)
    with acting_as(db, "ttfd_telegram"):
        play(db)


def test_it_needs_an_id(db: Connection) -> None:
    with refused(db, "22004"):
        row(db, "SELECT * FROM ttfd.play_game(NULL, 'telegram', '1', 'spin')")


def test_a_game_and_an_event_type_of_any_name_have_cooldowns_of_their_own(db: Connection) -> None:
    set_time(db, NOON)
    db.execute("UPDATE ttfd.event_types SET cooldown_seconds = 3600 WHERE name = 'game_played'")
    db.execute("UPDATE ttfd.games SET name = 'played', cooldown_seconds = 60 WHERE name = 'guess'")
    db.execute("UPDATE ttfd.games SET name = 'work' WHERE name = 'spin'")
    assert play(db, "played").status == "applied"
    assert row(db, "SELECT * FROM ttfd.claim_work(%s, 'telegram', '1')", new_id()).status == "applied"
    assert play(db, "work", None).status == "applied"
    kinds = rows(db, "SELECT event_type FROM ttfd.award_windows ORDER BY event_type")
    assert [kind for (kind,) in kinds] == ["game:played", "game:work", "game_played", "work"]
    with refused(db, "TC002"):
        play(db, "played")
    process_all(db)
    assert violations(db) == []
