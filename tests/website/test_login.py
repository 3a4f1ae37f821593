"""Logging in: the real protocol, and everything that must not get anybody in."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import RSAKey
from werkzeug.test import TestResponse

from calls import Connection, get_user, row, rows, value
from community import closing, log_in, only, send
from oauth_server import OAuthServer
from ttfd import Client
from ttfd.website import create_app, create_blueprint
from ttfd.website.visitor import digest, local_path

PLATFORMS = ("discord", "telegram")
HOST = "http://localhost"


@pytest.fixture
def site(database_url: str, provider: OAuthServer) -> Iterator[FlaskClient]:
    provider.redirect_uris |= {f"{HOST}/login/{platform}/answer" for platform in PLATFORMS}
    with closing(create_app(database_url, provider.settings())) as client:
        yield client


def start(site: FlaskClient, platform: str = "discord", **fields: object) -> str:
    """Begin a login, as far as the provider; gives the address to which the provider sends the browser back."""
    begun = send(site, f"/login/{platform}", **fields)
    assert begun.status_code == 302, begun.text
    answer = requests.get(begun.location, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"].removeprefix(HOST)


def arrive(site: FlaskClient, platform: str = "discord", **fields: object) -> TestResponse:
    return site.get(start(site, platform, **fields))


def is_logged_in(site: FlaskClient) -> bool:
    return site.get("/account").status_code == 200


@pytest.mark.parametrize(("platform", "external_id"), [("discord", "880000000000000001"), ("telegram", "770001")])
def test_a_login_makes_the_member_behind_the_providers_id(
    site: FlaskClient, db: Connection, platform: str, external_id: str
) -> None:
    assert arrive(site, platform).location == "/account"
    account = row(db, "SELECT * FROM ttfd.platform_accounts")
    assert (account.platform, account.external_id, account.username) == (platform, external_id, "anna")
    assert "Анна" in site.get("/account").text
    assert external_id not in site.get("/account").text


def test_a_login_finds_the_member_that_the_bots_know(site: FlaskClient, db: Connection) -> None:
    user_id = get_user(db, "770001", "telegram")
    arrive(site, "telegram")
    assert only(db, "SELECT user_id FROM ttfd.website_sessions") == user_id


def test_pkce_state_and_nonce_are_sent(site: FlaskClient, provider: OAuthServer) -> None:
    for platform in PLATFORMS:
        arrive(site, platform)
        asked = provider.requests[-1]
        assert (asked["code_challenge_method"], len(asked["code_challenge"])) == ("S256", 43)
        assert len(asked["state"]) >= 20
        assert ("nonce" in asked) == (platform == "telegram")
    assert provider.requests[0]["state"] != provider.requests[1]["state"]


def test_the_cookie_is_for_this_site_alone_and_the_database_has_its_hash(site: FlaskClient, db: Connection) -> None:
    cookie = arrive(site).headers.getlist("Set-Cookie")
    own = next(line for line in cookie if line.startswith("ttfd_session="))
    assert "HttpOnly" in own and "SameSite=Lax" in own and "Path=/" in own
    token = own.partition("=")[2].partition(";")[0]
    assert only(db, "SELECT token_hash FROM ttfd.website_sessions") == digest(token)
    assert len(token) >= 43


def test_over_https_the_cookie_is_secure_and_bound_to_the_host(database_url: str, provider: OAuthServer) -> None:
    provider.redirect_uris.add("https://example.org/login/discord/answer")
    settings = provider.settings(site_url="https://example.org")
    with closing(create_app(database_url, settings)) as site:
        begun = site.post("/login/discord", data={"csrf_token": _token(site)}, base_url="https://example.org")
        answer = requests.get(begun.location, allow_redirects=False, timeout=10).headers["Location"]
        done = site.get(answer, base_url="https://example.org")
    (own,) = [line for line in done.headers.getlist("Set-Cookie") if "ttfd_session" in line]
    assert own.startswith("__Host-ttfd_session=") and "Secure" in own
    assert "max-age" in done.headers["Strict-Transport-Security"]


def _token(site: FlaskClient) -> str:
    page = site.get("/login", base_url="https://example.org").text
    return page.partition('name="csrf_token" value="')[2].partition('"')[0]


# What must not get anybody in


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("forged", ["nonsense", ""])
def test_a_forged_state_is_refused(site: FlaskClient, db: Connection, platform: str, forged: str) -> None:
    address = start(site, platform)
    query = parse_qs(urlsplit(address).query)
    answer = site.get(f"/login/{platform}/answer", query_string={"code": query["code"][0], "state": forged})
    assert answer.status_code == 400
    assert rows(db, "SELECT 1 FROM ttfd.website_sessions") == []


def test_an_answer_to_somebody_elses_login_is_refused(
    site: FlaskClient, db: Connection, database_url: str, provider: OAuthServer
) -> None:
    """The attacker starts a login and has the victim's browser finish it: the victim would be the attacker."""
    attackers = start(site)
    with closing(create_app(database_url, provider.settings())) as victim:
        assert victim.get(attackers).status_code == 400
    assert rows(db, "SELECT 1 FROM ttfd.website_sessions") == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_answer_is_good_once(site: FlaskClient, platform: str) -> None:
    address = start(site, platform)
    assert site.get(address).status_code == 302
    site.delete_cookie("ttfd_session")
    assert site.get(address).status_code == 400
    assert not is_logged_in(site)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_replayed_code_with_a_fresh_state_is_refused(site: FlaskClient, platform: str) -> None:
    used = parse_qs(urlsplit(start(site, platform)).query)["code"][0]
    fresh = parse_qs(urlsplit(start(site, platform)).query)["state"][0]
    answer = site.get(f"/login/{platform}/answer", query_string={"code": used, "state": fresh})
    assert answer.status_code == 400
    assert not is_logged_in(site)


