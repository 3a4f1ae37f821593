"""The link by which a member of Discord logs in to the website."""

import hashlib
import re
from pathlib import Path

import pytest
from discord_chat import SITE_URL, Chat, chat
from discord_server import ANNA, BORIS

from calls import Connection, get_user, row, value


@pytest.mark.parametrize("has_account", [True, False])
def test_the_link_of_login_logs_its_member_in_and_nobody_else_sees_it(
    db: Connection, database_url: str, tmp_path: Path, has_account: bool
) -> None:
    member_id = get_user(db, str(ANNA), "discord") if has_account else None

    async def story(talk: Chat) -> None:
        answer = await talk.send("login")
        assert talk.private
        assert "It is valid for 10 minutes and once. It is for nobody else" in answer
        found = re.search(rf"<{SITE_URL}/login/link/([0-9a-f]{{64}})>", answer)
        assert found is not None, answer
        link_hash = hashlib.sha256(found[1].encode()).digest()
        session = row(db, "SELECT * FROM ttfd.redeem_login_link(%s, %s)", link_hash, bytes(32))
        assert session.user_id == get_user(db, str(ANNA), "discord")
        assert member_id in (None, session.user_id)
        assert "срок: 10 минут. Она ни для кого другого" in await talk.send("login", BORIS, is_direct=True)

    chat(database_url, tmp_path, story, site_url=f"{SITE_URL}/")
    names = "SELECT array_agg(display_name ORDER BY id) FROM ttfd.unified_users"
    assert value(db, names) == ["Anna", "Борис"]


def test_many_login_links_are_refused(db: Connection, database_url: str, tmp_path: Path) -> None:
    for member in ANNA, BORIS:
        for _ in range(10):
            db.execute("SELECT ttfd.create_login_link('discord', %s)", [str(member)])

    async def story(talk: Chat) -> None:
        assert await talk.send("login") == "That were many links. Use the last one, or ask again later."
        assert talk.private
        assert (await talk.send("login", BORIS)).startswith("Это уже много ссылок.")

    chat(database_url, tmp_path, story)
