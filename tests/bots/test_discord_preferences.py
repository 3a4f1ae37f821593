"""What a member chooses on Discord: the language, and where announcements go."""

from pathlib import Path

from discord_chat import Chat, chat
from discord_server import ANNA

from calls import Connection, value


def test_a_language_that_is_chosen_holds_whatever_discord_says(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    async def story(talk: Chat) -> None:
        assert await talk.send("language", language="ru") == "Теперь я говорю по-русски."
        assert "Ранг F I" in await talk.send("profile", locale="en-US")
        assert (await talk.send("help", locale="de")).startswith("Что я умею")

    chat(database_url, tmp_path, story)


def test_a_member_says_where_announcements_go(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        for place, words in [
            ("public", "I tell everybody of your ranks and achievements."),
            ("private", "I tell you of ranks, achievements and links privately."),
            ("off", "I tell you only what happens to your accounts, privately."),
        ]:
            assert await talk.send("announcements", where=place) == words
            assert value(db, "SELECT announcements FROM ttfd.get_preferences('discord', %s)", str(ANNA)) == place

    chat(database_url, tmp_path, story)
