"""Calls of the identity functions in as few words as a test wants them."""

from typing import Any

from calls import Connection, row, value


def create_code(db: Connection, external_id: str = "1", platform: str = "telegram") -> str:
    return str(row(db, "SELECT * FROM ttfd.create_link_code(%s, %s)", platform, external_id).code)


def preview(db: Connection, code: str | None, external_id: str = "2", platform: str = "discord") -> Any:
    return row(db, "SELECT * FROM ttfd.preview_link(%s, %s, %s)", code, platform, external_id)


def redeem(db: Connection, code: str | None, external_id: str = "2", platform: str = "discord") -> Any:
    return row(db, "SELECT * FROM ttfd.redeem_link_code(%s, %s, %s)", code, platform, external_id)


def unlink(db: Connection, user_id: int | None, platform: str = "discord") -> Any:
    return row(db, "SELECT * FROM ttfd.unlink_account(%s, %s)", user_id, platform)


def merge(db: Connection, into_id: int | None, from_id: int | None, reason: str | None = None) -> Any:
    return row(db, "SELECT * FROM ttfd.merge_users(%s, %s, %s)", into_id, from_id, reason)


def undo(db: Connection, merge_id: int | None) -> Any:
    return row(db, "SELECT * FROM ttfd.undo_merge(%s)", merge_id)


def told(db: Connection, event_type: str) -> list[tuple[int, dict[str, Any], int, int]]:
    """Events of a type as (user_id, data, xp, coins), oldest first."""
    return db.execute(
        "SELECT user_id, data, xp, coins FROM ttfd.cross_platform_events WHERE event_type = %s ORDER BY seq",
        [event_type],
    ).fetchall()


def audited(db: Connection, action: str) -> list[dict[str, Any]]:
    return [line for (line,) in db.execute("SELECT after FROM ttfd.audit_log WHERE action = %s ORDER BY id", [action])]


def state(db: Connection, user_id: int) -> dict[str, Any]:
    """Everything that ttfd knows of a user, but for the log of events."""
    parts = {
        "user": "SELECT to_jsonb(u) FROM ttfd.unified_users u WHERE u.id = %s",
        "accounts": "SELECT jsonb_agg(a ORDER BY a.platform) FROM ttfd.platform_accounts a WHERE a.user_id = %s",
        "windows": "SELECT jsonb_agg(w ORDER BY w.event_type, w.is_daily, w.starts_at)"
        " FROM ttfd.award_windows w WHERE w.user_id = %s",
        "boosts": "SELECT jsonb_agg(b ORDER BY b.id) FROM ttfd.boosts b WHERE b.user_id = %s",
        "purchases": "SELECT jsonb_agg(p ORDER BY p.event_id) FROM ttfd.purchases p WHERE p.user_id = %s",
        "transfers": "SELECT jsonb_agg(t ORDER BY t.day) FROM ttfd.transfer_days t WHERE t.user_id = %s",
        "scores": "SELECT jsonb_agg(k ORDER BY k.season_id) FROM ttfd.season_scores k WHERE k.user_id = %s",
        "achievements": "SELECT jsonb_agg(k ORDER BY k.achievement) FROM ttfd.user_achievements k WHERE k.user_id = %s",
        "signposts": "SELECT jsonb_agg(s.id ORDER BY s.id) FROM ttfd.unified_users s WHERE s.merged_into = %s",
    }
    return {name: value(db, query, user_id) for name, query in parts.items()}


def set_user(db: Connection, user_id: int, **columns: Any) -> None:
    """Write columns of a user past all rules; not for amounts."""
    names = ", ".join(f"{name} = %s" for name in columns)
    db.execute(f"UPDATE ttfd.unified_users SET {names} WHERE id = %s", [*columns.values(), user_id])  # type: ignore[arg-type]
