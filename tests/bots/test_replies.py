"""What bots say: in Russian and English, with the right plurals, and never with a member's name as markup."""

import datetime as dt
import html
import uuid
from pathlib import Path
from typing import Any

import psycopg
import pytest
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

import ttfd
from ttfd import errors, models
from ttfd.bots import announcements, game_replies, link_replies, refusals, replies, words
from ttfd.bots.writer import HTML, Safe, Writer, choose_language

PACKAGE = Path(ttfd.__file__).parent
NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
EN, RU = Writer("en"), Writer("ru")


def plain(text: str) -> str:
    """With plain spaces."""
    return text.replace("\xa0", " ").replace("\u202f", " ")


def make_profile(**changes: Any) -> models.Profile:
    values: dict[str, Any] = {
        "user_id": 7, "username": "anna", "display_name": "Анна", "xp": 1250, "coins": 40, "rank_id": 3,
        "rank_name": "F III", "rank_color": "#5d6d7e", "rank_xp": 1250, "next_rank_xp": 2250, "highest_rank_id": 3,
        "messages_sent": 21, "total_voice_time": 5400, "games_played": 4, "games_won": 1, "daily_streak": 2,
        "last_daily": None, "achievements": [], "platforms": ["telegram", "website"], "primary_platform": "telegram",
        "time_zone": "UTC", "created_at": NOW, "last_active": NOW, "is_hidden": False,
    }  # fmt: skip
    return models.Profile(**{**values, **changes})


def make_outcome(**changes: Any) -> models.EventOutcome:
    values: dict[str, Any] = {
        "event_id": uuid.UUID(int=1), "user_id": 7, "status": "applied", "xp": 100, "coins": 21, "note": None,
        "total_xp": 1350, "total_coins": 61, "rank_id": 3, "rank_up": False,
    }  # fmt: skip
    return models.EventOutcome(**{**values, **changes})


# Languages


@pytest.mark.parametrize(
    ("chosen", "platform_locale", "expected"),
    [
        (None, "ru", "ru"), (None, "ru-RU", "ru"), (None, "ru_RU", "ru"), (None, "de", "en"), (None, None, "en"),
        (None, "rum", "en"), ("en", "ru", "en"), ("ru", "en-US", "ru"), ("xx", "ru", "ru"),
    ],
)  # fmt: skip
def test_russian_is_for_whoever_chose_it_or_says_ru(
    chosen: str | None, platform_locale: str | None, expected: str
) -> None:
    assert choose_language(chosen, platform_locale) == expected


def test_every_text_has_a_russian_translation_and_the_compiled_catalogue_is_up_to_date() -> None:
    keywords = {"say": None, "plural": (1, 2), "marked": None}
    places = [PACKAGE / place for place in ("bots", "telegram", "discord") if (PACKAGE / place).is_dir()]
    used = {row[2] for place in places for row in extract_from_dir(place, [("**.py", "python")], keywords=keywords)}
    used |= {row[1] for row in extract_from_file("python", PACKAGE / "names.py", keywords=keywords)}
    folder = PACKAGE / "bots/locale/ru/LC_MESSAGES"
    with (folder / "bots.po").open("rb") as po, (folder / "bots.mo").open("rb") as mo:
        translated, compiled = (
            {hashable(m.id): hashable(m.string) for m in catalogue if m.id}
            for catalogue in (read_po(po, locale="ru"), read_mo(mo))
        )
    assert set(translated) == used
    assert all(all(text) if isinstance(text, tuple) else text for text in translated.values())
    assert compiled == translated
    assert [text for text in used | set(translated.values()) if set("<>&*_~`|") & set(literal(text))] == []


def hashable(text: Any) -> Any:
    return tuple(text) if isinstance(text, list | tuple) else text


def literal(text: Any) -> str:
    """A text without its placeholders: markup characters in it would not be escaped."""
    joined = "".join(text) if isinstance(text, tuple) else text
    return "".join(part.partition("}")[2] if "}" in part else part for part in joined.split("{"))


@pytest.mark.parametrize(
    ("days", "russian", "english"),
    [(1, "1 день", "1 day"), (3, "3 дня", "3 days"), (11, "11 дней", "11 days"), (21, "21 день", "21 days")],
)
def test_plurals_are_right(days: int, russian: str, english: str) -> None:
    member = make_profile(daily_streak=days)
    assert russian in replies.profile(RU, member)
    assert english in replies.profile(EN, member)


def test_numbers_are_grouped_as_the_language_does() -> None:
    assert "1,250 XP" in replies.profile(EN, make_profile())
    assert "1 250 XP" in plain(replies.profile(RU, make_profile()))


# Names


@pytest.mark.parametrize("name", ["<b>x</b>", "a & b", "{xp}", "</code>", "%s"])
def test_a_name_is_never_markup(name: str) -> None:
    w = Writer("en", HTML)
    assert html.escape(name) in replies.profile(w, make_profile(display_name=name))
    row = models.LeaderboardRow(1, 7, name, 5, 1, "F I", "#95a5a6", ["telegram"], "x")
    assert html.escape(name) in replies.leaderboard(w, "xp", [row])
    assert "<b>x</b>" not in replies.leaderboard(w, "xp", [row])


@pytest.mark.parametrize("name", [None, "", "  ", "anna@example.org"])
def test_an_email_address_is_never_shown_as_a_name(name: str | None) -> None:
    assert RU.name(7, name) == "Участник 7"


def test_a_name_does_not_turn_its_line_round() -> None:
    assert EN.name(7, "\u202eanna\u202c\u2067") == "anna"
    assert EN.name(7, "\u202e \u2066") == "Member 7"
    assert EN.name(7, "שלום") == "שלום"


