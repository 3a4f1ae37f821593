"""What Prometheus may ask of the site. It is there only where a token is set, and only for who has it."""

from __future__ import annotations

import hmac

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from .render import plain
from .site import Site

__all__ = ["add_monitoring"]


def add_monitoring(blueprint: Blueprint, site: Site) -> None:
    """Add ``/metrics``, if there is a token that opens it. Needs the extra ``metrics``."""
    token = site.settings.metrics_token
    if token is None:
        return
    from ..metrics import CONTENT_TYPE_LATEST, SiteMetrics

    @blueprint.get("/metrics")
    def metrics() -> ResponseReturnValue:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), token.encode()):
            answer = plain("the token of TTFD_METRICS_TOKEN opens this", 401)
            answer.headers["WWW-Authenticate"] = "Bearer"
            return answer
        shown = SiteMetrics(site.database.pool(), site.hub.listener, site.hub.count_streams())
        response = Response(shown.render(), content_type=CONTENT_TYPE_LATEST)
        response.headers["Cache-Control"] = "no-store"
        return response
