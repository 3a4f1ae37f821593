from calls import Connection, get_user, refused, row, rows, set_time

LIST = "SELECT * FROM ttfd.list_member_merges(%s)"


def test_merges_are_listed_for_seven_days_and_until_undone(db: Connection) -> None:
    set_time(db, "2026-01-01 12:00Z")
    mine, other = get_user(db), get_user(db, "9", "discord")
    merge_id = row(db, "SELECT merge_id FROM ttfd.merge_users(%s, %s)", mine, other).merge_id
    for asked in (mine, other):
        found = row(db, LIST, asked)
        assert (found.merge_id, found.other_platforms) == (merge_id, ["discord"])
    set_time(db, "2026-01-08 12:00:01Z")
    assert rows(db, LIST, mine) == []
    set_time(db, "2026-01-02 12:00Z")
    db.execute("SELECT ttfd.undo_merge(%s)", [merge_id])
    assert rows(db, LIST, mine) == []
    with refused(db, "TU001"):
        db.execute(LIST, [404])