def test_a_name_stays_on_its_line() -> None:
    assert EN.name(7, "anna\n2. the best") == "anna 2. the best"


# What was granted


def test_the_note_of_the_ledger_is_translated() -> None:
    assert words.note(RU, "daily_cap, boost ×2") == "дневной предел достигнут, множитель ×2"
    assert words.note(EN, "cooldown") == "too soon after the last one"
    assert words.note(EN, "something_new") == "something new"


def test_an_outcome_says_what_was_granted_and_why_not_more() -> None:
    assert replies.outcome(EN, "Daily reward", make_outcome(note="boost ×2")) == (
        "Daily reward\n+100 XP · +21 coins (boost ×2)\nNow: 1,350 XP, coins: 61"
    )
    assert "+21 монета" in replies.outcome(RU, "Daily reward", make_outcome())
    assert "/profile" in replies.outcome(EN, "Daily reward", make_outcome(rank_up=True))


def test_a_game_tells_the_bet_and_the_number() -> None:
    outcome = make_outcome(xp=5, coins=0)
    played = models.GameOutcome(
        *(getattr(outcome, field) for field in models.EventOutcome.__slots__), won=False, drawn=7, bet=10
    )
    text = game_replies.result(EN, "guess", played)
    assert text.startswith("My number was 7.\nBet: 10\nNot this time.")
    assert "Не в этот раз." in game_replies.result(RU, "guess", played)


# Refusals


@pytest.mark.parametrize("error", list(errors.ERRORS.values()))
@pytest.mark.parametrize("w", [EN, RU], ids=["en", "ru"])
def test_every_refusal_has_its_words(w: Writer, error: type[errors.TtfdError]) -> None:
    text = refusals.explain(w, error("user 7 has 3 coins", "hint"))
    assert text
    assert "user 7" not in text
    if error is not errors.SeasonNotFoundError and error is not errors.SameSourceError:
        assert text != w.say("This did not work. It has been noted.")


def test_a_claim_that_comes_too_early_says_when_the_next_can_be() -> None:
    error = errors.AlreadyClaimedError("x", "Possible again from 2026-03-01T15:00:00Z.")
    assert refusals.explain(EN, error, NOW) == "It is too soon. Next time in 3 hours."
    assert refusals.explain(RU, error, NOW) == "Ещё рано. До следующего раза: 3 часа."


@pytest.mark.parametrize("error", [*errors.ERRORS.values()])
def test_whoever_reads_that_it_was_noted_can_rely_on_it(error: type[errors.TtfdError]) -> None:
    is_noted = not refusals.is_expected(error("why", None))
    assert ("noted" in refusals.explain(EN, error("why", None))) is is_noted


def test_an_outage_says_that_nothing_is_lost() -> None:
    assert "counted later" in refusals.explain(EN, psycopg.OperationalError("could not connect to 10.0.0.1"))
    assert "засчитано позже" in refusals.explain(RU, psycopg.InterfaceError("closed"))


# Linking


def test_a_preview_names_both_sides_and_says_what_will_happen() -> None:
    found = models.LinkPreview("merged", "Анна", ["telegram"], 100, 5, 1, "anna", ["discord"], 50, 7, 1)
    text = link_replies.preview(EN, found)
    assert "• Анна (Telegram): 100 XP, coins: 5\n• anna (Discord): 50 XP, coins: 7" in text
    assert "They become one" in text
    assert "7 days" in text


@pytest.mark.parametrize("status", ["invalid", "locked", "already_linked", "accounts_collide"])
def test_a_preview_with_nothing_to_confirm_says_why(status: str) -> None:
    found = models.LinkPreview(status, *([None] * 10))
    assert not link_replies.is_possible(found)
    assert link_replies.preview(RU, found)


# Announcements


def make_feed_event(event_type: str, **data: object) -> models.FeedEvent:
    return models.FeedEvent(1, uuid.UUID(int=1), 7, event_type, "system", data, 100, 50, None, NOW, NOW)


@pytest.mark.parametrize("event_type", announcements.TYPES)
@pytest.mark.parametrize("w", [EN, RU], ids=["en", "ru"])
def test_every_announced_type_has_its_words(w: Writer, event_type: str) -> None:
    event = make_feed_event(
        event_type, season="Spring", place=2, platform="discord", platforms=["telegram", "discord"], achievements=["x"]
    )
    assert announcements.announcement(w, event)


def test_an_announcement_for_others_names_the_member() -> None:
    event = make_feed_event("rank_up", to_rank_id=2)
    text = announcements.announcement(Writer("en", HTML), event, name=Safe("Anna"), rank_name="F II")
    assert text == "<b>Anna</b>: New rank: <b>F II</b>!"


def test_other_types_are_not_announced() -> None:
    assert announcements.announcement(EN, make_feed_event("message_sent")) is None


def test_the_end_of_a_season_names_the_best_who_may_be_named() -> None:
    winners = [{"place": place, "user_id": place, "season_xp": 9} for place in (1, 2, 3)]
    event = make_feed_event("season_closed", season="Весна", winners=winners, winner_names=["<Anna>", None, "Carl"])
    assert announcements.announcement(Writer("ru", HTML), event) == (
        "Сезон Весна завершён. Лучшие: 1. &lt;Anna&gt;, 3. Carl"
    )
    event = make_feed_event("season_closed", season="Весна", winners=winners, winner_names=[None, None, None])
    assert announcements.announcement(EN, event) == "The season Весна is over."
