"""The website: a leaderboard, a page for every member, and both of them live.

`create_app` is the whole site, `create_blueprint` the same for a Flask application that exists already. ``ttfd serve``
runs it. Pages need neither JavaScript nor anything from another host.
"""

from __future__ import annotations

import os

from flask import Blueprint, Flask

from .database import Database
from .live import Hub
from .pages import add_app_pages, add_pages

__all__ = ["create_app", "create_blueprint"]


def create_app(database_url: str | None = None) -> Flask:
    """The whole site as an application of its own.

    Nothing is connected before the first request, so the application may be made before a server forks.

    Args:
        database_url: a direct PostgreSQL address; the environment's ``DATABASE_URL`` when it is None.

    Raises:
        ValueError: the address cannot be read; the message does not quote it.
        KeyError: no address was given, and ``DATABASE_URL`` is not set.
    """
    app = Flask("ttfd.website", static_folder=None)
    app.register_blueprint(create_blueprint(os.environ["DATABASE_URL"] if database_url is None else database_url))
    add_app_pages(app)
    return app


def create_blueprint(database_url: str) -> Blueprint:
    """The pages, for ``app.register_blueprint(…, url_prefix=…)``; endpoints are named ``ttfd.…``.

    An application that has Flask-Babel already keeps its own choice of the language; otherwise the blueprint sets
    Flask-Babel up and lets the visitor choose.

    Args:
        database_url: a direct PostgreSQL address (LISTEN does not work through a pooler in transaction mode).

    Raises:
        ValueError: the address cannot be read; the message does not quote it.
    """
    blueprint = Blueprint(
        "ttfd",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/ttfd-static",
    )
    database = Database(database_url)
    add_pages(blueprint, database, Hub(database))
    return blueprint
