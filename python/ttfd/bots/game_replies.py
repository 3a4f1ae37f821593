"""Answers of the games."""

from __future__ import annotations

from .. import models
from ..names import marked
from . import replies
from .writer import Safe, Writer

__all__ = ["bet_limit", "guess", "options", "question", "result"]

_TITLES = {
    ("guess", True): marked("You guessed it!"),
    ("guess", False): marked("Not this time."),
    ("quiz", True): marked("Right!"),
    ("quiz", False): marked("Wrong."),
    ("spin", True): marked("The wheel stops: a prize!"),
    ("spin", False): marked("The wheel stops: nothing this time."),
}


def guess(w: Writer, game: models.Game, bet: int) -> Safe:
    """Asks for a number."""
    asked = w.say("I think of a number from 1 to {choices}. Which?", choices=game.choices or 0)
    return w.lines(w.bold(asked), _stake(w, game, bet))


def question(w: Writer, game: models.Game, asked: models.Question, bet: int) -> Safe:
    """Asks a question of the quiz."""
    return w.lines(w.bold(w.choose(asked.question_ru, asked.question_en)), _stake(w, game, bet))


def options(w: Writer, asked: models.Question) -> list[str]:
    """Its possible answers, for buttons."""
    return asked.options_ru if w.language == "ru" else asked.options_en


def _stake(w: Writer, game: models.Game, bet: int) -> Safe:
    won = w.say("Win: {xp} XP", xp=game.win_xp)
    if not bet:
        return won
    return w.lines(won, w.say("Bet: {bet}, win pays {paid} coins", bet=bet, paid=bet * game.factor))


def result(w: Writer, game: str, played: models.GameOutcome) -> Safe:
    """How a game has ended."""
    title = _TITLES.get((game, bool(played.won)), marked("Played!"))
    return w.lines(
        w.say("My number was {number}.", number=played.drawn) if game == "guess" and played.drawn else None,
        w.say("Bet: {bet}", bet=played.bet) if played.bet else None,
        replies.outcome(w, title, played),
    )


def bet_limit(w: Writer, game: models.Game) -> Safe:
    """What a bet may be."""
    return w.say("A bet is a whole number of coins from 0 to {most}.", most=game.max_bet)
