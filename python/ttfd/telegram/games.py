"""Games. A running one is no more than its buttons; the database draws and pays, and each message plays once."""

from __future__ import annotations

from .. import models
from ..bots import game_replies
from .talk import Button, Talk

__all__ = ["answer_quiz", "guess", "quiz", "spin", "take_guess"]

_IN_A_ROW = 5


async def guess(talk: Talk) -> None:
    game = await _game(talk, "guess")
    bet = await _bet(talk, game)
    if game is None or bet is None:
        return
    numbers = [Button(str(number), ("guess", number, bet)) for number in range(1, (game.choices or 0) + 1)]
    rows = [numbers[start : start + _IN_A_ROW] for start in range(0, len(numbers), _IN_A_ROW)]
    await talk.answer(game_replies.guess(talk.writer, game, bet), rows)


async def take_guess(talk: Talk) -> None:
    number, bet = map(int, talk.args)
    await _play(talk, "guess", choice=number, bet=bet)


async def quiz(talk: Talk) -> None:
    game = await _game(talk, "quiz")
    bet = await _bet(talk, game)
    if game is None or bet is None:
        return
    asked = await talk.client.draw_question()
    if asked is None:
        await talk.refuse(talk.writer.say("There are no questions."))
        return
    options = game_replies.options(talk.writer, asked)
    rows = [
        [Button(talk.writer.escape(option), ("quiz", asked.question_id, number, bet))]
        for number, option in enumerate(options, start=1)
    ]
    await talk.answer(game_replies.question(talk.writer, game, asked, bet), rows)


async def answer_quiz(talk: Talk) -> None:
    question_id, option, bet = map(int, talk.args)
    await _play(talk, "quiz", choice=option, bet=bet, question_id=question_id)


async def spin(talk: Talk) -> None:
    await _play(talk, "spin")


async def _play(talk: Talk, game: str, choice: int | None = None, bet: int = 0, question_id: int | None = None) -> None:
    await talk.member()
    event_id = talk.update_event_id if talk.query is None else talk.message_event_id
    played = await talk.client.play_game(event_id, "telegram", talk.external_id, game, choice, bet, question_id)
    await talk.answer(game_replies.result(talk.writer, game, played))


async def _game(talk: Talk, name: str) -> models.Game | None:
    game = next((game for game in await talk.client.list_games() if game.game == name), None)
    if game is None:
        await talk.refuse(talk.writer.say("This game is switched off."))
    return game


async def _bet(talk: Talk, game: models.Game | None) -> int | None:
    """The bet after the command, 0 without one; None when it cannot be, and the member has been told."""
    if game is None or not talk.args:
        return 0
    text = talk.args[0]
    if len(talk.args) == 1 and text.isascii() and text.isdigit() and int(text[:10]) <= game.max_bet:
        return int(text[:10])
    await talk.refuse(game_replies.bet_limit(talk.writer, game))
    return None
