"""The website without gunicorn, as it is on Windows."""

from serving import THREADED, serving


def test_its_log_has_no_addresses_because_links_to_log_in_are_secret(database_url: str) -> None:
    with serving(database_url, THREADED) as site:
        site.get("/login/link/secret?state=secret")
        site.stop()
        assert site.process.stdout is not None
        written = site.process.stdout.read()
    assert "holds a thread" in written
    assert "secret" not in written
