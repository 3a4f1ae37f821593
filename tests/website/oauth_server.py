"""Discord's OAuth 2 and Telegram's OpenID Connect on this machine: the real protocol, and what goes wrong in it."""

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, abort, jsonify, redirect, request
from flask.typing import ResponseReturnValue
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from werkzeug.serving import WSGIRequestHandler, make_server

from ttfd.website import Provider, Settings

CLIENT_ID, CLIENT_SECRET = "4242", "not-so-secret"


@dataclass
class Person:
    """Somebody with an account on both platforms."""

    discord_id: str = "880000000000000001"
    telegram_id: int = 770001
    name: str = "Анна"
    username: str = "anna"


@dataclass
class Grant:
    """A code that was given out, and what it was asked for with."""

    redirect_uri: str
    challenge: str
    nonce: str | None
    person: Person


@dataclass
class OAuthServer:
    """What the servers know. Tests change ``person``, and ``lies`` to replace and ``omits`` to drop claims of the
    ID token."""

    person: Person = field(default_factory=Person)
    redirect_uris: set[str] = field(default_factory=set)
    lies: dict[str, Any] = field(default_factory=dict)
    omits: set[str] = field(default_factory=set)
    asks: bool = False
    url: str = ""
    grants: dict[str, Grant] = field(default_factory=dict)
    tokens: dict[str, Person] = field(default_factory=dict)
    requests: list[dict[str, str]] = field(default_factory=list)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"}))
    foreign_key: RSAKey | None = None

    def settings(self, **more: Any) -> Settings:
        """The settings of a site that is registered here."""
        provider = Provider(CLIENT_ID, CLIENT_SECRET, self.url)
        return Settings(secret_key="for tests", discord=provider, telegram=provider, **more)

    def authorize(self) -> ResponseReturnValue:
        asked = request.args.to_dict()
        self.requests.append(asked)
        is_registered = asked["redirect_uri"] in self.redirect_uris
        if asked["client_id"] != CLIENT_ID or asked["response_type"] != "code" or not is_registered:
            abort(400)
        if asked.get("code_challenge_method") != "S256" or not asked.get("code_challenge") or not asked.get("state"):
            abort(400)
        code = secrets.token_urlsafe()
        self.grants[code] = Grant(asked["redirect_uri"], asked["code_challenge"], asked.get("nonce"), self.person)
        back = f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"
        if self.asks:
            page = '<!doctype html><html lang="en"><title>Provider</title><link rel="icon" href="data:,">'
            return f'{page}<a id="allow" href="{back}">Allow</a></html>'
        return redirect(back)

    def exchange(self) -> tuple[Grant, str]:
        """Check a request for a token as the standards say. A code is good for one."""
        form = request.form
        basic = request.authorization
        client = (basic.username, basic.password) if basic else (form.get("client_id"), form.get("client_secret"))
        grant = self.grants.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if client != (CLIENT_ID, CLIENT_SECRET) or form.get("grant_type") != "authorization_code":
            abort(Response('{"error": "invalid_client"}', 401, mimetype="application/json"))
        if (
            grant is None
            or grant.redirect_uri != form.get("redirect_uri")
            or grant.challenge != challenge.rstrip(b"=").decode()
        ):
            abort(Response('{"error": "invalid_grant"}', 400, mimetype="application/json"))
        token = secrets.token_urlsafe()
        self.tokens[token] = grant.person
        return grant, token

    def id_token(self, grant: Grant) -> str:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "sub": "another number than the id",
            "iat": now,
            "exp": now + 300,
            "nonce": grant.nonce,
            "id": grant.person.telegram_id,
            "name": grant.person.name,
            "preferred_username": grant.person.username,
        }
        told = {name: value for name, value in {**claims, **self.lies}.items() if name not in self.omits}
        return jwt.encode({"alg": "RS256", "kid": "1"}, told, self.foreign_key or self.key)

    def app(self) -> Flask:
        """All addresses of both."""
        app = Flask("oauth")
        app.get("/oauth2/authorize")(self.authorize)
        app.get("/auth", endpoint="auth")(self.authorize)

        @app.post("/api/oauth2/token")
        def discord_token() -> ResponseReturnValue:
            _grant, token = self.exchange()
            return jsonify(access_token=token, token_type="Bearer", expires_in=600, scope="identify")

        @app.get("/api/users/@me")
        def me() -> ResponseReturnValue:
            assert request.authorization
            person = self.tokens.get(request.authorization.token or "")
            if person is None:
                abort(401)
            return jsonify(
                id=person.discord_id, username=person.username, global_name=person.name, email="x@example.org"
            )

        @app.get("/.well-known/openid-configuration")
        def configuration() -> ResponseReturnValue:
            return jsonify(
                issuer=self.url,
                authorization_endpoint=f"{self.url}/auth",
                token_endpoint=f"{self.url}/token",
                jwks_uri=f"{self.url}/jwks",
                id_token_signing_alg_values_supported=["RS256"],
                response_types_supported=["code"],
                subject_types_supported=["public"],
            )

        @app.get("/jwks")
        def jwks() -> ResponseReturnValue:
            return jsonify(KeySet([self.key]).as_dict(private=False))

        @app.post("/token")
        def telegram_token() -> ResponseReturnValue:
            grant, token = self.exchange()
            return jsonify(
                access_token=token,
                token_type="Bearer",
                expires_in=600,
                id_token=self.id_token(grant),
            )

        return app


@contextmanager
def oauth_server() -> Iterator[OAuthServer]:
    """Both servers at one address, until the end of the block."""
    state = OAuthServer()
    with serving_app(state.app()) as url:
        state.url = url
        yield state


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *arguments: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def serving_app(app: Flask) -> Iterator[str]:
    """An application on a port of its own; gives its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
