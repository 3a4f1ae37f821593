"""The six presets: every record arrives once, under canonical names and as found, and nothing else does."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ttfd.legacy import LegacyError, LegacyRow, LegacySource, open_source, preset_names

TELEGRAM = {
    "telegram_id": "77",
    "username": "Ann",
    "first_name": "Анна",
    "xp": 5,
    "coins": None,
    "discord_id": 123456789012345678,
    "inventory": ["sword"],
    "achievements": ["first_win"],
    "last_daily": "2026-02-08T10:00:00",
}


def write(folder: Path, name: str, content: Any) -> str:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def read(preset: str, location: str) -> list[LegacyRow]:
    with open_source(preset, location) as source:
        rows = list(source.rows())
        assert source.total == len(rows)
    return rows


def telegram(folder: Path, users: Any) -> list[LegacyRow]:
    return read("telegram-json", write(folder, "telegram.json", {"users": users}))


def record(row: LegacyRow) -> dict[str, Any]:
    assert row.record is not None
    found: dict[str, Any] = json.loads(row.record)
    return found


def refusal(preset: str, location: str) -> str:
    with pytest.raises(LegacyError) as caught:
        open_source(preset, location)
    assert caught.value.exit_code in (2, 3)
    return str(caught.value)


# Presets


def test_there_is_a_preset_for_every_legacy_format() -> None:
    assert preset_names() == [
        "discord-json",
        "discord-postgres",
        "telegram-json",
        "telegram-postgres",
        "website-json",
        "website-postgres",
    ]


def test_an_unknown_preset_is_refused_with_the_nearest_one_and_all_the_others() -> None:
    message = refusal("telegramjson", "users.json")
    assert "'telegramjson'" in message
    assert "Did you mean telegram-json?" in message
    assert all(name in message for name in preset_names())


# JSON


def test_a_record_has_the_canonical_names_and_the_values_as_found(tmp_path: Path) -> None:
    (row,) = telegram(tmp_path, {"77": TELEGRAM})
    assert (row.part, row.source_key, row.platform, row.reject_reason) == (
        "users",
        "telegram.json users/77",
        "telegram",
        None,
    )
    assert record(row) == {
        "external_id": "77",
        "username": "Ann",
        "display_name": "Анна",
        "xp": 5,
        "coins": None,
        "discord_id": 123456789012345678,
        "achievements": ["first_win"],
        "last_daily": "2026-02-08T10:00:00",
    }


def test_values_of_a_wrong_type_are_passed_on_for_the_database_to_judge(tmp_path: Path) -> None:
    (row,) = telegram(tmp_path, {"77": {"telegram_id": 77, "xp": "many", "coins": 2**63, "achievements": {}}})
    assert record(row) == {"external_id": "77", "xp": "many", "coins": 2**63, "achievements": {}}


@pytest.mark.parametrize("inner", [{}, {"telegram_id": None}, {"telegram_id": "77"}, {"telegram_id": 77}])
def test_the_key_is_the_telegram_id_when_the_record_does_not_contradict(tmp_path: Path, inner: dict[str, Any]) -> None:
    (row,) = telegram(tmp_path, {"77": inner})
    assert record(row)["external_id"] == "77"


@pytest.mark.parametrize("inner", ["78", 78, "", True, 77.5, ["77"]])
def test_a_record_that_contradicts_its_key_is_rejected(tmp_path: Path, inner: object) -> None:
    (row,) = telegram(tmp_path, {"77": {"telegram_id": inner}})
    assert (row.record, row.reject_reason) == (
        None,
        "the id in the record is not the key that it stands under",
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("null", "the record is not an object"),
        ('"gone"', "the record is not an object"),
        ("[1, 2]", "the record is not an object"),
        ('{"xp": NaN}', "a number is not finite"),
        ('{"xp": -Infinity}', "a number is not finite"),
        ('{"xp": 1e999}', "a number is not finite"),
        (f'{{"xp": {"9" * 5000}}}', "a number is not finite"),
        (r'{"username": "a\u0000b"}', "a text holds a NUL character"),
        (r'{"achievements": ["\u0000"]}', "a text holds a NUL character"),
        (r'{"username": "\ud800"}', "a text is not valid Unicode"),
    ],
)
def test_what_jsonb_cannot_hold_is_rejected_with_a_reason_and_the_rest_is_read(
    tmp_path: Path, text: str, reason: str
) -> None:
    location = write(tmp_path, "telegram.json", f'{{"users": {{"77": {text}, "78": {{"telegram_id": 78}}}}}}')
    broken, sound = read("telegram-json", location)
    assert (broken.source_key, broken.record, broken.reject_reason) == (
        "telegram.json users/77",
        None,
        reason,
    )
    assert record(sound) == {"external_id": "78"}


def test_a_backslash_before_u0000_is_text_and_no_nul(tmp_path: Path) -> None:
    (row,) = telegram(tmp_path, {"77": {"username": r"C:\u0000"}})
    assert record(row)["username"] == r"C:\u0000"


def test_what_is_broken_outside_of_the_preset_does_no_harm(tmp_path: Path) -> None:
    location = write(tmp_path, "telegram.json", r'{"users": {"77": {"inventory": ["\u0000", NaN]}}}')
    (row,) = read("telegram-json", location)
    assert record(row) == {"external_id": "77"}


def test_a_key_that_stands_twice_counts_once_and_the_first_one_is_listed(tmp_path: Path) -> None:
    location = write(tmp_path, "telegram.json", '{"users": {"77": {"xp": 1}, "77": {"xp": 2}}}')
    first, last = read("telegram-json", location)
    assert first.record is None
    assert first.reject_reason == "the key stands here more than once; only the last one counts"
    assert record(last)["xp"] == 2


def test_a_key_with_a_nul_is_shown_without_it(tmp_path: Path) -> None:
    location = write(tmp_path, "telegram.json", r'{"users": {"7\u0000": {"telegram_id": "7"}}}')
    (row,) = read("telegram-json", location)
    assert row.source_key == "telegram.json users/7\N{REPLACEMENT CHARACTER}"
    assert row.reject_reason


def test_utf8_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "telegram.json"
    path.write_text('{"users": {"77": {"username": "Анна"}}}', encoding="utf-8-sig")
    (row,) = read("telegram-json", str(path))
    assert record(row)["username"] == "Анна"


def test_discord_users_and_voice_are_two_parts_of_one_account(tmp_path: Path) -> None:
    users = write(
        tmp_path,
        "user_data.json",
        {"users": {"5": {"id": "5", "username": "Ann", "last_daily": "2026-02-08T10:00:00"}}},
    )
    voice = {"total_time": 61.25, "sessions": [{"duration": 61.25}], "username": "Ann"}
    voices = write(tmp_path, "voice_data.json", {"users": {"5": voice}, "channels": {}})
    first, second = read("discord-json", f"{users},{voices}")
    assert (first.part, second.part) == ("users", "voice")
    assert (first.platform, second.platform) == ("discord", "discord")
    assert record(first) == {"external_id": "5", "username": "Ann", "last_daily": "2026-02-08T10:00:00"}
    assert second.source_key == "voice_data.json users/5"
    assert record(second) == {"external_id": "5", "username": "Ann", "total_voice_time": 61.25}
    assert [row.part for row in read("discord-json", users)] == ["users"]


def test_the_date_of_the_last_daily_comes_before_its_time(tmp_path: Path) -> None:
    user = {"id": "5", "last_daily": "2026-02-08T23:59:00", "last_daily_date": "2026-02-08"}
    other = {"id": "6", "last_daily": "2026-02-08T23:59:00", "last_daily_date": None}
    location = write(tmp_path, "user_data.json", {"users": {"5": user, "6": other}})
    assert [record(row)["last_daily"] for row in read("discord-json", location)] == [
        "2026-02-08",
        "2026-02-08T23:59:00",
    ]


def test_passwords_sessions_and_profiles_never_leave_the_source(tmp_path: Path) -> None:
    account = {
        "id": "1",
        "email": "Ann@Example.org",
        "username": "Ann",
        "password": "5e884898da28",
        "display_name": "Анна",
        "discord_id": None,
        "created_at": "2024-05-01T00:00:00",
        "profile": {"bio": "private"},
    }
    location = write(
        tmp_path, "accounts.json", {"accounts": {"1": account}, "sessions": {"token": {"account_id": "1"}}}
    )
    (row,) = read("website-json", location)
    assert (row.source_key, row.platform) == ("accounts.json accounts/1", "website")
    assert record(row) == {
        "external_id": "Ann@Example.org",
        "username": "Ann",
        "display_name": "Анна",
        "discord_id": None,
        "created_at": "2024-05-01T00:00:00",
    }


def test_copies_of_a_file_have_one_identity_and_other_content_has_another(tmp_path: Path) -> None:
    content = json.dumps({"users": {"5": {"id": "5"}}})
    places = [write(tmp_path, "a.json", content), write(tmp_path, "b.json", content)]
    one, copy = (open_source("discord-json", place) for place in places)
    other = open_source("discord-json", write(tmp_path, "c.json", content + " "))
    assert one.identity == copy.identity != other.identity
    assert one.label == "discord-json:a.json"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("[]", "has no object users, which telegram-json reads; it has […]"),
        ('"users"', 'it has "users"'),
        ('{"accounts": {}, "sessions": {}}', "it has {accounts: {…}, sessions: {…}}"),
        ('{"users": []}', "it has {users: […]}"),
    ],
)
def test_json_of_another_shape_is_refused_with_what_was_found(tmp_path: Path, content: str, complaint: str) -> None:
    assert complaint in refusal("telegram-json", write(tmp_path, "telegram.json", content))


def test_files_of_another_program_or_in_another_order_are_refused(tmp_path: Path) -> None:
    users = write(tmp_path, "user_data.json", {"users": {"5": {"id": "5", "xp": 1}}})
    voices = write(tmp_path, "voice_data.json", {"users": {"5": {"total_time": 1.0}}, "channels": {}})
    others = write(tmp_path, "telegram.json", {"users": {"77": TELEGRAM}})
    assert "user_data.json has id: telegram-json reads another file" in refusal("telegram-json", users)
    assert "telegram.json has telegram_id" in refusal("discord-json", others)
    assert "voice_data.json has channels" in refusal("discord-json", f"{voices},{users}")


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "gone.json"
    assert f"There is no file {path}." in refusal("telegram-json", str(path))


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refusal("telegram-json", str(tmp_path))


def test_more_files_than_the_preset_reads_are_refused() -> None:
    assert "reads 2 file(s), but 3 were given" in refusal("discord-json", "a.json,b.json,c.json")


def test_bad_json_is_refused_with_line_and_column(tmp_path: Path) -> None:
    location = write(tmp_path, "telegram.json", '{"users": {\n  "77": {"xp": 1,}\n}}')
    message = refusal("telegram-json", location)
    assert f"{location} is not valid JSON: line 2, column" in message


def test_json_that_is_nested_without_end_is_refused(tmp_path: Path) -> None:
    assert "nested too deeply" in refusal("telegram-json", write(tmp_path, "deep.json", "[" * 100_000))


def test_text_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "telegram.json"
    path.write_bytes('{"users": {"77": {"username": "Анна"}}}'.encode("cp1251"))
    assert "is not UTF-8 text (byte 31)" in refusal("telegram-json", str(path))


# PostgreSQL

TELEGRAM_TABLE = """
CREATE TABLE users (
  id serial PRIMARY KEY, telegram_id varchar(50) UNIQUE, username text, first_name text, xp int, coins int,
  rank_id int, role text, discord_id varchar(50), created_at timestamp, last_active timestamp,
  last_daily timestamp, last_spin timestamp, is_banned bool, ban_reason text);
