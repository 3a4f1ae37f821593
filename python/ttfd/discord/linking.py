"""Linking in conversation: a code from here, a code from elsewhere, and taking it back. Only the member sees it."""

from __future__ import annotations

import datetime as dt

from ..bots import link_replies
from .talk import PLATFORM, Talk

__all__ = ["cancel", "link", "redeem", "undo", "unlink", "unlink_here"]


async def link(talk: Talk, code: str | None) -> None:
    """Without a code: gives one. With one: shows what it would join, and asks."""
    await talk.member()
    w = talk.writer
    if code is None:
        made = await talk.client.create_link_code(PLATFORM, talk.external_id)
        await talk.answer(link_replies.code(w, made, dt.datetime.now(dt.UTC)))
        return
    code = "".join(filter(str.isalnum, code))[:32]  # as it fits into a button; the rest means nothing to the database
    preview = await talk.client.preview_link(code, PLATFORM, talk.external_id)
    buttons = [talk.button(w.say("Link"), "redeem", code), talk.button(w.say("Cancel"), "cancel")]
    await talk.answer(link_replies.preview(w, preview), buttons if link_replies.is_possible(preview) else [])


async def redeem(talk: Talk, code: str) -> None:
    redemption = await talk.client.redeem_link_code(code, PLATFORM, talk.external_id)
    w = talk.writer
    if not link_replies.is_possible(redemption):  # beside: pressed twice, the answer to the first press stays
        await talk.refuse(link_replies.redeemed(w, redemption))
        return
    undo = [] if redemption.merge_id is None else [talk.button(w.say("Undo the link"), "undo", redemption.merge_id)]
    await talk.answer(link_replies.redeemed(w, redemption), undo)


async def cancel(talk: Talk) -> None:
    await talk.answer(talk.writer.say("Nothing was changed."))


async def unlink(talk: Talk) -> None:
    """Offers both ways out: without this account, or back to how it was before the latest merge."""
    contact = await talk.member()
    w = talk.writer
    platforms = (await talk.client.get_profile(contact.user_id)).platforms
    merges = await talk.client.list_own_merges(PLATFORM, talk.external_id)
    buttons = []
    if len(platforms) > 1:
        buttons = [talk.button(w.say("Unlink this account"), "unlink"), talk.button(w.say("Cancel"), "cancel")]
        if merges:
            buttons.insert(0, talk.button(w.say("Undo the link"), "undo", merges[0].merge_id))
    await talk.answer(link_replies.unlink_question(w, PLATFORM, platforms, merges), buttons)


async def unlink_here(talk: Talk) -> None:
    user = await talk.client.find_user(PLATFORM, talk.external_id)
    if user is not None:
        unlinked = await talk.client.unlink_account(user.user_id, PLATFORM)
        await talk.answer(link_replies.unlinked(talk.writer, unlinked))


async def undo(talk: Talk, merge_id: int) -> None:
    await talk.client.undo_own_merge(merge_id, PLATFORM, talk.external_id)
    await talk.answer(link_replies.merge_undone(talk.writer))
