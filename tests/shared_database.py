"""A database that many tests share, each in a transaction that is thrown away: a clone per test takes half a second.

A test that needs more than one connection asks for ``database_url`` and gets a clone of its own.
"""

import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from ttfd.embedded import Server


@pytest.fixture(scope="session")
def shared_database(server: Server, migrated_template: Any) -> Iterator[psycopg.Connection[Any]]:
    name = f"ttfd_shared_{uuid.uuid4().hex}"
    with psycopg.connect(server.database_url("postgres"), autocommit=True) as maintenance:
        maintenance.execute(f"CREATE DATABASE {name} TEMPLATE {migrated_template.template_dbname}")
        with psycopg.connect(server.database_url(name)) as connection:
            yield connection
        maintenance.execute(f"DROP DATABASE {name}")


@pytest.fixture
def db(request: pytest.FixtureRequest) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a migrated database that nobody else has written to."""
    if "database_url" in request.fixturenames:
        clone: psycopg.Connection[Any] = request.getfixturevalue("clone")
        clone.autocommit = True
        yield clone
        return
    shared: psycopg.Connection[Any] = request.getfixturevalue("shared_database")
    # Open the transaction here: a block db.transaction() of the test is then a savepoint in it.
    shared.execute("SELECT")
    try:
        yield shared
    finally:
        shared.rollback()