INSERT INTO users (id, telegram_id, username, first_name, xp, coins, discord_id, created_at) VALUES
  (1, '777', 'Ann', 'Анна', 5, NULL, '123456789012345678', '2026-02-08 10:00'),
  (2, '888', 'Unknown', NULL, 7, 8, NULL, NULL);
"""
DISCORD_TABLES = """
CREATE TABLE users (
  id text PRIMARY KEY, username text, xp int, coins int, clicks int, tasks_completed int, rank_id int,
  created_at timestamp, last_active timestamp, last_daily timestamp, daily_streak int, last_daily_date date,
  games_played int, games_won int, daily_tasks jsonb, achievements jsonb, inventory jsonb,
  active_boosts jsonb, game_stats jsonb, telegram_id text);
CREATE TABLE voice_activity (user_id text PRIMARY KEY, total_time int, last_join timestamp, sessions jsonb);
INSERT INTO users (id, username, xp, daily_streak, last_daily, last_daily_date, achievements, telegram_id)
  VALUES ('5', 'Ann', 9, 3, '2026-02-08 23:59', '2026-02-08', '["a"]', '777'),
         ('6', NULL, 0, 0, '2026-02-07 01:00', NULL, 'null', NULL);
INSERT INTO voice_activity VALUES ('5', 60, NULL, '[]'), ('7', 30, NULL, NULL);
"""
WEBSITE_TABLE = """
CREATE TABLE accounts (
  id serial PRIMARY KEY, email text UNIQUE, username text UNIQUE, password text, display_name text,
  discord_id text, created_at timestamp, profile jsonb);
