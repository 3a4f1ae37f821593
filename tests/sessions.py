"""Sessions of the website, for tests of what they allow."""

import hashlib

from calls import Connection, row


def token_hash(token: str = "a token") -> bytes:  # noqa: S107
    """What the database knows of a token."""
    return hashlib.sha256(token.encode()).digest()


def start_session(db: Connection, user_id: int, token: str = "a token", method: str = "telegram") -> int:  # noqa: S107
    """Log a member in; the member's id."""
    found = row(db, "SELECT * FROM ttfd.start_session(%s, %s, %s)", user_id, token_hash(token), method)
    return int(found.user_id)
