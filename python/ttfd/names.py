"""What events, metrics and the notes of the ledger are called: one name each, for the bots and for the website.

Each of them has a catalogue of its own that translates these. A type of event that is not listed here, because an
administrator has added it, is shown by its own name.
"""

from __future__ import annotations

__all__ = ["EVENTS", "METRICS", "NOTES", "marked"]


def marked(text: str) -> str:
    """Mark a text for the catalogues; it is translated where it is shown."""
    return text


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
