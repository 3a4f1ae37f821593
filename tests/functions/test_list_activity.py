from calls import Connection, apply_event, get_user, process_all, rows

LIST = "SELECT * FROM ttfd.list_activity(%s)"


def test_the_latest_comes_first_with_the_name_of_its_member(db: Connection) -> None:
    get_user(db, "1", username="anna")
    for number in range(3):
        apply_event(db, "xp_change", {"xp": number + 1})
    process_all(db)
    found = rows(db, LIST, 2)
    assert [(f.position, f.display_name, f.xp) for f in found] == [(3, "anna", 3), (2, "anna", 2)]
    assert "data" not in found[0]._fields


def test_who_hides_or_is_forgotten_is_left_out_and_who_merged_is_the_survivor(db: Connection) -> None:
    for external_id in ("1", "2", "3"):
        apply_event(db, "xp_change", {"xp": 1}, external_id=external_id)
    apply_event(db, "xp_change", {"xp": 1}, external_id="4", platform="discord")
    process_all(db)
    db.execute("SELECT ttfd.set_hidden(%s, true)", [get_user(db, "1")])
    db.execute("SELECT ttfd.forget_user(%s)", [get_user(db, "2")])
    db.execute("SELECT ttfd.merge_users(%s, %s)", [get_user(db, "3"), get_user(db, "4", "discord")])
    process_all(db)
    assert {f.user_id for f in rows(db, LIST, 50)} == {get_user(db, "3")}
