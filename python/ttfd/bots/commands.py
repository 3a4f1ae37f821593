"""The commands that members know, and what each does; a platform offers those that make sense there."""

from __future__ import annotations

from ..names import marked

__all__ = ["COMMANDS"]

COMMANDS = {
    "start": marked("Begin here"),
    "help": marked("What I can do"),
    "profile": marked("Your rank, XP and coins"),
    "rank": marked("Your rank card"),
    "daily": marked("Your daily reward"),
    "work": marked("Work for coins, once an hour"),
    "pay": marked("Send coins to a member"),
    "leaderboard": marked("The best members"),
    "top": marked("The best members"),
    "season": marked("The season as it stands"),
    "achievements": marked("What there is to reach"),
    "link": marked("Link your accounts on other platforms"),
    "unlink": marked("Take linked accounts apart"),
    "login": marked("Log in on the website"),
    "shop": marked("What coins buy"),
    "buy": marked("Buy something from the shop"),
    "inventory": marked("What you have bought"),
    "history": marked("Where your XP and coins come from"),
    "language": marked("Russian or English"),
    "announcements": marked("What I tell you by myself"),
    "guess": marked("Guess a number"),
    "quiz": marked("Answer a question"),
    "spin": marked("Spin the wheel, once a day"),
}