INSERT INTO accounts (email, username, password, display_name, discord_id) VALUES
  ('ann@example.org', 'Ann', '5e884898da28', 'Анна', '5');
"""


@pytest.fixture
def legacy(db: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """A database for legacy tables."""
    return db


@pytest.fixture
def opened(database_url: str) -> Iterator[Any]:
    sources: list[LegacySource] = []

    def open_it(preset: str) -> LegacySource:
        sources.append(open_source(preset, database_url))
        return sources[-1]

    yield open_it
    for source in sources:
        source.close()


def test_the_telegram_table_is_keyed_by_the_telegram_id_and_never_by_the_row_counter(
    legacy: psycopg.Connection[Any], database_url: str
) -> None:
    legacy.execute(TELEGRAM_TABLE)
    first, second = read("telegram-postgres", database_url)
    assert (first.part, first.source_key, first.platform) == ("users", "users id=1", "telegram")
    assert record(first) == {
        "external_id": "777",
        "username": "Ann",
        "display_name": "Анна",
        "discord_id": "123456789012345678",
        "xp": 5,
        "coins": None,
        "last_daily": None,
        "created_at": "2026-02-08T10:00:00",
        "last_active": None,
    }
    assert record(second)["external_id"] == "888"


def test_seasons_are_added_up_and_completed_achievements_collected_by_telegram_id(
    legacy: psycopg.Connection[Any], database_url: str
) -> None:
    legacy.execute(
        TELEGRAM_TABLE
        + """
        CREATE TABLE season_progress (
          user_id int, season_id int, season_xp int, season_coins int, games_played int, games_won int,
          current_streak int, best_streak int, last_activity_date timestamp);
        CREATE TABLE user_achievements (
          user_id bigint, achievement_id varchar(50), is_completed bool, completed_at timestamp);
        INSERT INTO season_progress VALUES
          (1, 1, 100, 10, 4, 2, 9, 9, '2026-01-08'), (1, 2, 50, 5, 3, 1, 2, 4, '2026-02-08 10:00'),
          (99, 1, 1, 1, 1, 1, 1, 1, NULL);
        INSERT INTO user_achievements VALUES
          (1, 'winner_10', true, NULL), (1, 'first_win', true, NULL), (1, 'streak_7', false, NULL),
          (2, 'first_win', false, NULL);
        """
    )
    rows = {row.source_key: row for row in read("telegram-postgres", database_url)}
    assert record(rows["season_progress user_id=1"]) == {
        "external_id": "777",
        "games_played": 7,
        "games_won": 3,
        "daily_streak": 2,
        "last_active": "2026-02-08T10:00:00",
    }
    assert record(rows["season_progress user_id=99"])["external_id"] is None
    assert record(rows["user_achievements user_id=1"]) == {
        "external_id": "777",
        "achievements": ["first_win", "winner_10"],
    }
    assert set(rows) == {
        "users id=1",
        "users id=2",
        "season_progress user_id=1",
        "season_progress user_id=99",
        "user_achievements user_id=1",
    }


def test_the_discord_tables_are_keyed_by_the_discord_id(legacy: psycopg.Connection[Any], database_url: str) -> None:
    legacy.execute(DISCORD_TABLES)
    rows = {row.source_key: row for row in read("discord-postgres", database_url)}
    assert record(rows["users id=5"]) == {
        "external_id": "5",
        "username": "Ann",
        "telegram_id": "777",
        "xp": 9,
        "coins": None,
        "games_played": None,
        "games_won": None,
        "daily_streak": 3,
        "last_daily": "2026-02-08",
        "achievements": ["a"],
        "created_at": None,
        "last_active": None,
    }
    assert record(rows["users id=6"])["last_daily"] == "2026-02-07T01:00:00"
    assert record(rows["voice_activity user_id=5"]) == {"external_id": "5", "total_voice_time": 60}
    assert rows["voice_activity user_id=7"].part == "voice_activity"


def test_the_website_tables_give_accounts_by_email_and_progress_by_discord_id(
    legacy: psycopg.Connection[Any], database_url: str
) -> None:
    legacy.execute(WEBSITE_TABLE)
    (account,) = read("website-postgres", database_url)
    assert (account.source_key, account.platform) == ("accounts id=1", "website")
    assert record(account) == {
        "external_id": "ann@example.org",
        "username": "Ann",
        "display_name": "Анна",
        "discord_id": "5",
        "created_at": None,
    }
    legacy.execute(DISCORD_TABLES)
    _, visitor, _ = read("website-postgres", database_url)
    assert (visitor.part, visitor.source_key, visitor.platform) == ("users", "users id=5", "discord")


def test_missing_columns_are_absent_fields_and_missing_optional_tables_are_skipped(
    legacy: psycopg.Connection[Any], database_url: str
) -> None:
    legacy.execute(
        """CREATE TABLE users (telegram_id bigint, xp int);
           INSERT INTO users VALUES (777, 5);
           CREATE TABLE season_progress (user_id int, season_id int);"""
    )
    with pytest.raises(LegacyError, match=r"column u\.id does not exist"):
        read("telegram-postgres", database_url)
    legacy.execute("ALTER TABLE users ADD id int DEFAULT 1; INSERT INTO season_progress VALUES (1, 1)")
    user, season = read("telegram-postgres", database_url)
    assert record(user) == {"external_id": 777, "xp": 5}
    assert user.source_key == "users id=1"
    assert record(season) == {
        "external_id": 777,
        "games_played": None,
        "games_won": None,
        "daily_streak": None,
        "last_active": None,
    }


def test_a_missing_table_is_refused_with_the_tables_found(legacy: psycopg.Connection[Any], database_url: str) -> None:
    legacy.execute(WEBSITE_TABLE)
    message = refusal("discord-postgres", database_url)
    assert "has no table users" in message
    assert "accounts" in message


def test_a_missing_id_column_is_refused_with_the_columns_found(
    legacy: psycopg.Connection[Any], database_url: str
) -> None:
    legacy.execute("CREATE TABLE users (id text, username text)")
    message = refusal("telegram-postgres", database_url)
    assert "has no column telegram_id" in message
    assert "id, username" in message


def test_a_row_counter_is_not_taken_for_a_discord_id(
    legacy: psycopg.Connection[Any], database_url: str, opened: Any
) -> None:
    legacy.execute(TELEGRAM_TABLE + WEBSITE_TABLE)
    assert "The column id of the table users" in refusal("discord-postgres", database_url)
    source = opened("website-postgres")
    assert [part.name for part in source.parts] == ["accounts"]
    assert [left.part for left in source.left_out] == ["users"]


def test_two_presets_on_one_table_have_one_identity_and_other_tables_have_others(
    legacy: psycopg.Connection[Any], opened: Any
) -> None:
    legacy.execute(DISCORD_TABLES + WEBSITE_TABLE)
    telegram_source, discord, website = (
        opened(f"{program}-postgres") for program in ("telegram", "discord", "website")
    )
    assert telegram_source.identity == discord.identity != website.identity
    assert website.parts[1].identity == discord.identity


def test_the_identity_holds_without_the_privilege_to_see_the_servers_own(
    legacy: psycopg.Connection[Any], database_url: str, opened: Any
) -> None:
    legacy.execute(DISCORD_TABLES)
    before = opened("discord-postgres").identity
    legacy.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    legacy.execute("CREATE ROLE legacy_reader LOGIN PASSWORD 'secret-of-legacy' IN ROLE pg_read_all_data")
    try:
        url = psycopg.conninfo.make_conninfo(database_url, user="legacy_reader", password="secret-of-legacy")  # noqa: S106
        with open_source("discord-postgres", url) as one, open_source("telegram-postgres", url) as other:
            assert one.identity == other.identity != before
    finally:
        legacy.execute("DROP ROLE legacy_reader")


def test_the_label_names_host_and_database_and_no_secret(
    legacy: psycopg.Connection[Any], database_url: str, opened: Any
) -> None:
    legacy.execute(DISCORD_TABLES)
    label = opened("discord-postgres").label
    assert label.startswith("discord-postgres:")
    assert label.endswith(f"/{legacy.info.dbname}")
    assert legacy.info.password not in label


def test_a_source_is_read_in_one_read_only_snapshot(legacy: psycopg.Connection[Any], opened: Any) -> None:
    legacy.execute(DISCORD_TABLES)
    source = opened("discord-postgres")
    legacy.execute("INSERT INTO users (id) VALUES ('8'); INSERT INTO voice_activity VALUES ('8', 1)")
    assert source.total == len(list(source.rows())) == 4
    state = legacy.execute(
        "SELECT count(*) FROM pg_locks WHERE mode IN ('RowExclusiveLock', 'ExclusiveLock')"
        " AND relation IN ('users'::regclass, 'voice_activity'::regclass)"
    ).fetchone()
    assert state == (0,)


def test_reading_cannot_change_the_source(legacy: psycopg.Connection[Any], opened: Any) -> None:
    legacy.execute(
        """CREATE TABLE seen (at timestamp);
           CREATE FUNCTION see() RETURNS text LANGUAGE sql
             AS $$ INSERT INTO seen VALUES (now()) RETURNING '5' $$;
           CREATE VIEW users AS SELECT see() AS id"""
    )
    with pytest.raises(LegacyError, match="read-only transaction"):
        list(opened("discord-postgres").rows())


def test_a_source_that_breaks_off_is_reported_without_a_traceback_of_the_driver(
    legacy: psycopg.Connection[Any], opened: Any
) -> None:
    legacy.execute(DISCORD_TABLES)
    source = opened("discord-postgres")
    legacy.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ttfd import'")
    with pytest.raises(LegacyError, match=r"Reading discord-postgres:.* failed"):
        list(source.rows())


@pytest.mark.parametrize(
    "location",
    [
        "users.json",
        "mysql://root:hunter2@localhost/bot",
        "postgres://bot:hunter2/x@localhost/bot",
        "postgres://bot:hun@ter2@localhost/bot",
        "host=localhost password=hunter2 oops",
    ],
)
def test_what_is_no_address_is_refused_without_quoting_it(location: str) -> None:
    message = refusal("telegram-postgres", location)
    assert "is not a PostgreSQL address" in message
    assert not any(secret in message for secret in ("hunter2", "hun@", "ter2"))


def test_an_address_may_come_from_an_environment_variable(
    legacy: psycopg.Connection[Any], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    legacy.execute(DISCORD_TABLES)
    monkeypatch.setenv("LEGACY_URL", database_url)
    assert len(read("discord-postgres", "env:LEGACY_URL")) == 4
    assert "LEGACY_GONE is not set" in refusal("discord-postgres", "env:LEGACY_GONE")


def test_an_unreachable_server_is_refused_with_host_and_reason() -> None:
    message = refusal("telegram-postgres", "postgres://bot:hunter2@127.0.0.1:1/bot")
    assert message.startswith("No connection to 127.0.0.1/bot: Connection refused.")
    assert "hunter2" not in message


def test_a_wrong_password_is_refused_without_showing_it(database_url: str) -> None:
    url = psycopg.conninfo.make_conninfo(database_url, password="hunter2")  # noqa: S106
    message = refusal("telegram-postgres", url)
    assert 'password authentication failed for user "ttfd"' in message
    assert "hunter2" not in message
