"""What must be refused, at every address: a crawl with hostile parameters, forms without a token, headers."""

import itertools
import random
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from calls import Connection, value
from community import closing, fill, log_in, send
from ttfd import Client
from ttfd.website import Settings, create_app

HOSTILE = [
    *(
        "'",
        '"',
        "' OR '1'='1",
        "1; DROP TABLE ttfd.unified_users",
        "<script>alert(1)</script>",
        "{{7*7}}",
        "${7*7}",
        "%00",
    ),
    *(
        "../../etc/passwd",
        "-1",
        "0",
        "1e309",
        "9" * 19,
        "9" * 40,
        "NaN",
        "null",
        "\x00",
        "\u202e",
        "🦁",
        "a" * 5000,
        "%",
        "\r\nX: y",
    ),
    *(
        "1:2:3",
        ":::",
        "99999999999999999999:1:1",
        "-9223372036854775808:-9223372036854775808:0",
        "1:9223372036854775807:1",
    ),
]
PARAMETERS = (
    *("metric", "after", "before", "user", "lang", "theme", "next", "code", "state", "error"),
    # What an address is made with: the names of places in routes, and of url_for's own parameters.
    *("endpoint", "values", "_method", "_scheme", "_external", "_anchor", "user_id", "season_id", "platform"),
)


@pytest.fixture
def site(database_url: str, db: Connection) -> Iterator[FlaskClient]:
    fill(db)
    with closing(create_app(database_url, Settings(secret_key="for tests", is_limited=False))) as client:
        yield client


def addresses(rule: Rule) -> list[str]:
    """An address of a route for each hostile value in each of its places."""
    adapter = rule.map.bind("localhost") if rule.map else None
    assert adapter
    path = str(rule)
    names = sorted(rule.arguments)
    if not names:
        return [path]
    found = []
    for hostile in [*HOSTILE, "1", "2", "discord", "ru"]:
        filled = path
        for name in names:
            start = filled.rfind("<", 0, filled.index(f"{name}>"))
            filled = (
                filled[:start]
                + hostile.replace("/", "%2F").replace("?", "%3F")
                + filled[filled.index(f"{name}>") + len(name) + 1 :]
            )
        found.append(filled)
    return found


def routes(site: FlaskClient, method: str) -> list[Rule]:
    return [
        rule
        for rule in site.application.url_map.iter_rules()
        if method in (rule.methods or ()) and rule.endpoint not in ("ttfd.static", "ttfd.events")
    ]


@pytest.mark.parametrize("who", ["stranger", "member", "administrator"])
def test_no_page_fails_whatever_it_is_asked(site: FlaskClient, db: Connection, who: str) -> None:
    if who != "stranger":
        log_in(site, db, value(db, "SELECT user_id FROM ttfd.website_admins") if who == "administrator" else 2)
    chance = random.Random(7)
    failed = []
    for rule in routes(site, "GET"):
        for address in addresses(rule):
            queries = [{name: text} for name in PARAMETERS for text in HOSTILE]
            few = [dict.fromkeys(PARAMETERS, "x")] if rule.arguments else chance.sample(queries, 40)
            for query in [{}, *few, *([] if rule.arguments else [{name: "x"} for name in PARAMETERS])]:
                answer = site.get(address, query_string=query)
                if answer.status_code >= 500:
                    failed.append((address[:80], query, answer.status_code))
    assert failed == []


@pytest.mark.parametrize("who", ["stranger", "member", "administrator"])
def test_no_form_fails_whatever_it_is_sent(site: FlaskClient, db: Connection, client: Client, who: str) -> None:
    admin = value(db, "SELECT user_id FROM ttfd.website_admins")
    fields = (
        *(
            "event_id",
            "item",
            "code",
            "platform",
            "merge_id",
            "language",
            "zone",
            "hidden",
            "sure",
            "next",
            "name",
            "xp",
        ),
        *(
            "coins",
            "value",
            "factor",
            "hours",
            "boost_id",
            "event_types",
            "season_id",
            "days",
            "conflict_id",
            "settlement",
        ),
        *("reason", "cooldown_seconds", "daily_xp_cap", "is_enabled"),
    )
    failed = []
    for rule in routes(site, "POST"):
        for hostile, address in zip(
            itertools.cycle(HOSTILE), addresses(rule) * (1 if rule.arguments else len(HOSTILE)), strict=False
        ):
            if who != "stranger":
                log_in(site, db, admin if who == "administrator" else 2)
            answer = send(site, address, **dict.fromkeys(fields, hostile))
            if answer.status_code >= 500:
                failed.append((address[:80], hostile[:20], answer.status_code))
    assert failed == []
    assert client.verify_integrity() == []


def test_every_form_needs_a_token_of_this_browser(site: FlaskClient, db: Connection, database_url: str) -> None:
    admin = value(db, "SELECT user_id FROM ttfd.website_admins")
    log_in(site, db, admin)
    with closing(create_app(database_url, Settings(secret_key="for tests"))) as attacker:
        page = attacker.get("/login").text
    send(site, "/account/hidden", hidden="")
    for rule in routes(site, "POST"):
        address = addresses(rule)[-1]
        for fields in (
            {},
            {"csrf_token": "x"},
            {"csrf_token": page.partition('csrf_token" value="')[2].partition('"')[0]},
        ):
            assert site.post(address, data=fields).status_code in (400, 404), address
    assert value(db, "SELECT count(*) FROM ttfd.website_sessions WHERE user_id = %s", admin) == 1


