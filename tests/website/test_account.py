"""What members do with their own account, and that nobody does it with another's."""

import json
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests
from flask.testing import FlaskClient

from calls import Connection, apply_event, get_user, process_all, profile, row, rows, value, violations
from community import closing, log_in, only, send
from oauth_server import OAuthServer
from ttfd import Client, new_event_id
from ttfd.website import create_app, login

HOST = "http://localhost"


@pytest.fixture
def site(database_url: str, provider: OAuthServer) -> Iterator[FlaskClient]:
    provider.redirect_uris |= {f"{HOST}/login/{platform}/answer" for platform in ("discord", "telegram")}
    with closing(create_app(database_url, provider.settings())) as client:
        yield client


def told(site: FlaskClient) -> str:
    return site.get("/account", follow_redirects=True).text


def play(db: Connection, external_id: str, platform: str, xp: int) -> int:
    user_id = get_user(db, external_id, platform)
    apply_event(db, "xp_change", {"xp": xp}, external_id=external_id, platform=platform)
    process_all(db)
    return user_id


# Linking


def test_a_code_from_a_bot_links_after_a_question(site: FlaskClient, db: Connection, client: Client) -> None:
    mine, bots = play(db, "1", "discord", 100), play(db, "2", "telegram", 50)
    log_in(site, db, mine, "discord")
    code = client.create_link_code("telegram", "2").code
    asked = send(site, "/account/link", code=f" {code.lower()[:5]}-{code.lower()[5:]} ")
    assert "XP, coins and counters add up" in asked.text
    assert profile(db, mine).platforms == ["discord"]
    assert send(site, "/account/link/confirm", code=code).location == "/account"
    assert "Linked." in told(site)
    assert profile(db, mine).xp == 150
    assert profile(db, bots).user_id == mine
    assert violations(db) == []


def test_a_code_from_the_website_links_what_a_bot_redeems(site: FlaskClient, db: Connection, client: Client) -> None:
    mine = get_user(db, "1", "discord")
    log_in(site, db, mine, "discord")
    page = send(site, "/account/code").text
    code = page.partition('id="link-code">')[2].partition("<")[0]
    assert client.redeem_link_code(code, "telegram", "7").status == "linked"
    assert set(profile(db, mine).platforms) == {"discord", "telegram"}
    assert "Telegram" in site.get("/account").text, "an account that joins ends no session"


def test_a_merge_logs_out_everywhere_but_in_the_browser_that_asked(
    site: FlaskClient, db: Connection, client: Client, database_url: str, provider: OAuthServer
) -> None:
    mine, bots = play(db, "1", "discord", 100), play(db, "2", "telegram", 50)
    before = log_in(site, db, mine, "discord")
    with closing(create_app(database_url, provider.settings())) as elsewhere:
        log_in(elsewhere, db, mine, "discord")
        log_in(elsewhere, db, bots)
        send(site, "/account/link/confirm", code=client.create_link_code("telegram", "2").code)
        assert elsewhere.get("/account").status_code == 302
    assert site.get("/account").status_code == 200
    assert only(db, "SELECT count(*) FROM ttfd.website_sessions") == 1
    site.set_cookie("ttfd_session", before)
    assert site.get("/account").status_code == 302


def test_wrong_codes_are_refused_and_lock(site: FlaskClient, db: Connection) -> None:
    log_in(site, db, get_user(db))
    for _ in range(5):
        send(site, "/account/link", code="00000-00000")
        assert "not valid" in told(site)
    send(site, "/account/link", code="00000-00000")
    assert "Too many wrong codes" in told(site)


def link_login(site: FlaskClient, platform: str) -> str:
    """Log in with a second provider, as far as back on the site; gives where that leads."""
    begun = send(site, f"/account/link/{platform}")
    back = requests.get(begun.location, allow_redirects=False, timeout=10).headers["Location"]
    return site.get(back.removeprefix(HOST)).location


def test_a_second_login_is_linked(site: FlaskClient, db: Connection) -> None:
    mine = get_user(db, "1", "discord")
    log_in(site, db, mine, "discord")
    assert link_login(site, "telegram") == "/account"
    account = row(db, "SELECT * FROM ttfd.platform_accounts WHERE platform = 'telegram'")
    assert (account.user_id, account.external_id, account.link_method) == (mine, "770001", "verified")


