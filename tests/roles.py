"""What the tests of role rewards share."""

from typing import Any

from calls import Connection, row, rows


def give(db: Connection, role_id: str, platform: str = "discord", **reward: Any) -> None:
    """A role reward: rank_id and last_rank_id, or achievement."""
    db.execute(
        "INSERT INTO ttfd.role_rewards (platform, role_id, rank_id, last_rank_id, achievement)"
        " VALUES (%s, %s, %s, %s, %s)",
        [platform, role_id, reward.get("rank_id"), reward.get("last_rank_id"), reward.get("achievement")],
    )


def desired(db: Connection, platform: str = "discord") -> dict[str, tuple[list[str], list[str]]]:
    """Roles to have and roles to lack, by account."""
    return {
        found.external_id: (found.role_ids, found.other_role_ids)
        for found in rows(db, "SELECT * FROM ttfd.list_desired_roles(%s)", platform)
    }


def given(db: Connection, external_id: str = "1") -> list[str]:
    """Roles that the database knows to be given."""
    found = rows(db, "SELECT * FROM ttfd.list_desired_roles('discord')")
    return next((list(account.given_role_ids) for account in found if account.external_id == external_id), [])


def report(db: Connection, what: str, role_id: str, external_id: str = "1") -> bool:
    found = row(db, f"SELECT * FROM ttfd.report_role_{what}('discord', %s, %s)", external_id, role_id)
    return bool(found.is_changed)
