from calls import Connection, rows

LIST = "SELECT * FROM ttfd.list_audit(%s, %s)"


def test_lines_come_newest_first_and_in_pages(db: Connection) -> None:
    for number in range(5):
        db.execute("SELECT ttfd.audit(%s, NULL, NULL)", [f"action {number}"])
    first = rows(db, LIST, None, 3)
    assert [line.action for line in first] == ["action 4", "action 3", "action 2"]
    assert [line.action for line in rows(db, LIST, first[-1].audit_id, 2)] == ["action 1", "action 0"]
    assert {(line.actor, line.on_behalf_of) for line in first} == {("ttfd", None)}
