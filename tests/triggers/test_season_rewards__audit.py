from calls import Connection, acting_as, rows


def test_every_change_of_a_season_reward_is_audited(db: Connection) -> None:
    with acting_as(db, "ttfd_admin"):
        db.execute("INSERT INTO ttfd.season_rewards (from_place, to_place, coins) VALUES (51, 60, 10)")
        db.execute("UPDATE ttfd.season_rewards SET coins = 20 WHERE from_place = 51")
        db.execute("DELETE FROM ttfd.season_rewards WHERE from_place = 51")
    written = rows(db, "SELECT action, role, before, after FROM ttfd.audit_log ORDER BY id")
    assert [line.action for line in written] == ["season_reward_insert", "season_reward_update", "season_reward_delete"]
    assert {line.role for line in written} == {"ttfd_admin"}
    assert (written[1].before["coins"], written[1].after["coins"]) == (10, 20)
    assert (written[0].before, written[2].after) == (None, None)
