"""The thin client: one call, one mapping, one class per refusal."""

import asyncio
import datetime as dt
import inspect
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from psycopg_pool import ConnectionPool

import ttfd
from calls import Connection, value
from ttfd import AsyncClient, Client, connect, errors, new_event_id
from ttfd.calls import caller


def test_both_clients_have_the_same_methods() -> None:
    def methods(cls: type) -> dict[str, list[str]]:
        return {
            name: list(inspect.signature(function).parameters)
            for name, function in inspect.getmembers(cls, inspect.isfunction)
            if not name.startswith("_")
        }

    assert methods(AsyncClient) == methods(Client)
    assert "record_event" in methods(Client)


def test_every_method_names_columns_that_its_function_has(database_url: str) -> None:
    with Client(database_url) as client:
        user_id = client.get_or_create_user("telegram", "1", "ann", "Ann").user_id
        event_id = new_event_id()
        assert client.record_event(event_id, "telegram", "1", "message_sent").status == "queued"
        assert client.record_events(
            [{"event_id": event_id, "platform": "telegram", "external_id": "1", "event_type": "message_sent"}]
        )[0].status == "duplicate"  # fmt: skip
        assert client.apply_event(new_event_id(), "telegram", "1", "game_played", {"xp": 50}).total_xp == 50
        assert client.process_events().processed == 2
        assert client.link_verified_account(user_id, "discord", "2").status == "linked"
        found = client.find_user("discord", "2")
        assert found is not None
        assert found.user_id == user_id
        assert client.find_user("discord", "3") is None
        profile = client.get_profile(user_id)
        assert (profile.xp, profile.next_rank_xp, profile.platforms) == (55, 500, ["discord", "telegram"])
        assert [event.position for event in client.read_feed(0)] == [1, 2]
        assert client.feed_state().head == 2
        assert client.list_leaderboard("xp", 5)[0].user_id == user_id
        assert client.get_position(user_id).position == 1
        assert [row.user_id for row in client.list_neighbours(user_id)] == [user_id]
        assert client.set_hidden(user_id, True).is_hidden
        assert client.get_position(user_id).position is None
        assert [row.xp for row in client.list_history(user_id)] == [50, 5]
        assert client.list_failed_events() == []
        assert client.verify_integrity() == []
        assert client.get_stats().linked_users == 1
        assert client.export_user(user_id)["unified_users"][0]["xp"] == 55
        assert client.forget_user(user_id).status == "forgotten"


def test_what_has_failed_is_retried_discarded_and_the_log_compacted(db: psycopg.Connection, database_url: str) -> None:
    with Client(database_url) as client:
        event_id = new_event_id()
        client.record_event(event_id, "telegram", "1", "message_sent")
        db.execute("UPDATE ttfd.cross_platform_events SET event_type = 'no_such_type'")
        assert client.process_events().failed == 1
        assert client.retry_failed_event(event_id).status == "queued"
        assert client.process_events().failed == 1
        assert client.discard_failed_event(event_id, "a test").event_id == event_id
        with pytest.raises(psycopg.errors.NoDataFound):
            client.retry_failed_event(new_event_id())
        for _ in range(3):
            client.apply_event(new_event_id(), "telegram", "1", "game_played", {"xp": 1})
        client.process_events()
        assert client.compact_events(dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).events == 3


def test_accounts_are_linked_merged_and_parted(database_url: str) -> None:
    with Client(database_url) as client:
        anna = client.get_or_create_user("telegram", "1").user_id
        made = client.create_link_code("telegram", "1")
        assert client.preview_link(made.code, "discord", "2").status == "linked"
        assert client.redeem_link_code(made.code, "discord", "2").user_id == anna
        assert client.redeem_link_code(made.code, "discord", "2").status == "invalid"
        assert client.unlink_account(anna, "discord").status == "unlinked"
        with pytest.raises(errors.LastAccountError):
            client.unlink_account(anna, "telegram")
        boris = client.get_or_create_user("discord", "2").user_id
        merge_id = client.merge_users(anna, boris, "a test").merge_id
        assert merge_id is not None
        assert client.undo_merge(merge_id).from_id == boris


def test_the_async_client_does_the_same(database_url: str) -> None:
    async def story() -> tuple[str, int]:
        async with AsyncClient(database_url) as client:
            outcome = await client.apply_event(new_event_id(), "telegram", "1", "game_played", {"xp": 50})
            profile = await client.get_profile(outcome.user_id)
            return outcome.status, profile.xp

    assert asyncio.run(story()) == ("applied", 50)


def test_a_refusal_is_an_exception_of_its_own_with_a_hint(database_url: str) -> None:
    with Client(database_url) as client:
        with pytest.raises(errors.InvalidExternalIdError) as refused:
            client.get_or_create_user("telegram", "ann")
        assert refused.value.sqlstate == "TU002"
        assert refused.value.hint
        with pytest.raises(errors.UserNotFoundError):
            client.get_profile(404)
        with pytest.raises(errors.UnknownEventTypeError):
            client.record_event(new_event_id(), "telegram", "1", "no_such_type")
        with pytest.raises(errors.AmountNotAllowedError):
            client.record_event(new_event_id(), "telegram", "1", "message_sent", {"xp": 5})


def test_every_sqlstate_has_one_class() -> None:
    assert len(set(errors.ERRORS.values())) == len(errors.ERRORS) == 18
    assert all(cls.sqlstate == state and issubclass(cls, ttfd.TtfdError) for state, cls in errors.ERRORS.items())


def test_other_database_errors_stay_what_they_are(database_url: str) -> None:
    with Client(database_url) as client, pytest.raises(psycopg.errors.InvalidParameterValue):
        client.list_leaderboard("beauty")


