"""Commands that grant or cost coins. Each has the id of its interaction, so that a redelivery counts once."""

from __future__ import annotations

import discord

from ..bots import replies
from ..errors import ItemNotAvailableError
from ..names import marked
from .talk import PLATFORM, Talk

__all__ = ["buy", "daily", "inventory", "pay", "shop", "work"]


async def daily(talk: Talk) -> None:
    await talk.member()
    outcome = await talk.client.claim_daily(talk.event_id, PLATFORM, talk.external_id)
    await talk.answer(replies.outcome(talk.writer, marked("Daily reward"), outcome))


async def work(talk: Talk) -> None:
    await talk.member()
    outcome = await talk.client.claim_work(talk.event_id, PLATFORM, talk.external_id)
    await talk.answer(replies.outcome(talk.writer, marked("Work"), outcome))


async def pay(talk: Talk, somebody: discord.User | discord.Member, coins: int) -> None:
    if somebody.bot:
        await talk.refuse(talk.writer.say("Bots have no account."))
        return
    if somebody.id == talk.user.id:
        await talk.refuse(talk.writer.say("You cannot pay yourself."))
        return
    sender = await talk.member()
    receiver = await talk.member(somebody)
    outcome = await talk.client.transfer_coins(talk.event_id, sender.user_id, receiver.user_id, coins)
    name = talk.writer.name(receiver.user_id, somebody.display_name, somebody.name)
    await talk.answer(replies.transferred(talk.writer, coins, name, outcome))


async def shop(talk: Talk) -> None:
    contact = await talk.member()
    items = await talk.client.list_shop(contact.user_id)
    await talk.answer(replies.shop(talk.writer, items, (await talk.client.get_profile(contact.user_id)).coins))


async def buy(talk: Talk, wanted: str) -> None:
    """What autocompletion has filled in is the item's name; what was typed may be its title."""
    contact = await talk.member()
    folded = wanted.strip().casefold()
    for item in await talk.client.list_shop(contact.user_id):
        if folded in (item.item.casefold(), item.title_ru.casefold(), item.title_en.casefold()):
            outcome = await talk.client.buy_item(talk.event_id, contact.user_id, item.item)
            await talk.answer(replies.bought(talk.writer, item, outcome))
            return
    raise ItemNotAvailableError(wanted)


async def inventory(talk: Talk) -> None:
    contact = await talk.member()
    await talk.answer(replies.inventory(talk.writer, await talk.client.list_inventory(contact.user_id)))
