"""A running site, its providers of logins, and a browser."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from chromium import CHROMIUM, CHROMIUM_OPTIONS
from oauth_server import OAuthServer, oauth_server, serving_app
from ttfd import Client
from ttfd.website import cache, create_app


@pytest.fixture(autouse=True)
def _fresh_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that changes something looks at once, and not half a second later as a browser does."""
    monkeypatch.setattr(cache, "_SECONDS", -1)


@pytest.fixture
def provider() -> Iterator[OAuthServer]:
    """Discord and Telegram, as far as logging in goes."""
    with oauth_server() as server:
        yield server


@pytest.fixture
def client(db: psycopg.Connection[Any]) -> Client:
    """The SQL functions, as the owner of everything."""
    return Client(db)


@pytest.fixture
def running(database_url: str, provider: OAuthServer) -> Iterator[str]:
    """The address of a running site that is registered with the provider."""
    app = create_app(database_url, provider.settings())
    with serving_app(app) as url:
        provider.redirect_uris |= {f"{url}/login/{platform}/answer" for platform in ("discord", "telegram")}
        try:
            yield url
        finally:
            app.extensions["ttfd"].close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, where there is one. Not for longer: Playwright occupies the thread's event loop."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, running: str) -> Iterator[Page]:
    """A page in a browser of its own. Whatever the console complains of, or asks of another host, fails the test."""
    context = browser.new_context(base_url=running, locale="en-GB")
    page = context.new_page()
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []
