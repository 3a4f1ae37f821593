"""Addresses: every form is read, no password is shown."""

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from yoyo.connections import parse_uri

from ttfd.connection import normalise_dsn, redact, yoyo_url

ADDRESSES = [
    "postgres://bot:s3cr3t@db.railway.internal:5432/railway",
    "postgresql://bot:s3cr3t@db.example/club?sslmode=require&application_name=a%40b",
    "postgresql+psycopg://bot:s3cr3t@db.example:6543/club?schema=public&connect_timeout=3",
    "POSTGRES://bot:s3cr3t@[::1]:5432/club",
    "postgresql://bot:s3cr3t@one:5432,two:5433/club",
    "postgresql://bot@/club?host=%2Frun%2Fpostgresql&password=s3cr3t",
    "postgresql://bot:s3cr3t@%2Frun%2FPostgres/club",
    "host=db.example user=bot password=s3cr3t dbname=club",
    "host=db.example user=bot password = 's3cr3t' dbname=club",
    "  postgres://bot:s3cr3t@db.example/club\n",
]

# A password with an unescaped character ends up in another part, or makes the whole unreadable.
BROKEN = [
    "",
    "s3cr3t",
    "mysql://bot:s3cr3t@db/club",
    "postgres:/bot:s3cr3t@db/club",
    "postgresql://bot:s3cr3t/x@db/club",
    "postgresql://bot:12/s3cr3t@db/club",
    "postgresql://bot:12@s3cr3t@db/club",
    "postgresql://bot:s3cr3t%zz@db/club",
    "postgresql://bot@x:s3cr3t@db/club",
    "postgresql://bot:s3cr3t@db:port/club",
    "postgresql://bot:pw@db/club?s3cr3t=1",
    "host=db password=x s3cr3t",
    "host=db password='s3cr3t",
    "postgresql://bot:s3cr3t%00@db/club",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_usual_form_of_an_address_reaches_libpq_unchanged(address: str) -> None:
    parts = conninfo_to_dict(normalise_dsn(address))
    assert (parts["user"], parts["password"], parts["dbname"] in {"club", "railway"}) == (
        "bot",
        "s3cr3t",
        True,
    )


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_redacted_address_lacks_only_the_password(address: str) -> None:
    shown = redact(address)
    assert "s3cr3t" not in shown
    parts = conninfo_to_dict(normalise_dsn(address))
    del parts["password"]
    assert conninfo_to_dict(shown) == parts


@pytest.mark.parametrize("address", BROKEN)
def test_an_unreadable_address_is_refused_without_quoting_it(address: str) -> None:
    with pytest.raises(ValueError, match="database address") as caught:
        normalise_dsn(address)
    error: BaseException | None = caught.value
    while error is not None:
        assert "s3cr3t" not in str(error)
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("address", BROKEN)
def test_redacting_garbage_shows_none_of_it(address: str) -> None:
    assert redact(address) == "(not a PostgreSQL address)"


@pytest.mark.parametrize("address", ADDRESSES)
def test_yoyo_reads_the_same_address_with_psycopg_3_and_its_tables_pinned(address: str) -> None:
    wanted = conninfo_to_dict(normalise_dsn(address))
    uri = parse_uri(yoyo_url(address))
    assert (uri.scheme, uri.args.pop("schema")) == ("postgresql+psycopg", "public")
    seen = uri.args | {"user": uri.username, "password": uri.password, "dbname": uri.database}
    seen |= {key: value for key, value in {"host": uri.hostname, "port": uri.port}.items() if value is not None}
    assert {key: str(value) for key, value in seen.items()} == {key: str(value) for key, value in wanted.items()}


@pytest.mark.parametrize("secret", ["p@ss/w:rd?#%", "пароль", "a b'c\\d"])
def test_a_password_with_special_characters_survives_yoyo(secret: str) -> None:
    address = make_conninfo("", host="db", user="bot", password=secret, dbname="club")
    assert parse_uri(yoyo_url(address)).password == secret
    assert normalise_dsn(yoyo_url(address)).startswith("postgresql://")
    assert conninfo_to_dict(normalise_dsn(yoyo_url(address)))["password"] == secret
