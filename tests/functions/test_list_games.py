"""list_games: what can be played, by the rules of the table."""

from calls import Connection, rows, value


def test_games_that_ship_pay_what_members_are_used_to(db: Connection) -> None:
    found = {game.game: game for game in rows(db, "SELECT * FROM ttfd.list_games()")}
    assert (found["guess"].choices, found["guess"].win_xp, found["guess"].loss_xp, found["guess"].factor) == (
        10,
        50,
        5,
        3,
    )
    assert (found["quiz"].asks_questions, found["quiz"].win_xp, found["quiz"].loss_xp, found["quiz"].factor) == (
        True, 30, 5, 2,
    )  # fmt: skip
    assert found["spin"].cooldown_seconds == 24 * 3600


def test_no_game_can_state_more_than_its_event_type_allows(db: Connection) -> None:
    most = value(db, "SELECT least(1000, stated_coins_max) FROM ttfd.event_types WHERE name = 'game_played'")
    assert all(game.max_bet * game.factor <= most for game in rows(db, "SELECT * FROM ttfd.list_games()"))
    assert value(db, "SELECT max(p) FROM ttfd.games, unnest(prizes) p") <= most
    assert value(db, "SELECT max(win_xp) <= 100 FROM ttfd.games")


def test_a_game_that_is_switched_off_is_not_listed(db: Connection) -> None:
    db.execute("UPDATE ttfd.games SET is_enabled = false WHERE name = 'spin'")
    assert [game.game for game in rows(db, "SELECT * FROM ttfd.list_games()")] == ["guess", "quiz"]
