"""What a monitor sees, and that dashboards and alerts ask only for what there is."""

import json
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

import psycopg
import pytest
from prometheus_client import CollectorRegistry

from calls import apply_event, get_user, process_all, put_pending, record_event
from ttfd.metrics import DatabaseMetrics, WorkerMetrics, render
from ttfd.models import BatchResult

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "tools/deploy/monitoring"


class Listener:
    """One that has read the feed three seconds ago."""

    def __init__(self) -> None:
        self.hears = True
        self.looked_at: float | None = time.monotonic() - 3


def page(collector: Any) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(collector)
    return samples(render(registry))


def samples(text: bytes) -> dict[str, float]:
    lines = [line for line in text.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_queue_feed_and_failures_are_shown(db: psycopg.Connection, database_url: str) -> None:
    get_user(db)
    record_event(db)
    put_pending(db, 999)
    process_all(db)
    record_event(db)
    shown = page(DatabaseMetrics(database_url))
    assert (shown["ttfd_up"], shown["ttfd_queue_length"], shown["ttfd_feed_head"]) == (1, 1, 1)
    assert shown["ttfd_failed_events"] == 1
    assert shown["ttfd_lag_seconds"] >= 0


def test_grants_are_counted_by_type_from_the_start_of_the_process(db: psycopg.Connection, database_url: str) -> None:
    def play(xp: int) -> None:
        apply_event(db, "game_played", {"xp": xp, "coins": 2})
        process_all(db)

    play(100)
    metrics = DatabaseMetrics(database_url, counts_grants=True)
    page(metrics)
    play(10)
    page(metrics)
    play(5)
    shown = page(metrics)
    label = '{event_type="game_played",platform="telegram"}'
    assert shown[f"ttfd_granted_xp_total{label}"] == 15
    assert shown[f"ttfd_granted_coins_total{label}"] == 4
    assert shown[f"ttfd_events_total{label}"] == 2


def test_a_database_that_is_away_is_shown_as_down() -> None:
    shown = page(DatabaseMetrics("postgresql://nobody@127.0.0.1:1/nothing"))
    assert shown == {"ttfd_up": 0}


def test_the_age_of_a_listener_is_shown(database_url: str) -> None:
    shown = page(DatabaseMetrics(database_url, listener=Listener()))
    assert shown["ttfd_listener_hears"] == 1
    assert 3 <= shown["ttfd_listener_age_seconds"] < 60


def test_a_worker_answers_on_its_port(db: psycopg.Connection, database_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    metrics = WorkerMetrics(database_url)
    metrics.observe(BatchResult(processed=3, failed=0, remaining=False, head=3), 0.02)
    metrics.observe(BatchResult(processed=0, failed=0, remaining=False, head=3), 0.02)
    metrics.serve(port)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        shown = samples(answer.read())
    assert shown["ttfd_batch_seconds_count"] == 1
    assert shown["ttfd_up"] == 1


def existing(db: psycopg.Connection, database_url: str) -> set[str]:
    """Names of all series that there are, once everything has happened."""
    metrics = WorkerMetrics(database_url)
    render(metrics.registry)
    apply_event(db)
    process_all(db)
    metrics.observe(BatchResult(processed=1, failed=0, remaining=False, head=1), 0.02)
    shown = samples(render(metrics.registry)) | page(DatabaseMetrics(database_url, listener=Listener()))
    return {name.partition("{")[0] for name in shown}


def test_dashboard_and_alerts_ask_only_for_what_exists(db: psycopg.Connection, database_url: str) -> None:
    there = existing(db, database_url)
    files = [MONITORING / "grafana-dashboard.json", MONITORING / "alerts.yml"]
    for file in files:
        asked = set(re.findall(r"\bttfd_[a-z_]+", file.read_text(encoding="utf-8")))
        assert len(asked) >= 5, file
        assert asked <= there, file
    assert {name for name in there if not name.endswith(("_created", "_count", "_sum"))} <= set(
        re.findall(r"\bttfd_[a-z_]+", files[0].read_text(encoding="utf-8"))
    ), "a metric that no panel shows"


def test_the_dashboard_can_be_read_and_every_panel_has_a_title_and_a_query() -> None:
    dashboard = json.loads((MONITORING / "grafana-dashboard.json").read_text(encoding="utf-8"))
    assert dashboard["uid"] == "ttfd"
    for panel in dashboard["panels"]:
        assert panel["title"]
        assert all(target["expr"] for target in panel["targets"])


def test_every_alert_says_what_to_do() -> None:
    text = (MONITORING / "alerts.yml").read_text(encoding="utf-8")
    alerts = text.split("- alert: ")[1:]
    assert len(alerts) >= 5
    for alert in alerts:
        for part in ("expr:", "for:", "severity:", "summary:", "description:"):
            assert part in alert, alert


# What a monitor has seen for an hour -> the alerts that somebody gets.
HARMS = {
    "nothing is wrong": ({"ttfd_up": "1x60", "ttfd_worker_leads": "1x60", "ttfd_queue_length": "5x60"}, set()),
    "no program shows anything": ({}, {"TtfdWorkerGone"}),
    "the database does not answer": ({"ttfd_up": "0x60"}, {"TtfdDatabaseDown"}),
    "no worker leads": ({"ttfd_up": "1x60", "ttfd_worker_leads": "0x60"}, {"TtfdNoWorkerLeads"}),
    "events wait": ({"ttfd_up": "1x60", "ttfd_lag_seconds": "40x60"}, {"TtfdLag"}),
    "a sender floods": ({"ttfd_up": "1x60", "ttfd_queue_length": "60000+1000x60"}, {"TtfdQueueGrows"}),
    "a long queue gets shorter": ({"ttfd_up": "1x60", "ttfd_queue_length": "900000-100x60"}, set()),
    "events have failed": ({"ttfd_up": "1x60", "ttfd_failed_events": "3x60"}, {"TtfdFailedEvents"}),
    "batches are slow": (
        {
            "ttfd_up": "1x60",
            'ttfd_batch_seconds_bucket{le="1"}': "0x60",
            'ttfd_batch_seconds_bucket{le="2.5"}': "0+9x60",
            'ttfd_batch_seconds_bucket{le="+Inf"}': "0+9x60",
        },
        {"TtfdSlowBatches"},
    ),
    "a listener is stuck": ({"ttfd_up": "1x60", "ttfd_listener_age_seconds": "90x60"}, {"TtfdListenerStuck"}),
    "a listener is deaf": ({"ttfd_up": "1x60", "ttfd_listener_hears": "0x60"}, {"TtfdListenerDeaf"}),
}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (apt-get install prometheus)")
@pytest.mark.parametrize("harm", HARMS)
def test_each_harm_wakes_somebody_and_a_good_hour_nobody(tmp_path: Path, harm: str) -> None:
    seen, alerts = HARMS[harm]
    labels = 'instance="here:9464",job="ttfd"'
    series = [
        {"series": name.replace("{", "{" + labels + ",") if "{" in name else f"{name}{{{labels}}}", "values": values}
        for name, values in seen.items()
    ]
    wanted = [{"expr": 'count by (alertname) (ALERTS{alertstate="firing"})', "eval_time": "40m", "exp_samples": [
        {"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in alerts]}]  # fmt: skip
    test = {
        "rule_files": [str(MONITORING / "alerts.yml")],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": series, "promql_expr_test": wanted}],
    }
    (tmp_path / "test.yml").write_text(json.dumps(test), encoding="utf-8")
    done = subprocess.run(
        ["promtool", "test", "rules", "test.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_alert_compares_what_has_the_same_labels() -> None:
    """Sides of ``and`` whose labels differ never match, so the alert would never fire."""
    for expression in re.findall(r"expr: (.* and .*)", (MONITORING / "alerts.yml").read_text(encoding="utf-8")):
        sides = [side.partition("(")[0] for side in expression.split(" and ")]
        assert len(set(sides)) == 1, expression
