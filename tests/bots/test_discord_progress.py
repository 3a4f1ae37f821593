"""What a member has reached, as Discord shows it: rank card, profiles of others, leaderboards, history."""

import io
import sys
from pathlib import Path

import pytest
from discord_chat import Chat, chat
from discord_server import ANNA, BORIS, CAROL
from PIL import Image

from calls import Connection, apply_event, get_user, process_all


def test_the_rank_card_is_a_picture_with_words_for_who_cannot_see_it(
    db: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(talk: Chat) -> None:
        pictures = []
        for member in (ANNA, BORIS):
            await talk.send("rank", member)
            assert talk.files is not None and talk.shown is not None
            pictures.append(talk.files["rank.png"])
            assert Image.open(io.BytesIO(pictures[-1])).size == (1200, 630)
            description = talk.shown["attachments"][0]["description"]
            assert "0 XP" in description and "*" not in description and "\\" not in description
        assert pictures[0] != pictures[1]
        monkeypatch.setitem(sys.modules, "ttfd.bots.rank_card", None)  # as where Pillow is missing
        assert (await talk.send("rank")).startswith("Anna\nRank F I · 0 XP")
        assert talk.files == {}

    chat(database_url, tmp_path, story)


def test_others_are_shown_when_they_are_known(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        for command in ("profile", "rank"):
            assert await talk.send(command, member=CAROL) == "I do not know this member."
            assert talk.private
        get_user(db, str(CAROL), "discord", "carol")
        assert (await talk.send("profile", member=CAROL)).startswith("carol\nRank F I")
        assert await talk.send("rank", member=CAROL) == "carol"

    chat(database_url, tmp_path, story)


@pytest.mark.parametrize("metric", ["xp", "coins", "messages", "voice", "games", "wins"])
def test_leaderboards_are_by_any_metric(db: Connection, database_url: str, tmp_path: Path, metric: str) -> None:
    async def story(talk: Chat) -> None:
        english, russian = await talk.send("top", by=metric), await talk.send("top", locale="ru", by=metric)
        assert english.startswith("Leaderboard: ") and "You: place 1 of 1" in english
        assert russian.startswith("Таблица лидеров: ")

    chat(database_url, tmp_path, story)


def test_history_is_read_page_by_page_by_its_member_alone(db: Connection, database_url: str, tmp_path: Path) -> None:
    for coins in range(1, 21):
        apply_event(db, "coins_change", {"coins": coins}, external_id=str(ANNA), platform="discord")
    process_all(db)

    async def story(talk: Chat) -> None:
        newest = await talk.send("history")
        assert talk.private and "+20 coins" in newest and "+5 coins" not in newest
        button = talk.buttons()["Older"]
        oldest = await talk.press("Older")
        assert "+5 coins" in oldest and "+1 coin\n" in oldest + "\n" and talk.buttons() == {}
        assert await talk.press_id(button, BORIS) == "Это чужая кнопка."
        assert talk.private

    chat(database_url, tmp_path, story)
