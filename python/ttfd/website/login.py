"""Logging in: with Discord (OAuth 2), with Telegram (OpenID Connect), or by a link that a bot has sent.

Who somebody is, is the provider's id and nothing else: no name, and no e-mail address. Authlib checks state, PKCE
and nonce, and each state is good for one answer.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]
from authlib.integrations.flask_client import OAuth  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from flask import Blueprint, abort, flash, redirect, request, session, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from joserfc.errors import JoseError
from requests import RequestException

from ..errors import AccountTakenError, TtfdError
from .forms import tell
from .language import LANGUAGE_COOKIE, marked, translated
from .render import public_root, refuse, remember_choice, render
from .settings import Settings
from .site import Site
from .visitor import (
    digest,
    empty_session,
    forget_browser,
    local_path,
    new_token,
    remember_browser,
    require_login,
    visitor,
)

__all__ = ["add_login", "log_in_again"]

log = logging.getLogger("ttfd.website")

_TIMEOUT_SECONDS = 8.0
_PROOF_SECONDS = 600
_NEXT, _LINK_FOR, _PROVEN = "ttfd_next", "ttfd_link_for", "ttfd_proven"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a provider says that somebody is."""

    platform: str
    external_id: str
    username: str | None
    display_name: str | None


class _IdToken(CodeIDToken):  # type: ignore[misc]
    """Telegram does not say that it hands the nonce back. One that comes must be ours; PKCE binds the answer anyway."""

    def validate_nonce(self) -> None:
        if "nonce" in self:
            super().validate_nonce()


def add_login(blueprint: Blueprint, site: Site) -> None:
    """Add the pages that log in and out, and those that link a further login."""
    oauth = OAuth()

    @blueprint.record_once
    def set_up(state: BlueprintSetupState) -> None:
        oauth.init_app(state.app)

    _register(oauth, site.settings)
    _add_provider_logins(blueprint, site, oauth)
    _add_link_logins(blueprint, site)

    @blueprint.get("/login")
    def login() -> ResponseReturnValue:
        if visitor(site):
            return redirect(local_path(request.args.get("next")) or url_for("ttfd.account"))
        return render(site, "login.html", providers=site.settings.providers, next=local_path(request.args.get("next")))

    @blueprint.post("/logout")
    def logout() -> ResponseReturnValue:
        asking = visitor(site)
        if asking:
            site.client().end_session(asking.token_hash)
        empty_session()
        flash(translated(marked("You are logged out.")))
        return forget_browser(site, redirect(url_for("ttfd.leaderboard")))


def _add_provider_logins(blueprint: Blueprint, site: Site, oauth: OAuth) -> None:
    def start(platform: str) -> ResponseReturnValue:
        if platform not in site.settings.providers:
            abort(404)
        answer_url = public_root(site) + url_for("ttfd.login_answer", platform=platform)
        try:
            return oauth.create_client(platform).authorize_redirect(answer_url)  # type: ignore[no-any-return]
        except (AuthlibBaseError, RequestException) as error:
            return _failed(site, error)

    @blueprint.post("/login/<any(discord, telegram):platform>")
    def login_with(platform: str) -> ResponseReturnValue:
        session.pop(_LINK_FOR, None)
        session[_NEXT] = local_path(request.form.get("next"))
        return start(platform)

    @blueprint.post("/account/link/<any(discord, telegram):platform>")
    @require_login(site)
    def link_with(platform: str) -> ResponseReturnValue:
        asking = visitor(site)
        assert asking
        session[_LINK_FOR] = asking.user_id
        return start(platform)

    @blueprint.get("/login/<any(discord, telegram):platform>/answer")
    def login_answer(platform: str) -> ResponseReturnValue:
        if platform not in site.settings.providers:
            abort(404)
        link_for = session.pop(_LINK_FOR, None)
        try:
            identity = _identify(oauth.create_client(platform), platform)
        except (AuthlibBaseError, JoseError, RequestException, KeyError, TypeError, ValueError) as error:
            return _failed(site, error)
        if link_for is not None:
            return _link(site, link_for, identity)
        return _log_in(site, identity)


def _register(oauth: OAuth, settings: Settings) -> None:
    common = {"code_challenge_method": "S256", "timeout": _TIMEOUT_SECONDS}
    if discord := settings.discord:
        oauth.register(
            "discord",
            client_id=discord.client_id,
            client_secret=discord.client_secret,
            authorize_url=f"{discord.url}/oauth2/authorize",
            access_token_url=f"{discord.url}/api/oauth2/token",
            api_base_url=f"{discord.url}/api/",
            client_kwargs={"scope": "identify", **common},
        )
    if telegram := settings.telegram:
        oauth.register(
            "telegram",
            client_id=telegram.client_id,
            client_secret=telegram.client_secret,
            server_metadata_url=f"{telegram.url}/.well-known/openid-configuration",
            client_kwargs={"scope": "openid profile", **common},
        )


