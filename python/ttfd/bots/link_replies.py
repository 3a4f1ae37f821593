"""Answers about linking: a code, what it would join, what it has joined, and the way back."""

from __future__ import annotations

import datetime as dt

from .. import models
from ..names import marked
from . import words
from .writer import Safe, Writer

__all__ = [
    "code",
    "has_linked",
    "is_possible",
    "merge_undone",
    "not_linked",
    "preview",
    "redeemed",
    "unlink_question",
    "unlinked",
    "welcome",
]

_REFUSED = {
    "invalid": marked("This code is wrong, used or too old. Ask for a new one with /link on the other platform."),
    "locked": marked("Too many wrong codes. Try again in 15 minutes."),
    "already_linked": marked("These accounts are linked already."),
    "accounts_collide": marked(
        "Both sides have an account on the same platform, so they cannot become one. Unlink one of them first."
    ),
}


def welcome(w: Writer, name: Safe, is_new: bool) -> Safe:
    """The first words."""
    return w.lines(
        w.bold(w.say("Welcome, {name}!", name=name) if is_new else w.say("Hello, {name}!", name=name)),
        w.say("Here and on the other platforms you have one account: one XP, one rank, the same coins."),
        w.say("See /profile, /daily and /help."),
    )


def code(w: Writer, link_code: models.LinkCode, now: dt.datetime) -> Safe:
    """A code, and what to do with it. For its member alone."""
    return w.lines(
        w.say("Your code: {code}", code=w.code(link_code.code)),
        w.say(
            "Send it on the other platform: /link {code}. It is valid for {time} and once. Show it to nobody.",
            code=link_code.code,
            time=w.duration(link_code.expires_at - now),
        ),
    )


def is_possible(found: models.LinkPreview | models.Redemption) -> bool:
    """Whether there is something to confirm, or was done."""
    return found.status in ("linked", "merged")


def preview(w: Writer, found: models.LinkPreview) -> Safe:
    """What redeeming the code would do, to confirm; or why there is nothing to confirm."""
    if not is_possible(found):
        return w.say(_REFUSED[found.status])
    what = (
        w.say("Both accounts have a history. They become one, and everything adds up.")
        if found.status == "merged"
        else w.say("This account joins the other one.")
    )
    return w.lines(
        w.bold(w.say("Link these accounts?")),
        Safe(""),
        _side(w, found.other_display_name, found.other_platforms, found.other_xp, found.other_coins),
        _side(w, found.own_display_name, found.own_platforms, found.own_xp, found.own_coins),
        Safe(""),
        what,
        w.say("You can undo it for 7 days."),
    )


def _side(w: Writer, name: str | None, platforms: list[str] | None, xp: int | None, coins: int | None) -> Safe:
    if platforms is None:
        return w.say("• this account, which is new")
    shown = w.known_name(name) or w.say("without a name")
    return w.say(
        "• {name} ({platforms}): {xp} XP, coins: {coins}",
        name=w.bold(shown),
        platforms=words.platform_names(w, platforms),
        xp=xp or 0,
        coins=coins or 0,
    )


def has_linked(found: models.Redemption) -> bool:
    """Whether redeeming has done anything."""
    return found.status not in _REFUSED


def redeemed(w: Writer, found: models.Redemption) -> Safe:
    """What redeeming has done."""
    if not has_linked(found):
        return w.say(_REFUSED[found.status])
    if found.merge_id is None:
        return w.say("Linked! Both accounts are one from now on. To take this account away again: /unlink")
    return w.say("Linked! Both accounts are one from now on. You can undo it for 7 days: /unlink")


def unlink_question(w: Writer, platform: str, platforms: list[str], merges: list[models.OwnMerge]) -> Safe:
    """What can be taken apart: this account, or the latest merge."""
    if len(platforms) < 2:
        return w.say("This is your only account. There is nothing to unlink.")
    others = [other for other in platforms if other != platform]
    return w.lines(
        w.bold(w.say("Take accounts apart?")),
        w.say(
            "Unlink: this account ({platform}) starts anew; XP and coins stay with {others}.",
            platform=words.platform_name(w, platform),
            others=words.platform_names(w, others),
        ),
        None if not merges else _undoable(w, merges[0]),
    )


def _undoable(w: Writer, merge: models.OwnMerge) -> Safe:
    return w.say(
        "Undo, until {date}: both get back what they had; {platforms} takes {xp} XP, coins: {coins}.",
        date=w.date(merge.undo_until),
        platforms=words.platform_names(w, merge.other_platforms),
        xp=merge.other_xp,
        coins=merge.other_coins,
    )


def unlinked(w: Writer, found: models.Unlink) -> Safe:
    """What unlinking has done."""
    if found.status == "unlinked":
        return w.say("Unlinked. This account starts anew with the next thing you do.")
    return not_linked(w)


def not_linked(w: Writer) -> Safe:
    return w.say("This account is not linked.")


def merge_undone(w: Writer) -> Safe:
    return w.say("Undone. Both accounts have back what they had before.")
