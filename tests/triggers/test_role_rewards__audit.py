from calls import Connection, acting_as, rows


def test_every_change_of_a_role_reward_is_audited(db: Connection) -> None:
    with acting_as(db, "ttfd_admin"):
        db.execute("INSERT INTO ttfd.role_rewards (platform, role_id, rank_id) VALUES ('discord', '1', 2)")
        db.execute("UPDATE ttfd.role_rewards SET rank_id = 3")
        db.execute("DELETE FROM ttfd.role_rewards")
    written = rows(db, "SELECT action, role, before, after FROM ttfd.audit_log ORDER BY id")
    assert [line.action for line in written] == ["role_reward_insert", "role_reward_update", "role_reward_delete"]
    assert {line.role for line in written} == {"ttfd_admin"}
    assert (written[1].before["rank_id"], written[1].after["rank_id"]) == (2, 3)
    assert (written[0].before, written[2].after) == (None, None)
