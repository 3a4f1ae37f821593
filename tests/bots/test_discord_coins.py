"""How coins come and go on Discord: claims, payments, the shop."""

import asyncio
from pathlib import Path

import pytest
from discord_chat import Chat, chat
from discord_server import ANNA, BORIS, BOT_ID, ROBOT, FakeDiscord, until

from calls import Connection, apply_event, row, rows, value, violations


def test_a_claim_that_is_delivered_twice_counts_once(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        interaction = await talk.discord.interact(ANNA, 2, {"id": "1", "name": "daily", "type": 1})
        await until(lambda: talk.discord.called("PATCH", interaction["token"]))
        await talk.discord.dispatch("INTERACTION_CREATE", interaction)
        await until(lambda: len(talk.discord.called("PATCH", interaction["token"])) == 2)
        first, second = (call.body["content"] for call in talk.discord.called("PATCH", interaction["token"]))
        assert first == second
        assert (await talk.send("daily")).startswith("It is too soon. Next time in ")
        assert (await talk.send("daily", locale="ru")).startswith("Ещё рано. До следующего раза: ")

    chat(database_url, tmp_path, story)
    assert value(db, "SELECT xp FROM ttfd.unified_users") == 100
    assert violations(db) == []


def test_coins_are_sent_to_another_member_and_to_nobody_else(db: Connection, database_url: str, tmp_path: Path) -> None:
    apply_event(db, "coins_change", {"coins": 100}, external_id=str(ANNA), platform="discord")

    async def story(talk: Chat) -> None:
        assert await talk.send("pay", member=ANNA, amount=5) == "You cannot pay yourself."
        assert talk.private
        assert await talk.send("pay", member=ROBOT, amount=5) == "Bots have no account."
        assert talk.private
        assert await talk.send("pay", member=BORIS, amount=30) == "30 coins sent to Борис.\nCoins left: 70"
        assert not talk.private
        assert (await talk.send("pay", BORIS, member=ANNA, amount=1)).startswith("1 монета отправлена: Anna")
        assert await talk.send("pay", member=BORIS, amount=10**9) in (
            "You have not enough coins.",
            "This amount is not allowed.",
        )
        assert talk.private

    chat(database_url, tmp_path, story)
    found = rows(db, "SELECT discord_id, coins FROM ttfd.unified_users ORDER BY discord_id")
    assert [tuple(member) for member in found] == [(str(ANNA), 71), (str(BORIS), 29)]
    assert violations(db) == []


def test_the_shop_sells_what_is_suggested(db: Connection, database_url: str, tmp_path: Path) -> None:
    apply_event(db, "coins_change", {"coins": 100_000}, external_id=str(ANNA), platform="discord")
    first = row(db, "SELECT item, title_en, title_ru, price FROM ttfd.list_shop(NULL) LIMIT 1")

    async def story(talk: Chat) -> None:
        offered = await talk.suggest("buy", "item", first.title_en[:4].lower())
        assert first.item in [choice["value"] for choice in offered]
        russian = await talk.suggest("buy", "item", "", BORIS)
        assert any(choice["name"].startswith(first.title_ru) for choice in russian)
        assert await talk.suggest("buy", "item", "no such thing") == []
        await talk.send("language", BORIS, language="en")
        english = await talk.suggest("buy", "item", "", BORIS)
        assert any(choice["name"].startswith(first.title_en) for choice in english)
        assert (await talk.send("buy", item=first.item)).startswith(f"Bought: {first.title_en}\nCoins left: ")
        assert first.title_en in await talk.send("inventory")
        assert first.title_en in await talk.send("shop")
        await talk.send("buy", item=first.title_ru.upper())

    chat(database_url, tmp_path, story)
    assert violations(db) == []


def test_suggestions_that_take_too_long_are_not_waited_for(
    db: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ttfd.discord.cog._SUGGEST_SECONDS", 0.05)

    async def story(talk: Chat) -> None:
        monkeypatch.setattr(talk.client, "find_user", lambda *_: asyncio.sleep(60))
        assert await talk.suggest("buy", "item", "") == []

    chat(database_url, tmp_path, story)


def test_thirty_members_who_ask_at_once_are_all_answered(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        data = {"id": "1", "name": "work", "type": 1}
        asked = await asyncio.gather(*(talk.discord.interact(ANNA, 2, data) for _ in range(30)))
        await until(lambda: all(talk.discord.called("PATCH", one["token"]) for one in asked))

    fake: FakeDiscord = chat(database_url, tmp_path, story)
    paid = [call for call in fake.called("PATCH", f"/webhooks/{BOT_ID}/") if call.body["content"].startswith("**Work")]
    assert len(paid) == 1
    assert violations(db) == []
