"""What members are told of their own accord, from events of the feed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import models
from . import words
from .writer import Safe, Writer

__all__ = ["TYPES", "announcement"]

TYPES = (
    "rank_up",
    "achievement_unlock",
    "season_reward",
    "season_closed",
    "account_linked",
    "account_unlinked",
    "accounts_merged",
    "merge_undone",
)
"""Event types that ``announcement`` has words for."""


def announcement(
    w: Writer,
    event: models.FeedEvent | models.Announcement,
    *,
    name: Safe | None = None,
    rank_name: str | None = None,
    titles: Sequence[str] = (),
) -> Safe | None:
    """What to tell of an event, None for one that is not told.

    Args:
        name: of the member, for where others read too; None to the member alone.
        rank_name: of the new rank, for ``rank_up``.
        titles: of the achievements in the language of the writer, for ``achievement_unlock``.
    """
    text = _text(w, event, rank_name, titles)
    return text if text is None or name is None else Safe(f"{w.bold(name)}: {text}")


def _text(
    w: Writer, event: models.FeedEvent | models.Announcement, rank_name: str | None, titles: Sequence[str]
) -> Safe | None:
    data: dict[str, Any] = event.data
    if event.event_type == "rank_up":
        return w.say("New rank: {rank}!", rank=w.bold(rank_name or "")) if rank_name else w.say("A new rank!")
    if event.event_type == "achievement_unlock":
        shown = Safe(", ".join(w.bold(title) for title in titles or data.get("achievements") or ()))
        return w.plural("Achievement: {titles}", "Achievements: {titles}", len(titles) or 1, titles=shown)
    if event.event_type == "season_reward":
        return w.say(
            "The season {season} is over: place {place}. Reward: {xp} XP, coins: {coins}.",
            season=str(data.get("season", "")),
            place=int(data.get("place", 0)),
            xp=event.xp,
            coins=event.coins,
        )
    if event.event_type == "season_closed":
        return _season_closed(w, str(data.get("season", "")), data)
    return _account(w, event.event_type, data)


def _season_closed(w: Writer, season: str, data: dict[str, Any]) -> Safe:
    """With the best by name; who is off the leaderboards has none here."""
    winners = zip(data.get("winners") or (), data.get("winner_names") or (), strict=False)
    named = [(winner["place"], w.known_name(name)) for winner, name in winners]
    best = Safe(", ".join(f"{place}. {name}" for place, name in named if name is not None))
    if not best:
        return w.say("The season {season} is over.", season=season)
    return w.say("The season {season} is over. The best: {names}", season=season, names=best)


def _account(w: Writer, event_type: str, data: dict[str, Any]) -> Safe | None:
    platforms = words.platform_names(w, list(data.get("platforms") or ()))
    if event_type in ("account_linked", "accounts_merged"):
        return w.say("Accounts linked: {platforms}. If that was not you: /unlink", platforms=platforms)
    if event_type == "account_unlinked":
        return w.say("An account was unlinked: {platform}.", platform=words.platform_name(w, str(data.get("platform"))))
    if event_type == "merge_undone":
        return w.say("The link between your accounts was undone.")
    return None
