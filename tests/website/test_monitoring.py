"""What Prometheus is shown, and that nobody else is."""

import pytest
from flask.testing import FlaskClient

from calls import Connection, apply_event, get_user, process_all
from community import closing
from ttfd.website import Settings, create_app

TOKEN = "a token of thirty characters or so"


def ask(site: FlaskClient, token: str | None) -> tuple[int, str]:
    answer = site.get("/metrics", headers={} if token is None else {"Authorization": f"Bearer {token}"})
    return answer.status_code, answer.text


def test_without_a_token_set_there_is_no_such_page(database_url: str) -> None:
    with closing(create_app(database_url, Settings())) as site:
        for token in (None, "", "None"):
            assert ask(site, token)[0] == 404


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN[:-1], TOKEN + "x", "тайна"])
def test_who_has_not_the_token_is_shown_nothing(database_url: str, token: str | None) -> None:
    with closing(create_app(database_url, Settings(metrics_token=TOKEN))) as site:
        status, text = ask(site, token and token.encode().decode("latin-1"))
        assert (status, "ttfd_" in text) == (401, False)


def test_prometheus_sees_the_database_the_listener_and_the_streams(database_url: str, db: Connection) -> None:
    get_user(db)
    apply_event(db)
    process_all(db)
    with closing(create_app(database_url, Settings(metrics_token=TOKEN))) as site:
        status, text = ask(site, TOKEN)
        assert status == 200
        assert "ttfd_up 1.0" in text and "ttfd_feed_head 1.0" in text and "ttfd_streams 0.0" in text
        assert "ttfd_listener_hears" not in text, "it has none before the first stream"
        stream = site.application.extensions["ttfd"].hub.join()
        text = ask(site, TOKEN)[1]
        assert "ttfd_streams 1.0" in text and "ttfd_listener_hears" in text
        site.application.extensions["ttfd"].hub.leave(stream)


def test_a_database_that_is_down_is_shown_as_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ttfd.website.database._WAIT_SECONDS", 0.2)
    nowhere = "postgresql://nobody@/none?host=/nonexistent"
    with closing(create_app(nowhere, Settings(metrics_token=TOKEN))) as site:
        status, text = ask(site, TOKEN)
        assert (status, "ttfd_up 0.0" in text) == (200, True)
