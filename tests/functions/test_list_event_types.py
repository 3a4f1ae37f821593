from calls import Connection, rows


def test_every_rule_is_listed_as_the_table_has_it(db: Connection) -> None:
    listed = rows(db, "SELECT * FROM ttfd.list_event_types() ORDER BY name")
    columns = ", ".join(listed[0]._fields)
    assert listed == rows(db, f"SELECT {columns} FROM ttfd.event_types ORDER BY name")