def _identify(client: Any, platform: str) -> Identity:
    token = client.authorize_access_token(claims_cls=_IdToken)
    if platform == "discord":
        answer = client.get("users/@me", token=token, timeout=_TIMEOUT_SECONDS)
        answer.raise_for_status()
        user = answer.json()
        return Identity(platform, str(user["id"]), user.get("username"), user.get("global_name"))
    claims = token["userinfo"]  # of the signed ID token, whose issuer, audience and nonce Authlib has checked
    # "sub" is another number: who it is on Telegram stands in "id".
    return Identity(platform, str(claims["id"]), claims.get("preferred_username"), claims.get("name"))


def _log_in(site: Site, identity: Identity) -> ResponseReturnValue:
    path = local_path(session.get(_NEXT)) or url_for("ttfd.account")
    token = new_token()
    try:
        done = site.client().log_in(
            identity.platform, identity.external_id, identity.username, identity.display_name, digest(token)
        )
    except TtfdError as error:
        return _failed(site, error)
    return _arrive(site, token, done.user_id, path)


def _arrive(site: Site, token: str, user_id: int, path: str) -> ResponseReturnValue:
    """The browser of somebody who was just let in: nothing that it had before is of use any more."""
    asking = visitor(site)
    if asking:
        site.client().end_session(asking.token_hash)
    empty_session()
    response = remember_browser(site, redirect(path), token)
    if chosen := site.client().get_account(user_id).language:
        remember_choice(response, LANGUAGE_COOKIE, chosen)  # type: ignore[arg-type]
    return response


def log_in_again(site: Site, user_id: int, method: str, path: str) -> ResponseReturnValue:
    """After all sessions of a member have ended, a new one for the browser that asked for it."""
    token = new_token()
    site.client().start_session(user_id, digest(token), method)
    return remember_browser(site, redirect(path), token)


def _link(site: Site, link_for: int, identity: Identity) -> ResponseReturnValue:
    """A second login of somebody who is logged in already."""
    asking = visitor(site)
    if asking is None or asking.user_id != link_for:
        abort(403)
    try:
        status = (
            site.client()
            .link_verified_account(asking.user_id, identity.platform, identity.external_id, identity.username)
            .status
        )
    except AccountTakenError:
        session[_PROVEN] = [asking.user_id, identity.platform, identity.external_id, int(time.time())]
        return redirect(url_for("ttfd.confirm_merge"))
    except TtfdError as error:
        tell(error)
    else:
        told = marked("Linked.") if status == "linked" else marked("This account was linked already.")
        flash(translated(told), "good")
    return redirect(url_for("ttfd.account"))


def _add_link_logins(blueprint: Blueprint, site: Site) -> None:
    @blueprint.get("/account/merge")
    @require_login(site)
    def confirm_merge() -> ResponseReturnValue:
        _user_id, platform, external_id = _proven(site)
        other = site.client().find_user(platform, external_id)
        if other is None:
            abort(404)
        return render(site, "merge.html", other=site.client().get_profile(other.user_id), platform=platform)

    @blueprint.post("/account/merge")
    @require_login(site)
    def merge() -> ResponseReturnValue:
        user_id, platform, external_id = _proven(site)
        asking = visitor(site)
        assert asking
        session.pop(_PROVEN)
        try:
            done = site.client().merge_verified_account(user_id, platform, external_id)
        except TtfdError as error:
            tell(error)
            return redirect(url_for("ttfd.account"))
        flash(translated(marked("Linked. You were logged out everywhere else.")), "good")
        return log_in_again(site, done.user_id or user_id, asking.session.method, url_for("ttfd.account"))

    @blueprint.get("/login/link/<token>")
    def login_link(token: str) -> ResponseReturnValue:
        owner = site.client().preview_login_link(digest(token))
        if owner is None:
            return refuse(site, "login_failed.html", 404, is_link=True)
        return render(site, "login_link.html", owner=owner, token=token)

    @blueprint.post("/login/link/<token>")
    def login_by_link(token: str) -> ResponseReturnValue:
        own = new_token()
        done = site.client().redeem_login_link(digest(token), digest(own))
        if done is None:
            return refuse(site, "login_failed.html", 404, is_link=True)
        return _arrive(site, own, done.user_id, url_for("ttfd.account"))


def _proven(site: Site) -> tuple[int, str, str]:
    """The account that this browser has just logged in with, beside the member it is."""
    asking = visitor(site)
    user_id, platform, external_id, proven_at = session.get(_PROVEN) or (None, "", "", 0)
    if asking is None or user_id != asking.user_id or time.time() - proven_at > _PROOF_SECONDS:
        abort(404)
    return asking.user_id, platform, external_id


def _failed(site: Site, error: Exception) -> ResponseReturnValue:
    """The provider said no, or what came back is not what was asked for. The message may hold secrets: log the kind."""
    log.warning("a login failed: %s", type(error).__name__)
    return refuse(site, "login_failed.html", 400, is_link=False)
