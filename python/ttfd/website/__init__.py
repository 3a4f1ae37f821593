"""The website: leaderboards, members, a shop, everybody's own account, and a part for administrators; all of it live.

`create_app` is the whole site, `create_blueprint` the same for a Flask application that exists already. ``ttfd serve``
runs it. Pages need neither JavaScript nor anything from another host.

The rooms: ``pages`` for everybody, ``login``, ``account`` of the one who is logged in, ``admin``, ``streams`` of
events, ``pictures``, ``monitoring``. What they share is in ``site``, ``visitor`` (who asks) and ``render`` (what is
answered).
"""

from __future__ import annotations

import logging
import os
import secrets

from flask import Blueprint, Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from .account import add_account
from .admin import add_admin
from .cache import PageCache
from .database import Database
from .guard import add_app_guard, add_guard
from .limits import Limits
from .live import Hub
from .login import add_login
from .monitoring import add_monitoring
from .pages import add_pages
from .pictures import add_pictures
from .settings import Provider, Settings
from .site import Site
from .streams import add_streams

__all__ = ["Provider", "Settings", "create_app", "create_blueprint"]

log = logging.getLogger("ttfd.website")

_LARGEST_FORM_BYTES = 64 * 1024


def create_app(database_url: str | None = None, settings: Settings | None = None) -> Flask:
    """The whole site as an application of its own.

    Nothing is connected before the first request, so the application may be made before a server forks.

    Args:
        database_url: a direct PostgreSQL address; the environment's ``DATABASE_URL`` when it is None.
        settings: logins and so on; read from the environment when None.

    Raises:
        ValueError: an address or a number cannot be read; the message does not quote it.
        KeyError: no address was given, and ``DATABASE_URL`` is not set.
    """
    settings = Settings.from_environment() if settings is None else settings
    app = Flask("ttfd.website", static_folder=None)
    app.config.update(
        SECRET_KEY=settings.secret_key or secrets.token_hex(),
        SESSION_COOKIE_NAME="ttfd_form",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=(settings.site_url or "").startswith("https:"),
        MAX_CONTENT_LENGTH=_LARGEST_FORM_BYTES,
    )
    if settings.secret_key is None and settings.providers:
        log.warning("TTFD_SECRET_KEY is not set: forms that are open across a restart have to be sent again")
    if settings.proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies, x_host=settings.proxies
        )
    blueprint = create_blueprint(os.environ["DATABASE_URL"] if database_url is None else database_url, settings)
    app.register_blueprint(blueprint)
    add_app_guard(app)
    return app


def create_blueprint(database_url: str, settings: Settings | None = None) -> Blueprint:
    """The pages, for ``app.register_blueprint(…, url_prefix=…)``; endpoints are named ``ttfd.…``.

    The application needs a ``SECRET_KEY``. One that has Flask-Babel already keeps its own choice of the language;
    otherwise the blueprint sets Flask-Babel up and lets the visitor choose.

    Args:
        database_url: a direct PostgreSQL address (LISTEN does not work through a pooler in transaction mode).
        settings: logins and so on; read from the environment when None.

    Raises:
        ValueError: an address or a number cannot be read; the message does not quote it.
    """
    settings = Settings.from_environment() if settings is None else settings
    blueprint = Blueprint(
        "ttfd",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/ttfd-static",
    )
    database = Database(database_url)
    site = Site(
        settings=settings,
        database=database,
        admin_database=Database(settings.admin_url or database_url),
        hub=Hub(database, settings.streams_per_address),
        limits=Limits(settings.is_limited),
        cache=PageCache(),
    )
    add_guard(blueprint, site)
    for add_room in (add_pages, add_login, add_account, add_admin, add_streams, add_pictures, add_monitoring):
        add_room(blueprint, site)
    return blueprint
