"""What tests of forgetting share: a member who has left traces wherever one can."""

from calls import Connection, apply_event, get_user, process_all, put_pending, record_event, row
from legacy_records import load, unify

TELEGRAM_ID, DISCORD_ID, EMAIL = "770011223344", "880055667788", "anna.secret@example.org"
NAMES = ["anna_secret", "Анна Тайная", "anna_on_discord", TELEGRAM_ID, DISCORD_ID, EMAIL]


def forget(db: Connection, user_id: int) -> str:
    return str(row(db, "SELECT * FROM ttfd.forget_user(%s)", user_id).status)


def link(db: Connection, user_id: int, platform: str, external_id: str, username: str | None = None) -> None:
    db.execute("SELECT ttfd.link_verified_account(%s, %s, %s, %s)", [user_id, platform, external_id, username])


def make_anna(db: Connection) -> int:
    """A member who has left traces wherever one can."""
    run_id = load(
        db,
        telegram=[
            {"id": TELEGRAM_ID, "username": "anna_secret", "xp": 700, "coins": 20, "achievements": ["first"]},
            {"id": TELEGRAM_ID, "username": "anna_secret", "xp": 1},
        ],
        discord=[
            {"id": DISCORD_ID, "username": "anna_on_discord", "telegram_id": TELEGRAM_ID},
            {"id": "66", "username": "ANNA_Secret"},
            {"id": "67", "username": "Anna_SECRET"},
        ],
    )
    unify(db, run_id)
    db.execute("SELECT ttfd.get_or_create_user('telegram', %s, 'anna_secret', 'Анна Тайная')", [TELEGRAM_ID])
    user_id = get_user(db, TELEGRAM_ID)
    link(db, user_id, "website", EMAIL, "anna_secret")
    data = {"xp": 7, "coins": 3, "won": True, "opponent": "anna_secret", "chat": {"id": TELEGRAM_ID}}
    apply_event(db, "game_played", data, external_id=TELEGRAM_ID)
    process_all(db)
    put_pending(db, user_id, "no_such_type", {"from": EMAIL})
    process_all(db)
    db.execute("SELECT ttfd.discard_failed_event(id, 'asked by anna_secret') FROM ttfd.failed_events")
    db.execute(
        "SELECT ttfd.audit('account_linked', NULL, %s)",
        [f'{{"user_id": {user_id}, "accounts": [{{"external_id": "{DISCORD_ID}", "username": "Anna_On_Discord"}}]}}'],
    )
    db.execute("SELECT ttfd.report_role_removed('telegram', %s, 'role')", [TELEGRAM_ID])
    record_event(db, "game_played", {"coins": 5, "said": "I am Анна Тайная"}, external_id=TELEGRAM_ID)
    return user_id
