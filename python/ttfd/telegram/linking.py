"""Linking in conversation: a code from here, a code from elsewhere, and taking it back. In private only."""

from __future__ import annotations

import datetime as dt

from ..bots import link_replies
from ..bots.writer import Safe
from ..errors import TooManyLinkCodesError
from .talk import Button, Talk

__all__ = ["cancel", "link", "redeem", "start", "undo", "unlink", "unlink_here"]


async def start(talk: Talk) -> None:
    """Greets. A deep link (t.me/bot?start=CODE) brings a code from another platform along."""
    contact = await talk.member()
    w = talk.writer
    hello = link_replies.welcome(w, w.name(contact.user_id, talk.user.full_name, talk.user.username), contact.created)
    if not talk.is_private:
        await talk.answer(hello)
        return
    if not talk.has_chosen_language:  # Announcements come unasked: nobody says then in which language.
        await talk.client.set_language("telegram", talk.external_id, w.language)
    if talk.args and talk.args[0] != "link":
        await _ask(talk, talk.args[0])
        return
    await _show_code(talk, hello)


async def link(talk: Talk) -> None:
    """Without a code: gives one. With one: shows what it would join, and asks."""
    await talk.member()
    if talk.args:
        await _ask(talk, "".join(talk.args))
    else:
        await _show_code(talk, None)


async def _show_code(talk: Talk, before: Safe | None) -> None:
    w = talk.writer
    try:
        code = await talk.client.create_link_code("telegram", talk.external_id)
    except TooManyLinkCodesError:
        if before is None:
            raise
        await talk.answer(before)
        return
    text = link_replies.code(w, code, dt.datetime.now(dt.UTC))
    button = Button(w.say("Copy the code"), copies=code.code)
    await talk.answer(text if before is None else w.lines(before, Safe(""), text), [[button]])


async def _ask(talk: Talk, code: str) -> None:
    w = talk.writer
    preview = await talk.client.preview_link(code, "telegram", talk.external_id)
    buttons = [Button(w.say("Link"), ("redeem", _short(code))), Button(w.say("Cancel"), ("cancel",))]
    await talk.answer(link_replies.preview(w, preview), [buttons] if link_replies.is_possible(preview) else [])


def _short(code: str) -> str:
    """As it fits into a button; the database takes hyphens and spaces for nothing, too."""
    return "".join(filter(str.isalnum, code))


async def redeem(talk: Talk) -> None:
    """What is refused leaves the message as it is: whoever presses twice has the answer there already."""
    redemption = await talk.client.redeem_link_code(talk.args[0], "telegram", talk.external_id)
    w = talk.writer
    if not link_replies.has_linked(redemption):
        await talk.refuse(link_replies.redeemed(w, redemption))
        return
    undo = [] if redemption.merge_id is None else [Button(w.say("Undo the link"), ("undo", redemption.merge_id))]
    await talk.answer(link_replies.redeemed(w, redemption), [undo])


async def cancel(talk: Talk) -> None:
    await talk.answer(talk.writer.say("Nothing was changed."))


async def unlink(talk: Talk) -> None:
    """Offers both ways out: without this account, or back to how it was before the latest merge."""
    contact = await talk.member()
    w = talk.writer
    platforms = (await talk.client.get_profile(contact.user_id)).platforms
    merges = await talk.client.list_own_merges("telegram", talk.external_id)
    buttons = []
    if len(platforms) > 1:
        buttons = [Button(w.say("Unlink this account"), ("unlink",)), Button(w.say("Cancel"), ("cancel",))]
        if merges:
            buttons.insert(0, Button(w.say("Undo the link"), ("undo", merges[0].merge_id)))
    text = link_replies.unlink_question(w, "telegram", platforms, merges)
    await talk.answer(text, [[button] for button in buttons])


async def unlink_here(talk: Talk) -> None:
    user = await talk.client.find_user("telegram", talk.external_id)
    if user is None:  # The button was pressed twice.
        await talk.refuse(link_replies.not_linked(talk.writer))
        return
    await talk.answer(link_replies.unlinked(talk.writer, await talk.client.unlink_account(user.user_id, "telegram")))


async def undo(talk: Talk) -> None:
    await talk.client.undo_own_merge(int(talk.args[0]), "telegram", talk.external_id)
    await talk.answer(link_replies.merge_undone(talk.writer))
