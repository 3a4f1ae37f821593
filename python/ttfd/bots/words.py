"""What things are called: platforms, metrics, kinds of events, the notes of the ledger."""

from __future__ import annotations

from .. import names
from ..names import EVENTS, NOTES, PLATFORMS, marked
from .writer import Safe, Writer

__all__ = [
    "ANNOUNCED",
    "METRICS",
    "PLACES",
    "amount",
    "event_name",
    "note",
    "platform_name",
    "platform_names",
    "rank_title",
]

METRICS = {metric: name for metric, name in names.METRICS.items() if metric != "season"}
"""A season has a command of its own."""

PLACES = {"private": marked("Privately"), "public": marked("In public"), "off": marked("Accounts only")}
"""Where a member may have announcements."""

ANNOUNCED = {
    "private": marked("I tell you of ranks, achievements and links privately."),
    "public": marked("I tell everybody of your ranks and achievements."),
    "off": marked("I tell you only what happens to your accounts, privately."),
}


def event_name(w: Writer, event_type: str) -> Safe:
    """What an event is called; a type that is not known here is shown by its own name."""
    known = EVENTS.get(event_type)
    return w.say(known) if known else w.escape(event_type.replace("_", " ").capitalize())


def note(w: Writer, text: str) -> Safe:
    """Why an event was not granted more, or why more than usual: several reasons are separated by commas."""
    return Safe(", ".join(_reason(w, part) for part in text.split(", ")))


def _reason(w: Writer, part: str) -> Safe:
    known = NOTES.get(part)
    if known:
        return w.say(known)
    if part.startswith("boost "):
        return w.say(marked("boost {factor}"), factor=part.removeprefix("boost "))
    return w.escape(part.replace("_", " "))


def platform_name(w: Writer, platform: str) -> Safe:
    return w.say(PLATFORMS.get(platform, platform.capitalize()))


def platform_names(w: Writer, platforms: list[str]) -> Safe:
    return Safe(", ".join(platform_name(w, platform) for platform in platforms))


def rank_title(w: Writer, rank_name: str) -> Safe:
    return w.say("Rank {rank}", rank=rank_name)


def amount(w: Writer, metric: str, value: int) -> str:
    """The value of a leaderboard metric; voice is in seconds."""
    return w.hours(value) if metric == "voice" else w.number(value)
