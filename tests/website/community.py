"""A small community with something on every page, and how to be logged in."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape

import psycopg
from flask import Flask, session
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf  # type: ignore[import-untyped]
from werkzeug.test import TestResponse

from calls import Connection, enable_achievements, put_pending, set_time, value
from legacy_records import load, unify
from ttfd import Client, new_event_id
from ttfd.website.visitor import digest

NAMES = [
    *("Анна", "Борис", "Mira", "Lev 🦁", "Old Oak", "نور", "Zoë", "Кирилл Длинноимённый-Вездесущий", "Sam", "Ира"),
    *("Pavel", "Оля", "Tomo", "Vlad", "June", "Саша", "Kim", "Рита", "Max", "Юра"),
]
DAYS = 24


def fill(db: Connection) -> int:
    """Members of many ranks, weeks of events, a season, something failed, something to settle. Returns Анна's id."""
    client = Client(db)
    enable_achievements(db)
    client.start_season("Осень 2026")
    ids = []
    for number, name in enumerate(NAMES, 1):
        ids.append(client.get_or_create_user("telegram", str(1000 + number), f"user{number}", name).user_id)
        if number % 2:
            client.link_verified_account(ids[-1], "discord", str(88000 + number), f"disco{number}")
        client.apply_event(new_event_id(), "telegram", str(1000 + number), "xp_change", {"xp": 60000 // number**2})
        client.apply_event(new_event_id(), "telegram", str(1000 + number), "coins_change", {"coins": 9000 // number})
    anna = ids[0]
    for days_ago in range(DAYS, 0, -1):
        set_time(db, value(db, "SELECT (now() - %s * interval '1 day')::text", days_ago))
        for number in range(1, 1 + days_ago % 5):
            client.record_event(new_event_id(), "telegram", str(1000 + number), "message_sent")
            client.record_event(new_event_id(), "discord", "88001", "voice_time", {"seconds": 600 * number})
        client.record_event(new_event_id(), "telegram", "1001", "game_played", {"won": True, "xp": 50, "coins": 10})
        client.process_events()
    set_time(db, "")
    for number in range(1, 12):
        client.record_event(new_event_id(), "telegram", str(1000 + number), "message_sent")
    put_pending(db, anna, "no_such_type", {"said": "<b>hello</b>"})
    client.process_events()
    client.buy_item(new_event_id(), anna, "boost_hour")
    client.set_website_admin(anna, True)
    run_id = load(
        db,
        telegram=[{"id": "2001", "username": "doubtful", "xp": 5}],
        discord=[{"id": "99001", "username": "doubtful"}, {"id": "99002", "username": "Doubtful"}],
    )
    unify(db, run_id)
    client.process_events()
    return anna


def log_in(site: FlaskClient, db: Connection, user_id: int, method: str = "telegram") -> str:
    """Log the test client in; gives the token."""
    token = uuid.uuid4().hex
    Client(db).start_session(user_id, digest(token), method)
    site.set_cookie("ttfd_session", token)
    return token


def send(site: FlaskClient, address: str, **fields: object) -> TestResponse:
    """Send a form as our own page would, with its token."""
    return site.post(address, data={"csrf_token": token_of(site), **fields})


def token_of(site: FlaskClient) -> str:
    """A token for forms, as our pages have it."""
    with site.application.test_request_context(), site.session_transaction() as stored:
        session.update(stored)
        token = str(generate_csrf())
        stored.update(session)
    return token


@contextmanager
def closing(app: Flask) -> Iterator[FlaskClient]:
    """A client of an application that is closed at the end of the block."""
    try:
        yield app.test_client()
    finally:
        app.extensions["ttfd"].close()


def only(db: psycopg.Connection[object], query: str, *parameters: object) -> object:
    """The one value that a query has."""
    row = db.execute(query, list(parameters)).fetchone()
    assert row
    return row[0]  # type: ignore[index]


def text_of(response: TestResponse) -> str:
    """The visible text, with plain spaces."""
    body = response.text.partition("</head>")[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())
