"""What a member has reached, as Telegram shows it: profile, rank card, leaderboards, season, achievements, history."""

import io
import sys
from pathlib import Path

import pytest
from PIL import Image
from telegram_chat import ANNA, BORIS, GROUP, Chat, chat, message_update
from telegram_chat import refused as refused_call

from calls import Connection, apply_event, enable_achievements, get_user, process_all


def test_the_profile_of_a_member_shows_all_of_it(db: Connection, database_url: str, tmp_path: Path) -> None:
    get_user(db, "1001")
    apply_event(db, "game_played", {"xp": 100, "coins": 500, "won": True}, external_id="1001")
    apply_event(db, "voice_time", {"seconds": 5400}, external_id="1001")
    process_all(db)

    async def story(talk: Chat) -> None:
        english = await talk.send("/profile")
        assert english.startswith("Anna\nRank F I · 370 XP\n▰▰▰▰▰▰▰▱▱▱ 130 XP to the next rank\n\nCoins: 500\n")
        assert "Place: 1 of 1" in english
        assert "Voice: 1.5 hr\nGames: 1, won: 1" in english
        russian = await talk.send("/profile", {**ANNA, "language_code": "ru"})
        assert russian.startswith("Anna\nРанг F I · 370 XP\n▰▰▰▰▰▰▰▱▱▱ 130 XP до следующего ранга\n\nМонеты: 500\n")
        assert "Аккаунты: Telegram" in russian

    chat(database_url, tmp_path, story)


def picture(red: int) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (320, 320), (red, 0, 0)).save(made, "PNG")
    return made.getvalue()


def test_the_rank_card_shows_the_avatar_and_says_the_same_in_words(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    size = {"file_id": "f", "file_unique_id": "u", "width": 320, "height": 320}

    async def story(talk: Chat) -> None:
        words = await talk.send("/profile")
        assert await talk.send("/rank") == words
        talk.telegram.photos = {"total_count": 1, "photos": [[size, size]]}
        for red in (90, 200):
            talk.telegram.files["1.png"] = picture(red)
            assert await talk.send("/rank") == words
        talk.telegram.files["1.png"] = b"no picture"
        assert await talk.send("/rank") == words

    fake = chat(database_url, tmp_path, story)
    cards = [next(part for part in call.values() if isinstance(part, bytes)) for call in fake.named("sendPhoto")]
    assert all(card.startswith(b"\x89PNG") for card in cards)
    assert len(set(cards)) == 3  # without an avatar (or with one that is none), and with each of two


def test_without_the_drawing_installed_the_rank_is_said_in_words(
    db: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ttfd.bots.rank_card", None)

    async def story(talk: Chat) -> None:
        assert await talk.send("/rank") == await talk.send("/profile")

    assert chat(database_url, tmp_path, story).named("sendPhoto") == []


def test_a_group_that_takes_no_pictures_gets_the_rank_in_words(
    db: Connection, database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    no_right = refused_call(400, "Bad Request: not enough rights to send photos to the chat")

    async def story(talk: Chat) -> None:
        talk.telegram.fails = lambda method, _: no_right if method == "sendPhoto" else None
        _, words = await talk.feed(message_update(1, "/rank", chat=GROUP))
        assert words == await talk.send("/profile")

    assert chat(database_url, tmp_path, story).named("sendMessage") != []
    assert "no picture in a chat: " in caplog.text
    assert str(GROUP["id"]) not in caplog.text


def test_the_leaderboard_turns_by_its_buttons_in_the_same_message(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    get_user(db, "1002", username="boris")
    apply_event(db, "game_played", {"coins": 7}, external_id="1002")

    async def story(talk: Chat) -> None:
        assert "You: place 2 of 2" in await talk.send("/top")
        assert (await talk.press("Coins")).startswith("Leaderboard: Coins\n\n1. boris — 7\n")
        assert [name for name, _ in talk.telegram.calls[-2:]] == ["editMessageText", "answerCallbackQuery"]
        assert [button["text"] for button in talk.buttons()] == ["XP", "Messages", "Voice", "Games", "Wins"]
        assert (await talk.send("/leaderboard wins")).startswith("Leaderboard: Wins")

    chat(database_url, tmp_path, story)


def test_the_season_shows_the_best_and_oneself(db: Connection, database_url: str, tmp_path: Path) -> None:
    db.execute("SELECT ttfd.start_season('Весна')")
    apply_event(db, "game_played", {"xp": 70}, external_id="1001")
    process_all(db)

    async def story(talk: Chat) -> None:
        answer = await talk.send("/season")
        assert "Season: Весна\nEnds in 30 days" in answer
        assert "You: place 1 with 70 XP" in answer

    chat(database_url, tmp_path, story)


def test_who_is_off_the_leaderboards_is_not_named_in_the_season(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    db.execute("SELECT ttfd.start_season('Весна')")
    db.execute("SELECT ttfd.get_or_create_user('telegram', '1002', 'boris', 'Boris')")
    apply_event(db, "game_played", {"xp": 90}, external_id="1002")
    apply_event(db, "game_played", {"xp": 70}, external_id="1001")
    process_all(db)
    db.execute("SELECT ttfd.set_hidden(%s, true)", [get_user(db, "1002")])

    async def story(talk: Chat) -> None:
        answer = await talk.send("/season", chat=GROUP)
        assert "Boris" not in answer
        assert "1. Anna — 70 XP\nYou: place 1 with 70 XP" in answer
        assert "You:" not in await talk.send("/season", {**BORIS, "language_code": "en"})

    chat(database_url, tmp_path, story)


def test_achievements_show_what_is_unlocked_and_how_far_the_rest_is(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    enable_achievements(db)
    apply_event(db, "game_played", {"won": True}, external_id="1002")

    async def story(talk: Chat) -> None:
        answer = await talk.send("/achievements", BORIS)
        assert answer.startswith("Достижения: 1 из ")
        assert "✅ Первая победа" in answer
        assert "▫️ Десять побед — Выиграй 10 игр. (1 / 10)" in answer

    chat(database_url, tmp_path, story)


def test_the_history_is_paged_and_says_why_not_more(db: Connection, database_url: str, tmp_path: Path) -> None:
    for _ in range(16):
        apply_event(db, external_id="1001")
    process_all(db)

    async def story(talk: Chat) -> None:
        answer = await talk.send("/history")
        assert answer.count("Message") == 15
        assert "(too soon after the last one)" in answer
        assert "Message: +5 XP" in await talk.press("Older")

    chat(database_url, tmp_path, story)