def test_a_second_login_that_is_a_member_is_merged_after_a_question(site: FlaskClient, db: Connection) -> None:
    mine, other = play(db, "1", "discord", 100), play(db, "770001", "telegram", 50)
    log_in(site, db, mine, "discord")
    assert link_login(site, "telegram") == "/account/merge"
    assert "50 XP" in site.get("/account/merge").text
    assert profile(db, mine).xp == 100, "nothing happens before the member agrees"
    send(site, "/account/merge")
    assert profile(db, mine).xp == 150
    assert profile(db, other).user_id == mine
    assert send(site, "/account/merge").status_code == 404, "the proof is good once"


def test_a_merge_needs_the_proof_of_this_very_browser(site: FlaskClient, db: Connection) -> None:
    mine, other = play(db, "1", "discord", 100), play(db, "770001", "telegram", 50)
    log_in(site, db, mine, "discord")
    assert site.get("/account/merge").status_code == 404
    assert send(site, "/account/merge", platform="telegram", external_id="770001", user_id=other).status_code == 404
    link_login(site, "telegram")
    log_in(site, db, get_user(db, "3", "discord"), "discord")
    assert send(site, "/account/merge").status_code == 404, "another member with the proof of the first"
    assert profile(db, other).user_id == other


def test_the_proof_of_an_account_does_not_last(
    site: FlaskClient, db: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other = play(db, "1", "discord", 100), play(db, "770001", "telegram", 50)
    log_in(site, db, mine, "discord")
    link_login(site, "telegram")
    assert site.get("/account/merge").status_code == 200
    later = time.time() + 601
    monkeypatch.setattr(login.time, "time", lambda: later)
    assert site.get("/account/merge").status_code == 404
    assert send(site, "/account/merge").status_code == 404
    assert profile(db, other).user_id == other


def test_a_link_that_was_started_by_another_member_is_refused(site: FlaskClient, db: Connection) -> None:
    log_in(site, db, get_user(db, "1", "discord"), "discord")
    begun = send(site, "/account/link/telegram")
    back = requests.get(begun.location, allow_redirects=False, timeout=10).headers["Location"]
    log_in(site, db, get_user(db, "3", "discord"), "discord")
    assert site.get(back.removeprefix(HOST)).status_code == 403
    assert rows(db, "SELECT 1 FROM ttfd.platform_accounts WHERE platform = 'telegram'") == []


def test_unlinking_ends_all_other_sessions_and_never_takes_the_last_account(
    site: FlaskClient, db: Connection, client: Client
) -> None:
    mine = get_user(db, "1", "discord")
    client.link_verified_account(mine, "telegram", "2")
    before = log_in(site, db, mine, "discord")
    send(site, "/account/unlink", platform="telegram")
    assert profile(db, mine).platforms == ["discord"]
    assert site.get("/account").status_code == 200
    send(site, "/account/unlink", platform="discord")
    assert "last account cannot be unlinked" in told(site)
    site.set_cookie("ttfd_session", before)
    assert site.get("/account").status_code == 302


def test_a_merge_is_undone_by_its_member_and_by_nobody_else(site: FlaskClient, db: Connection, client: Client) -> None:
    mine, bots = play(db, "1", "discord", 100), play(db, "2", "telegram", 50)
    merge_id = client.merge_users(mine, bots).merge_id
    log_in(site, db, get_user(db, "9", "discord"), "discord")
    send(site, "/account/undo", merge_id=merge_id)
    assert "no such thing" in told(site)
    assert profile(db, bots).user_id == mine
    log_in(site, db, mine, "discord")
    assert f'id="undo-{merge_id}"' in site.get("/account").text
    assert send(site, "/account/undo", merge_id=merge_id).location == "/login"
    assert (profile(db, mine).xp, profile(db, bots).xp) == (100, 50)
    assert site.get("/account").status_code == 302, "whoever is two again logs in again"


# Preferences


def test_preferences_are_kept_for_the_member(site: FlaskClient, db: Connection, client: Client) -> None:
    mine = get_user(db, "1", "discord")
    log_in(site, db, mine, "discord")
    send(site, "/account/zone", zone="europe/moscow")
    send(site, "/account/hidden", hidden="1")
    send(site, "/account/language", language="ru")
    account = client.get_account(mine)
    assert (account.time_zone, account.is_hidden, account.language) == ("Europe/Moscow", True, "ru")
    assert client.get_preferences("discord", "1").language == "ru"
    assert "Мой аккаунт" in site.get("/account", headers={"Accept-Language": "en"}).text
    send(site, "/account/hidden")
    assert client.get_account(mine).is_hidden is False
    send(site, "/account/zone", zone="Mars/Olympus")
    assert "Такое значение недопустимо" in told(site)
    assert send(site, "/account/language", language="xx").status_code == 400


def test_a_hidden_member_is_neither_on_a_board_nor_in_a_season_nor_in_the_activity(
    site: FlaskClient, db: Connection, client: Client
) -> None:
    season = client.start_season("Autumn").season_id
    mine = play(db, "1", "discord", 100)
    apply_event(db, "game_played", {"xp": 5}, external_id="1", platform="discord")
    process_all(db)
    address = f"/members/{mine}"
    lists = ("/", "/?metric=season", "/activity", f"/seasons/{season}")
    assert [page for page in lists if address not in site.get(page).text] == []
    log_in(site, db, mine, "discord")
    send(site, "/account/hidden", hidden="1")
    assert site.get(address).status_code == 200  # one's own
    site.delete_cookie("ttfd_session")
    assert [page for page in lists if address in site.get(page).text] == []


# One's data


def test_the_export_is_ones_own(site: FlaskClient, db: Connection) -> None:
    mine = play(db, "1", "discord", 100)
    other = play(db, "2", "telegram", 50)
    log_in(site, db, mine, "discord")
    answer = send(site, "/account/export", user_id=other)
    document = json.loads(answer.text)
    assert document["user_id"] == mine
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "token_hash" not in answer.text


def test_being_forgotten_needs_ones_own_number(site: FlaskClient, db: Connection) -> None:
    mine, other = get_user(db, "1", "discord"), get_user(db, "2", "telegram")
    log_in(site, db, mine, "discord")
    for sure in ("", "yes", other):
        assert urlsplit(send(site, "/account/forget", sure=sure).location).path == "/account/forget"
    assert value(db, "SELECT count(*) FROM ttfd.unified_users WHERE forgotten_at IS NOT NULL") == 0
    send(site, "/account/forget", sure=mine, user_id=other)
    assert rows(db, "SELECT id FROM ttfd.unified_users WHERE forgotten_at IS NOT NULL") == [(mine,)]
    assert site.get("/account").status_code == 302


# Shop and daily reward


def test_the_daily_reward_is_claimed_once_whatever_platform_the_member_is_on(site: FlaskClient, db: Connection) -> None:
    mine = get_user(db, "1", "discord")
    log_in(site, db, mine, "discord")
    event_id = new_event_id()
    for _ in range(2):
        send(site, "/daily", event_id=event_id)
    send(site, "/daily", event_id=new_event_id())
    page = site.get("/shop").text
    assert "reward is yours already" in page and "Claimed today" in page
    assert (profile(db, mine).xp, profile(db, mine).coins) == (100, 50)
    process_all(db)
    assert (
        value(db, "SELECT source_platform FROM ttfd.cross_platform_events WHERE event_type = 'daily_claim'")
        == "website"
    )


def test_a_purchase_sent_twice_is_bought_once(site: FlaskClient, db: Connection) -> None:
    mine = get_user(db, "1", "discord")
    apply_event(db, "coins_change", {"coins": 1000}, external_id="1", platform="discord")
    log_in(site, db, mine, "discord")
    event_id = new_event_id()
    for _ in range(2):
        send(site, "/shop/buy", event_id=event_id, item="boost_hour")
    assert profile(db, mine).coins == 850
    send(site, "/shop/buy", event_id=new_event_id(), item="collector_badge")
    assert "not enough coins" in site.get("/shop").text
    send(site, "/shop/buy", event_id=new_event_id(), item="no_such")
    assert "not on sale" in site.get("/shop").text


def test_the_event_id_of_somebody_else_buys_nothing(site: FlaskClient, db: Connection) -> None:
    theirs = new_event_id()
    apply_event(db, "coins_change", {"coins": 1000}, external_id="2", event_id=theirs)
    mine = get_user(db, "1", "discord")
    apply_event(db, "coins_change", {"coins": 1000}, external_id="1", platform="discord")
    log_in(site, db, mine, "discord")
    send(site, "/shop/buy", event_id=theirs, item="boost_hour")
    assert "sent before" in site.get("/shop").text
    assert profile(db, mine).coins == 1000