@pytest.mark.parametrize(
    "lie",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another site"},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"id": None},
        {"id": "1 OR 1=1"},
        {"id": {"$ne": 1}},
    ],
)
def test_a_wrong_id_token_is_refused(
    site: FlaskClient, db: Connection, provider: OAuthServer, lie: dict[str, object]
) -> None:
    provider.lies = lie
    assert arrive(site, "telegram").status_code == 400
    assert rows(db, "SELECT 1 FROM ttfd.unified_users") == []


@pytest.mark.parametrize("omitted", ["id", "aud", "iss", "exp", "sub"])
def test_an_id_token_without_what_it_needs_is_refused(
    site: FlaskClient, db: Connection, provider: OAuthServer, omitted: str
) -> None:
    provider.omits = {omitted}
    assert arrive(site, "telegram").status_code == 400
    assert rows(db, "SELECT 1 FROM ttfd.unified_users") == []


def test_telegram_may_leave_the_nonce_out(site: FlaskClient, db: Connection, provider: OAuthServer) -> None:
    """It is no claim that Telegram documents, and PKCE binds the answer to the browser that asked without it."""
    provider.omits = {"nonce"}
    assert arrive(site, "telegram").location == "/account"
    assert only(db, "SELECT external_id FROM ttfd.platform_accounts") == "770001"


def test_a_name_that_telegram_does_not_tell_is_not_needed(
    site: FlaskClient, db: Connection, provider: OAuthServer
) -> None:
    provider.omits = {"name", "preferred_username"}
    assert arrive(site, "telegram").location == "/account"


def test_an_id_token_signed_by_somebody_else_is_refused(site: FlaskClient, provider: OAuthServer) -> None:
    provider.foreign_key = RSAKey.generate_key(2048, {"kid": "1"})
    assert arrive(site, "telegram").status_code == 400


def test_a_refusal_by_the_provider_is_told_in_peace(site: FlaskClient) -> None:
    state = parse_qs(urlsplit(start(site)).query)["state"][0]
    answer = site.get("/login/discord/answer", query_string={"error": "access_denied", "state": state})
    assert answer.status_code == 400
    assert "Not logged in" in answer.text


def test_a_provider_that_is_down_is_told_in_peace(database_url: str, provider: OAuthServer) -> None:
    settings = provider.settings()
    assert settings.telegram
    dead = type(settings.telegram)("4242", "secret", "http://127.0.0.1:9")
    with closing(create_app(database_url, type(settings)(telegram=dead))) as site:
        assert send(site, "/login/telegram").status_code == 400
        assert send(site, "/login/discord").status_code == 404


def test_a_name_is_no_identity(site: FlaskClient, db: Connection, provider: OAuthServer) -> None:
    owner = get_user(db, "999", "discord", "anna")
    arrive(site, "discord")
    assert only(db, "SELECT user_id FROM ttfd.website_sessions") != owner
    assert value(db, "SELECT count(*) FROM ttfd.unified_users") == 2


def test_an_email_address_is_no_identity(site: FlaskClient, db: Connection) -> None:
    owner = get_user(db, "x@example.org", "website")
    arrive(site, "discord")
    assert only(db, "SELECT user_id FROM ttfd.website_sessions") != owner


def test_a_token_that_was_planted_before_the_login_is_worth_nothing_after_it(
    site: FlaskClient, db: Connection, database_url: str, provider: OAuthServer
) -> None:
    site.set_cookie("ttfd_session", "planted")
    arrive(site)
    with closing(create_app(database_url, provider.settings())) as attacker:
        attacker.set_cookie("ttfd_session", "planted")
        assert not is_logged_in(attacker)
    assert is_logged_in(site)


