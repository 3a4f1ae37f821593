"""Whole conversations with the Discord bot: every command, in both languages, with a real database."""

from pathlib import Path

from discord_chat import Chat, chat
from discord_server import ANNA

from calls import Connection


def test_smoke(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        print(await talk.send("profile"))
        print(talk.private, talk.shown)
        print(await talk.send("rank"))
        print(talk.files)
        print(await talk.send("link"))
        print(await talk.send("pay", member=1002, amount=5))

    chat(database_url, tmp_path, story)
