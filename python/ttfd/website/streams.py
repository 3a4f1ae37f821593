"""The address of the event stream."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from .forms import number_field, parse_number
from .live import UNKNOWN_POSITION, TooManyStreamsError
from .render import plain
from .site import Site

__all__ = ["add_streams"]


def add_streams(blueprint: Blueprint, site: Site) -> None:
    """Add ``/events``: from ``Last-Event-ID`` (or ``?after=``) on, of one member (``?user=``) or of all."""

    @blueprint.get("/events")
    def events() -> ResponseReturnValue:
        address = request.remote_addr or ""
        if not site.limits.is_allowed("stream", address):
            abort(429)
        try:
            stream = site.hub.join(_known_position(), number_field("user"), address)
        except TooManyStreamsError:
            return plain("too many streams", 503)
        response = Response(
            iter(stream),
            mimetype="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )
        response.call_on_close(lambda: site.hub.leave(stream))
        return response


def _known_position() -> int | None:
    """Where the client was: the browser's own header counts more than the address, which is older."""
    text = request.headers.get("Last-Event-ID") or request.args.get("after")
    if text is None:
        return None
    value = parse_number(text)
    return UNKNOWN_POSITION if value is None else value