def test_logging_in_again_ends_the_session_before(site: FlaskClient, db: Connection, provider: OAuthServer) -> None:
    arrive(site)
    before = only(db, "SELECT token_hash FROM ttfd.website_sessions")
    site.application.test_client()
    arrive(site, "telegram")
    assert only(db, "SELECT token_hash FROM ttfd.website_sessions") != before


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "",
        None,
        "/" + "x" * 3000,
    ],
)
def test_a_login_leads_nowhere_else(site: FlaskClient, path: str | None) -> None:
    assert local_path(path) is None
    fields = {} if path is None else {"next": path}
    assert arrive(site, **fields).location == "/account"
    assert site.get("/login", query_string=fields).location == "/account"


def test_a_login_leads_back_to_where_it_was_asked_for(site: FlaskClient) -> None:
    asked = site.get("/me?metric=coins")
    assert asked.location == "/login?next=/me?metric%3Dcoins"
    assert arrive(site, next="/me?metric=coins").location == "/me?metric=coins"


def test_without_a_token_of_ours_a_login_does_not_even_start(site: FlaskClient) -> None:
    assert site.post("/login/discord").status_code == 400
    assert site.get("/login/discord").status_code in (404, 405)


def test_too_many_logins_from_one_address_are_refused_for_a_while(site: FlaskClient) -> None:
    answers = [site.get("/login/link/guess").status_code for _ in range(40)]
    assert answers[:30] == [404] * 30
    assert set(answers[30:]) == {429}
    refused = site.get("/login/link/guess")
    assert refused.headers["Retry-After"] == "60"


def test_addresses_are_told_apart_behind_as_many_proxies_as_are_known(
    database_url: str, provider: OAuthServer, caplog: pytest.LogCaptureFixture
) -> None:
    for proxies, expected in ((1, 404), (0, 429)):
        with closing(create_app(database_url, provider.settings(proxies=proxies))) as site:
            answers = [
                site.get("/login/link/guess", headers={"X-Forwarded-For": f"198.51.100.{n}"}).status_code
                for n in range(40)
            ]
        assert answers[-1] == expected
        assert ("TTFD_PROXIES" in caplog.text) == (proxies == 0)


# Links from bots


def test_a_bots_link_asks_and_logs_in_once(site: FlaskClient, db: Connection, client: Client) -> None:
    user_id = get_user(db, "5", "telegram", "mira")
    token = client.create_login_link("telegram", "5").token
    asked = site.get(f"/login/link/{token}")
    assert asked.status_code == 200 and "mira" in asked.text
    assert site.get(f"/login/link/{token}").status_code == 200, "a messenger that looks at it does not use it up"
    assert not is_logged_in(site)
    assert send(site, f"/login/link/{token}").location == "/account"
    assert is_logged_in(site)
    assert only(db, "SELECT user_id FROM ttfd.website_sessions") == user_id
    assert send(site, f"/login/link/{token}").status_code == 404
    assert site.get(f"/login/link/{token}").status_code == 404


# Logging out


def test_logging_out_ends_the_session_in_the_database(site: FlaskClient, db: Connection) -> None:
    token = log_in(site, db, get_user(db))
    assert is_logged_in(site)
    send(site, "/logout")
    site.set_cookie("ttfd_session", token)
    assert not is_logged_in(site)


def test_logging_out_everywhere_ends_every_session(site: FlaskClient, db: Connection, client: Client) -> None:
    user_id = get_user(db)
    log_in(site, db, user_id)
    client.start_session(user_id, digest("another browser"), "telegram")
    send(site, "/account/logout-everywhere")
    assert rows(db, "SELECT 1 FROM ttfd.website_sessions") == []


def test_a_session_ends_after_thirty_days(site: FlaskClient, db: Connection) -> None:
    log_in(site, db, get_user(db))
    db.execute(
        "UPDATE ttfd.website_sessions SET started_at = started_at - interval '31 days',"
        " expires_at = expires_at - interval '31 days'"
    )
    assert not is_logged_in(site)


def test_the_session_of_the_application_around_it_is_left_alone(
    database_url: str, db: Connection, provider: OAuthServer
) -> None:
    provider.redirect_uris.add(f"{HOST}/login/discord/answer")
    app = Flask("elsewhere")
    app.secret_key = "for tests"
    app.register_blueprint(create_blueprint(database_url, provider.settings()))
    with closing(app) as site:
        with site.session_transaction() as stored:
            stored.update(theirs="a basket", ttfd_next="/shop")
        arrive(site)
        with site.session_transaction() as stored:
            assert (stored["theirs"], "ttfd_next" in stored) == ("a basket", False)
        assert send(site, "/logout").location == "/"
        with site.session_transaction() as stored:
            assert (stored["theirs"], "csrf_token" in stored) == ("a basket", False)
