"""How gunicorn serves the site: ``gunicorn --config …/gunicorn_config.py 'ttfd.website:create_app()'``.

It is read as a file, not as a module: gevent patches the process in the worker, before psycopg is imported there, and
that is when psycopg chooses a way of waiting that lets other requests run.
"""

import gc
import signal
import sys
from typing import Any

import gevent  # type: ignore[import-untyped]

worker_class = "gevent"
workers = 1  # one listener, and streams cost next to nothing; a second process would only double the connections
worker_connections = 2000  # streams, and pages beside them
keepalive = 1  # seconds; an idle connection must not hold up a stop
graceful_timeout = 4
loglevel = "warning"
control_socket_disable = True


def post_worker_init(worker: Any) -> None:
    """Say where the site is once it answers, and let open streams end when the process is told to stop.

    Templates are compiled before: the first visitors would wait for it, and all others with them. What is there by then
    stays; looking through it for garbage would hold up all pages for a tenth of a second, time and again.
    """
    templates = worker.wsgi.jinja_env
    for name in templates.list_templates():
        templates.get_template(name)
    gc.collect()
    gc.freeze()
    hub = worker.wsgi.extensions["ttfd"].hub
    stop: Any = signal.getsignal(signal.SIGTERM)

    def stop_with_streams(signum: int, frame: Any) -> None:
        gevent.spawn(hub.close)
        stop(signum, frame)

    signal.signal(signal.SIGTERM, stop_with_streams)
    if worker.age == 1:
        host, port = worker.sockets[0].getsockname()[:2]
        print(f"http://{f'[{host}]' if ':' in host else host}:{port}", flush=True, file=sys.stdout)


def worker_exit(_server: Any, worker: Any) -> None:
    """Close the connections while threads can still be joined."""
    if app := getattr(worker, "wsgi", None):
        app.extensions["ttfd"].close()
