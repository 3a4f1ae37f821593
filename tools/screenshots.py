"""Take pictures of every page on a phone and a desktop, light and dark: ``make screenshots`` (needs Chromium)."""

from __future__ import annotations

import argparse
import sys
import uuid
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "website")]

from playwright.sync_api import sync_playwright  # noqa: E402

import community  # noqa: E402
from chromium import CHROMIUM, CHROMIUM_OPTIONS  # noqa: E402
from every_page import ADMINS, MEMBERS, PUBLIC  # noqa: E402
from oauth_server import oauth_server, serving_app  # noqa: E402
from support import throwaway_server  # noqa: E402
from ttfd import Client  # noqa: E402
from ttfd.migrate import migrate  # noqa: E402
from ttfd.website import create_app  # noqa: E402
from ttfd.website.visitor import digest  # noqa: E402

SCREENS = {
    "phone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 1, "is_mobile": True},
    "desktop": {"viewport": {"width": 1280, "height": 800}},
}


def main() -> None:
    """Write the pictures into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--locale", default="ru-RU")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    if CHROMIUM is None:
        raise SystemExit("There is no Chromium on this machine: apt-get install chromium")
    with throwaway_server() as server, oauth_server() as provider:
        url = server.database_url("postgres")
        migrate(url)
        with psycopg.connect(url, autocommit=True) as db:
            anna = community.fill(db)
            token = uuid.uuid4().hex
            Client(db).start_session(anna, digest(token), "telegram")
        app = create_app(url, provider.settings())
        with serving_app(app) as site:
            for screen in SCREENS:
                for theme in ("light", "dark"):
                    take(site, arguments.folder, screen, theme, anna, token, arguments.locale)
        app.extensions["ttfd"].close()


def take(site: str, folder: Path, screen: str, theme: str, anna: int, token: str, locale: str) -> None:
    """Every page on one kind of screen in one theme."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        for pages, is_member in ((PUBLIC, False), ({**MEMBERS, **ADMINS}, True)):
            context = browser.new_context(base_url=site, color_scheme=theme, locale=locale, **SCREENS[screen])  # type: ignore[arg-type]
            if is_member:
                context.add_cookies([{"name": "ttfd_session", "value": token, "url": site}])
            page = context.new_page()
            for name, address in pages.items():
                page.goto(address.format(anna=anna))
                page.screenshot(path=folder / f"{name}-{screen}-{theme}.png", full_page=True)
            context.close()
        browser.close()


if __name__ == "__main__":
    main()
