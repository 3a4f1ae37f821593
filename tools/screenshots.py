"""Take pictures of every page on a phone and a desktop, light and dark: ``make screenshots`` (needs Chromium)."""

from __future__ import annotations

import argparse
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "website")]

from playwright.sync_api import sync_playwright  # noqa: E402

import community  # noqa: E402
from calls import Connection  # noqa: E402
from chromium import CHROMIUM, CHROMIUM_OPTIONS  # noqa: E402
from every_page import STEPS, visit_all, visit_broken  # noqa: E402
from oauth_server import OAuthServer, oauth_server, serving_app  # noqa: E402
from support import throwaway_server  # noqa: E402
from ttfd.migrate import migrate  # noqa: E402
from ttfd.website import create_app  # noqa: E402

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
            community.fill(db)
            for screen in SCREENS:
                for theme in ("light", "dark"):
                    take(url, db, provider, arguments.folder, screen, theme, arguments.locale)


def take(url: str, db: Connection, provider: OAuthServer, folder: Path, screen: str, theme: str, locale: str) -> None:
    """Every page on one kind of screen in one theme, of a site that has not refused anybody yet."""
    app = create_app(url, provider.settings())
    options: dict[str, Any] = {**SCREENS[screen], "color_scheme": theme, "locale": locale}
    with serving_app(app) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        pages = [visit_all(browser, site, db, provider, who, **options) for who in STEPS]
        for name, page in chain(*pages, visit_broken(browser, **options)):
            page.screenshot(path=folder / f"{name}-{screen}-{theme}.png", full_page=True)
        browser.close()
    app.extensions["ttfd"].close()


if __name__ == "__main__":
    main()
