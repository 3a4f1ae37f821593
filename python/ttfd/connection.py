"""Database addresses: read every form people have, show none of their passwords.

No function here puts any part of an unreadable address into an exception: libpq's own messages quote it, and
a password with a stray ``/`` or ``@`` ends up in the part that is quoted.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

__all__ = ["normalise_dsn", "redact", "yoyo_url"]

UNREADABLE = "(not a PostgreSQL address)"

_SCHEME = re.compile(r"(postgres(?:ql)?(\+psycopg)?)://", re.IGNORECASE)
_SECRETS = {"password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"}
_PLAIN_HOST = re.compile(r"[A-Za-z0-9._-]+")


def normalise_dsn(url: str) -> str:
    """Return the address in a form that libpq and psycopg accept.

    Takes ``postgres://`` (Railway, Heroku), ``postgresql://``, ``postgresql+psycopg://`` (yoyo, SQLAlchemy)
    and ``key=value`` connection strings.

    Raises:
        ValueError: the text is none of these. The message never quotes it.
    """
    url = url.strip()
    if not url:
        raise ValueError("The database address is empty. Expected postgresql://user:password@host:5432/database.")
    if scheme := _SCHEME.match(url):
        rest = url[scheme.end() :]
        if scheme[2]:
            rest = _without_yoyo_options(rest)
        url = "postgresql://" + rest
    elif "://" in url:
        raise ValueError("The database address must begin with postgresql:// or postgres://.")
    _parse(url, is_url=scheme is not None)
    return url


def redact(url: str) -> str:
    """Return the address without its password, fit for logs; text that is no address gives a fixed phrase."""
    try:
        dsn = normalise_dsn(url)
    except ValueError:
        return UNREADABLE
    shown = {key: value for key, value in conninfo_to_dict(dsn).items() if key not in _SECRETS}
    return _as_url("postgresql", shown) if dsn.startswith("postgresql://") else make_conninfo("", **shown)


def yoyo_url(url: str) -> str:
    """Return the address as yoyo reads it for psycopg 3: ``postgresql+psycopg://…``, password included.

    ``schema=public`` pins the place of yoyo's own tables. Without it they live in ``current_schema()``, which
    becomes ``ttfd`` for a user called ttfd once that schema exists: the next run would apply all of it again.

    Raises:
        ValueError: see `normalise_dsn`.
    """
    return _as_url("postgresql+psycopg", {**conninfo_to_dict(normalise_dsn(url)), "schema": "public"})


def _parse(dsn: str, *, is_url: bool) -> None:
    try:
        parts = conninfo_to_dict(dsn)
    except (psycopg.Error, UnicodeError):
        parts = None  # not inside `except`: the original exception quotes the address
    ports = str(parts.get("port") or "").split(",") if parts is not None else ["?"]
    host, database = (str((parts or {}).get(key) or "") for key in ("host", "dbname"))
    if all(port.isdigit() or not port for port in ports) and not (is_url and "@" in host + database):
        return
    raise ValueError(
        "The database address cannot be read. Expected postgresql://user:password@host:5432/database; "
        "in user and password write @ as %40, : as %3A, / as %2F, % as %25."
        if is_url
        else "The database address cannot be read. Expected postgresql://user:password@host:5432/database "
        "or host=… port=5432 user=… password=… dbname=…."
    )


def _without_yoyo_options(rest: str) -> str:
    """Drop ``schema``, which libpq does not know."""
    base, question, query = rest.partition("?")
    kept = [pair for pair in query.split("&") if not pair.startswith("schema=")]
    return base + question * bool(any(kept)) + "&".join(kept)


def _as_url(scheme: str, parts: Mapping[str, object]) -> str:
    rest = {key: str(value) for key, value in parts.items() if value is not None}
    user, password = rest.pop("user", None), rest.pop("password", None)
    database = rest.pop("dbname", "")
    location = "" if user is None else quote(user, safe="")
    if password is not None:
        location += ":" + quote(password, safe="")
    if location:
        location += "@"
    # Not every URL parser takes a socket folder, an IPv6 address or a list of hosts: those go to the query.
    if _PLAIN_HOST.fullmatch(rest.get("host", "")) and rest.get("port", "0").isdigit():
        location += rest.pop("host")
        location += f":{rest.pop('port')}" if "port" in rest else ""
    query = f"?{urlencode(rest, quote_via=quote, safe='')}" if rest else ""
    return f"{scheme}://{location}/{quote(database, safe='')}{query}"
