"""What platforms, events, metrics and the notes of the ledger are called, and which name of a member may be shown.

One name each, for the bots and for the website: each of them has a catalogue of its own that translates these. A type
of event that is not listed here, because an administrator has added it, is shown by its own name.
"""

from __future__ import annotations

import re

__all__ = ["EVENTS", "METRICS", "NOTES", "PLATFORMS", "marked", "shown_name"]

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_TURNS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])  # characters that turn round what follows


def marked(text: str) -> str:
    """Mark a text for the catalogues; it is translated where it is shown."""
    return text


def shown_name(*names: str | None) -> str | None:
    """The first name that may be shown: none that is empty or an e-mail address. Nothing in it turns round the text."""
    for name in names:
        shown = " ".join((name or "").translate(_TURNS).split())
        if shown and not _EMAIL.fullmatch(shown):
            return shown
    return None


PLATFORMS = {"telegram": "Telegram", "discord": "Discord", "website": marked("Website")}

METRICS = {
    "xp": marked("XP"),
    "coins": marked("Coins"),
    "messages": marked("Messages"),
    "voice": marked("Voice"),
    "games": marked("Games"),
    "wins": marked("Wins"),
    "season": marked("Season"),
}

EVENTS = {
    "message_sent": marked("Message"),
    "voice_time": marked("Time in voice"),
    "game_played": marked("Game"),
    "xp_change": marked("XP changed by an administrator"),
    "coins_change": marked("Coins changed by an administrator"),
    "rank_up": marked("New rank"),
    "opening_balance": marked("Opening balance"),
    "season_started": marked("Season started"),
    "season_closed": marked("Season closed"),
    "achievement_unlock": marked("Achievement"),
    "season_reward": marked("Season reward"),
    "daily_claim": marked("Daily reward"),
    "work": marked("Work"),
    "award": marked("Award"),
    "coins_spent": marked("Coins spent"),
    "transfer_sent": marked("Coins sent"),
    "transfer_received": marked("Coins received"),
    "purchase": marked("Purchase"),
    "adjustment": marked("Balance adjusted by an administrator"),
    "adjustment_reverted": marked("Adjustment taken back"),
    "account_linked": marked("Account linked"),
    "account_unlinked": marked("Account unlinked"),
    "accounts_merged": marked("Accounts merged"),
    "merge_undone": marked("Merge undone"),
    "account_forgotten": marked("Account forgotten"),
}

NOTES = {
    "cooldown": marked("too soon after the last one"),
    "daily_cap": marked("the most for one day is reached"),
    "idle": marked("idle time does not count"),
    "disabled": marked("this earns nothing at present"),
}
