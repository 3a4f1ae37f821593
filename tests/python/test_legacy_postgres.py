"""The PostgreSQL presets: read only, by the platform's id, without a password in any message."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from legacy_reading import read, record, refusal

from ttfd.legacy import LegacyError, LegacySource, open_source

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
