"""A community in which nobody has been yet."""

import psycopg

from calls import Connection


def begin_anew(db: Connection) -> None:
    """Take all members away, while the bot goes on: a deadlock with it is met here, and tried again."""
    while True:
        try:
            db.execute(
                "TRUNCATE ttfd.unified_users, ttfd.platform_accounts, ttfd.cross_platform_events, ttfd.award_windows,"
                " ttfd.account_preferences, ttfd.xp_standings, ttfd.standings RESTART IDENTITY CASCADE"
            )
        except psycopg.errors.DeadlockDetected:
            continue
        db.execute("SELECT ttfd.tend_seasons()")
        return
