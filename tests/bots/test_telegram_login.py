"""The link by which a member of Telegram logs in to the website."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from telegram_chat import BORIS, SITE_URL, Chat, chat

from calls import Connection, get_user, row, value
from ttfd.telegram.bot import show_commands


def session_of(db: Connection, answer: str) -> int:
    """Whom the link of an answer logs in."""
    found = re.search(rf"{SITE_URL}/login/link/([0-9a-f]{{64}})(?![^\s>])", answer)
    assert found is not None, answer
    link_hash = hashlib.sha256(found[1].encode()).digest()
    redeemed = row(db, "SELECT * FROM ttfd.redeem_login_link(%s, %s)", link_hash, bytes(32))
    return int(redeemed.user_id)


@pytest.mark.parametrize("has_account", [True, False])
def test_the_link_of_login_logs_its_member_in(
    db: Connection, database_url: str, tmp_path: Path, has_account: bool
) -> None:
    member_id = get_user(db, "1001") if has_account else None

    async def story(talk: Chat) -> None:
        answer = await talk.send("/login")
        assert "It is valid for 10 minutes and once. It is for nobody else" in answer
        assert json.loads(talk.telegram.named("sendMessage")[-1]["link_preview_options"]) == {"is_disabled": True}
        assert session_of(db, answer) == value(
            db, "SELECT user_id FROM ttfd.platform_accounts WHERE external_id = '1001'"
        )
        assert "срок: 10 минут. Она ни для кого другого" in await talk.send("/login", BORIS)

    chat(database_url, tmp_path, story, site_url=f"{SITE_URL}/")
    assert member_id is None or value(db, "SELECT user_id FROM ttfd.website_sessions") == member_id
    names = "SELECT array_agg(display_name ORDER BY id) FROM ttfd.unified_users"
    assert value(db, names) == ["Anna", "Борис"]


def test_many_login_links_are_refused(db: Connection, database_url: str, tmp_path: Path) -> None:
    for member in "1001", "1002":
        for _ in range(10):
            db.execute("SELECT ttfd.create_login_link('telegram', %s)", [member])

    async def story(talk: Chat) -> None:
        assert await talk.send("/login") == "That were many links. Use the last one, or ask again later."
        assert (await talk.send("/login", BORIS)).startswith("Это уже много ссылок.")

    chat(database_url, tmp_path, story)


def test_without_a_website_login_is_not_offered_and_says_so(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        assert await talk.send("/login") == "This community has no website."
        assert await talk.send("/login", BORIS) == "У этого сообщества нет сайта."
        assert "/login" not in await talk.send("/help")

    chat(database_url, tmp_path, story, site_url=None)
    assert value(db, "SELECT count(*) FROM ttfd.login_links") == 0


@pytest.mark.parametrize("site_url", [SITE_URL, None])
def test_telegram_lists_login_where_there_is_a_website_and_in_private_only(
    db: Connection, database_url: str, tmp_path: Path, site_url: str | None
) -> None:
    async def story(talk: Chat) -> None:
        await show_commands(talk.application.bot, site_url=site_url)
        assert ("/login" in await talk.send("/help")) is (site_url is not None)

    listed = chat(database_url, tmp_path, story, site_url=site_url).named("setMyCommands")
    scopes = [json.loads(call["scope"])["type"] for call in listed if '"login"' in call["commands"]]
    assert scopes == (["default", "default"] if site_url else [])