def hang_up(db: Connection) -> None:
    """End the clients' sessions, and return when they are gone."""
    db.execute(
        "SELECT pg_terminate_backend(pid, 20000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'ttfd'"
    )


def test_a_connection_that_was_lost_before_a_call_is_opened_again_whatever_the_call(
    db: Connection, database_url: str
) -> None:
    with Client(database_url) as client:
        code = client.create_link_code("telegram", "1").code
        hang_up(db)
        assert client.redeem_link_code(code, "discord", "2").status == "linked"
        hang_up(db)
        assert client.start_season("by hand").season_id is not None


def test_the_async_client_opens_a_lost_connection_again_too(db: Connection, database_url: str) -> None:
    async def story() -> int:
        async with AsyncClient(database_url) as client:
            await client.get_or_create_user("telegram", "1")
            hang_up(db)
            return sum(await asyncio.gather(*(add(client) for _ in range(20))))

    async def add(client: AsyncClient) -> int:
        return (await client.apply_event(new_event_id(), "telegram", "1", "game_played", {"xp": 1})).xp

    assert asyncio.run(story()) == 20


@contextmanager
def lost_meanwhile(db: Connection, database_url: str, call: Callable[[Client], object]) -> Iterator[Future[object]]:
    """A call whose connection is lost in its midst; in the block it has not been made again."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ttfd' AND wait_event_type = 'Lock'"
    with psycopg.connect(database_url) as holder, Client(database_url) as client, ThreadPoolExecutor(1) as pool:
        client.get_or_create_user("telegram", "1")
        holder.execute("LOCK TABLE ttfd.unified_users, ttfd.seasons")
        made = pool.submit(call, client)
        while not value(db, waiting) and not made.done():
            time.sleep(0.01)
        hang_up(db)
        holder.rollback()
        yield made


def test_what_only_reads_is_called_again(db: Connection, database_url: str) -> None:
    with lost_meanwhile(db, database_url, lambda client: client.get_profile(1)) as made:
        assert getattr(made.result(60), "user_id", None) == 1


def test_an_event_is_sent_again_and_counts_once(db: Connection, database_url: str) -> None:
    def play(client: Client) -> object:
        return client.apply_event(new_event_id(), "telegram", "1", "game_played", {"xp": 7})

    with lost_meanwhile(db, database_url, play) as made:
        assert getattr(made.result(60), "total_xp", None) == 7


def test_a_call_that_is_made_again_is_refused_as_any_other(db: Connection, database_url: str) -> None:
    with (
        lost_meanwhile(db, database_url, lambda client: client.spend_coins(new_event_id(), 1, 5)) as made,
        pytest.raises(errors.NotEnoughCoinsError),
    ):
        made.result(60)


def test_what_must_not_happen_twice_is_not_called_again(db: Connection, database_url: str) -> None:
    with (
        lost_meanwhile(db, database_url, lambda client: client.start_season("by hand")) as made,
        pytest.raises(errors.OutcomeUnknownError, match="start_season"),
    ):
        made.result(60)
    assert Client(db).list_seasons() == []


def test_while_the_server_is_away_nobody_says_that_nothing_was_done(
    db: Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(client: Client) -> object:
        monkeypatch.setattr(caller, "open_connection", away)
        return client.start_season("by hand")

    def away(*_parts: object) -> None:
        raise psycopg.OperationalError("connection refused")

    with lost_meanwhile(db, database_url, start) as made, pytest.raises(errors.OutcomeUnknownError):
        made.result(60)


def test_what_is_sent_again_by_its_event_id_promises_to_be_told_apart(db: Connection) -> None:
    """TE002 is what a function raises that compares; ``duplicate`` what it answers."""
    found = db.execute(
        "SELECT proname, obj_description(oid, 'pg_proc') ~ 'TE002|duplicate' FROM pg_proc"
        " WHERE pronamespace = 'ttfd'::regnamespace AND prosecdef AND proargnames && %s",
        [list(caller._EVENT_IDS)],
    ).fetchall()
    assert {name for name, tells_apart in found if not tells_apart} == caller._ONCE
    assert len(found) > 10


def test_only_what_grows_with_the_community_is_waited_for_without_a_limit(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect.AnsweredConnection, "answer_seconds", 0.3)
    with (
        psycopg.connect(database_url) as holder,
        Client(database_url) as patient,
        Client(database_url) as hurried,
        ThreadPoolExecutor(1) as pool,
    ):
        holder.execute("LOCK TABLE ttfd.unified_users")
        verified = pool.submit(patient.verify_integrity)
        with pytest.raises(psycopg.OperationalError, match=r"has not answered for 0\.3 s"):
            hurried.get_stats()
        assert not verified.done()
        holder.rollback()
        assert verified.result(timeout=60) == []
        assert hurried.get_stats().users == 0


def test_a_callers_connection_stays_in_the_callers_transaction(db: psycopg.Connection, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        Client(connection).get_or_create_user("telegram", "1")
        connection.rollback()
    assert Client(db).find_user("telegram", "1") is None


def test_a_pool_commits_each_call(db: psycopg.Connection, database_url: str) -> None:
    with ConnectionPool(database_url, min_size=1, max_size=2, open=True) as pool:
        Client(pool).get_or_create_user("telegram", "1")
    assert Client(db).find_user("telegram", "1") is not None


def test_event_ids_are_time_ordered_or_belong_to_what_they_name() -> None:
    ids = [new_event_id() for _ in range(100)]
    assert all(event_id.version == 7 for event_id in ids)
    assert [event_id.int >> 80 for event_id in ids] == sorted(event_id.int >> 80 for event_id in ids)
    assert ttfd.event_id_for("telegram", 7) == ttfd.event_id_for("telegram", 7) != ttfd.event_id_for("telegram", 8)
