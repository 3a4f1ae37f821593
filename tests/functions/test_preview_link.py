import pytest

from calls import Connection, acting_as, apply_event, get_user, refused, value
from links import create_code, preview, redeem


def test_a_preview_shows_both_sides_and_changes_nothing(db: Connection) -> None:
    get_user(db, "1", username="anna")
    get_user(db, "2", "discord", username="anna_d")
    apply_event(db, "xp_change", {"xp": 600})
    apply_event(db, "coins_change", {"coins": 7}, external_id="2", platform="discord")
    code = create_code(db)
    seen = preview(db, code)
    assert tuple(seen) == ("merged", "anna", ["telegram"], 600, 50, 2, "anna_d", ["discord"], 0, 7, 1)
    assert value(db, "SELECT count(*) FROM ttfd.user_merges") == 0
    assert redeem(db, code).status == "merged"


def test_a_preview_for_an_account_that_is_new_does_not_create_it(db: Connection) -> None:
    seen = preview(db, create_code(db))
    assert (seen.status, seen.other_xp, seen.own_xp) == ("linked", 0, None)
    assert value(db, "SELECT count(*) FROM ttfd.platform_accounts") == 1


def test_what_is_foreseen_is_what_happens(db: Connection) -> None:
    apply_event(db)
    get_user(db, "2", "discord")
    for external_id, platform in (("2", "discord"), ("2", "discord"), ("a@example.org", "website")):
        code = create_code(db)
        assert preview(db, code, external_id, platform).status == redeem(db, code, external_id, platform).status


@pytest.mark.parametrize("known", [True, False])
def test_a_collision_is_said_before_it_is_an_error(db: Connection, known: bool) -> None:
    redeem(db, create_code(db))
    if known:
        get_user(db, "3", "discord")
    code = create_code(db)
    assert preview(db, code, "3").status == "accounts_collide"
    with refused(db, "TL002"):
        redeem(db, code, "3")


def test_looking_is_no_way_around_the_lock(db: Connection) -> None:
    code = create_code(db)
    for _ in range(3):
        assert tuple(preview(db, "0000000000")) == ("invalid", *[None] * 10)
    for _ in range(2):
        redeem(db, "0000000000")
    assert tuple(preview(db, code)) == ("locked", *[None] * 10)
    assert redeem(db, code).status == "locked"


def test_discord_looks_at_nothing_for_telegram(db: Connection) -> None:
    code = create_code(db)
    with acting_as(db, "ttfd_discord"), refused(db, "TP001"):
        preview(db, code, "1", "telegram")