def test_no_get_changes_anything(site: FlaskClient, db: Connection) -> None:
    log_in(site, db, value(db, "SELECT user_id FROM ttfd.website_admins"))
    counts = "SELECT (SELECT count(*) FROM ttfd.audit_log), (SELECT count(*) FROM ttfd.website_sessions),"
    counts += " (SELECT count(*) FROM ttfd.cross_platform_events), (SELECT sum(coins) FROM ttfd.unified_users)"
    before = db.execute(counts).fetchone()
    for rule in routes(site, "GET"):
        for address in addresses(rule)[-4:]:
            site.get(address)
    assert db.execute(counts).fetchone() == before


def test_every_answer_has_the_headers_that_protect_it(site: FlaskClient, db: Connection) -> None:
    log_in(site, db, value(db, "SELECT user_id FROM ttfd.website_admins"))
    for address in (
        "/",
        "/account",
        "/admin/",
        "/nowhere",
        "/healthz",
        "/members/1/card-en.png",
        "/ttfd-static/website.js",
    ):
        headers = site.get(address).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy and "unsafe" not in policy and "script-src" not in policy
        assert "frame-ancestors 'none'" in policy and "form-action 'self'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"


def test_what_a_member_sees_is_in_no_shared_cache(site: FlaskClient, db: Connection) -> None:
    log_in(site, db, 2)
    for address in ("/account", "/", "/shop"):
        assert "private" in site.get(address).headers["Cache-Control"]


def test_names_are_escaped_wherever_they_are_shown(site: FlaskClient, db: Connection, client: Client) -> None:
    hostile = "<script>alert('x')</script>\"onload=alert(1) {{7*7}}"
    db.execute("UPDATE ttfd.platform_accounts SET username = %s, display_name = %s", [hostile, hostile])
    db.execute("UPDATE ttfd.unified_users SET username = %s, display_name = %s", [hostile, hostile])
    db.execute("UPDATE ttfd.seasons SET name = %s", [hostile[:100]])
    db.execute("UPDATE ttfd.import_conflicts SET username = %s, reason = %s", [hostile, hostile])
    db.execute("UPDATE ttfd.failed_events SET message = %s, event_type = %s", [hostile, hostile])
    db.execute("UPDATE ttfd.shop_items SET title_en = %s, description_en = %s", [hostile, hostile])
    db.execute("UPDATE ttfd.achievements SET title_en = %s, description_en = %s", [hostile, hostile])
    db.execute("SELECT ttfd.audit(%s, NULL, %s)", [hostile, '{"<script>": "<script>alert(1)</script>"}'])
    admin = value(db, "SELECT user_id FROM ttfd.website_admins")
    log_in(site, db, admin)
    for rule in routes(site, "GET"):
        for address in (a for a in addresses(rule)[-4:]):
            page = site.get(address, headers={"Accept-Language": "en"}).text
            assert "<script>alert" not in page, address
            assert "49" not in page.partition("</head>")[0] or "{{7*7}}" in page


def test_pictures_are_drawn_of_any_name(site: FlaskClient, db: Connection) -> None:
    db.execute("UPDATE ttfd.unified_users SET display_name = %s WHERE id = 2", ["\u202e<b>🦁" + "Ы" * 200])
    answer = site.get("/members/2/card-ru.png")
    assert (answer.status_code, answer.mimetype, answer.data[:4]) == (200, "image/png", b"\x89PNG")
    again = site.get("/members/2/card-ru.png", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    page = site.get("/members/2").text
    assert '<meta property="og:image" content="http://localhost/members/2/card-en.png">' in page


def test_a_card_speaks_the_language_of_its_address(site: FlaskClient, db: Connection) -> None:
    db.execute("UPDATE ttfd.unified_users SET display_name = NULL, username = NULL WHERE id = 2")
    english, russian = (
        site.get("/members/2/card-ru.png", headers={"Accept-Language": asked}).data for asked in ("en", "ru")
    )
    assert english == russian


@pytest.mark.parametrize("query", ["endpoint=x", "_method=x", "_scheme=x", "_external=1", "user_id=x", "values=x"])
def test_a_choice_of_language_keeps_every_parameter_of_the_address(site: FlaskClient, query: str) -> None:
    answer = site.get(f"/members/2?{query}")
    assert (answer.status_code, f'href="/members/2?{query}&amp;lang=ru"' in answer.text) == (200, True)


def test_a_wrong_method_is_refused_with_a_page_of_ours(site: FlaskClient) -> None:
    answer = site.post("/seasons", data={})
    assert (answer.status_code, "This did not work" in answer.text) == (405, True)
    assert "GET" in answer.headers["Allow"]


def test_a_mistake_of_ours_is_told_in_peace_and_logged(
    site: FlaskClient, db: Connection, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log_in(site, db, 2)

    def fail(*_parts: object) -> None:
        raise RuntimeError("what nobody should read")

    monkeypatch.setattr("ttfd.client.Client.list_activity", fail)
    answer = site.get("/activity")
    assert (answer.status_code, "Something is broken here" in answer.text) == (500, True)
    assert "nobody should read" not in answer.text
    assert "nobody should read" in caplog.text


def test_who_loses_the_right_while_a_page_is_made_is_refused(
    site: FlaskClient, db: Connection, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = value(db, "SELECT user_id FROM ttfd.website_admins")
    log_in(site, db, admin)
    act = Client.act_for_session

    def act_too_late(self: Client, token_hash: bytes) -> None:
        client.set_website_admin(admin, False)
        act(self, token_hash)

    monkeypatch.setattr(Client, "act_for_session", act_too_late)
    assert site.get("/admin/").status_code == 403
