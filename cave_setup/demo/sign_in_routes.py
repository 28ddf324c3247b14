"""Signing in (WIRE section 6): authorize, the page that stands in for Google, the callback, the user name."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from cave_setup.demo import friendly, pages
from cave_setup.demo.messages import HTML, Answer, ServerFaultError, json_answer, redirect, text_answer
from cave_setup.demo.routing import AccountVisit, Route, Visit
from cave_setup.demo.site import SESSION_COOKIE, TOKEN_COOKIE, Addresses, Session

if TYPE_CHECKING:
    from cave_setup.demo.world import User

_GOOGLE_SCOPE = "openid email profile"


def authorize(visit: Visit) -> Answer:
    """Answer `GET /authorize`: off to the account chooser, which always asks, even when signed in."""
    wanted = visit.request.query("tos_id")
    if wanted is not None and not wanted.isdecimal():
        return pages.error(visit.request, 404)
    session = visit.session
    # One state per browser: a second sign-in makes the first one fail.
    session.state = secrets.token_urlsafe(24)
    session.redirect = visit.request.query("redirect")
    session.terms_id = int(wanted) if wanted is not None else None
    query = urlencode({"state": session.state, "access_type": "offline", "prompt": "consent"})
    google = f"{visit.addresses.browser}/demo/google?{query}"
    if visit.request.headers.get("X-Requested-With"):
        return Answer(200, google.encode(), HTML)
    return redirect(google)


def choose_account(visit: Visit) -> Answer:
    """Show the page that stands in for Google."""
    return pages.page(
        visit.request,
        "google.html",
        users=[user for user in visit.site.world.users.values() if not user.email.endswith(f"@{friendly.STAGE}")],
        newcomers=visit.site.world.strangers(),
    )


def account_chosen(visit: Visit) -> Answer:
    """Go on to the callback as Google would, with a code that works once, or with the refusal."""
    state = visit.request.query("state") or ""
    email = (visit.request.form("email") or "").strip()
    callback = f"{visit.addresses.sign_in_base}/api/v1/oauth2callback"
    if visit.request.form("cancel") is not None or not email:
        return redirect(f"{callback}?{urlencode({'state': state, 'error': 'access_denied'})}")
    typed = (visit.request.form("name") or "").strip()
    name = typed or visit.site.world.name_at_google(email) or email.partition("@")[0]
    code = secrets.token_urlsafe(24)
    visit.site.google_codes[code] = (email, name)
    return redirect(f"{callback}?{urlencode({'state': state, 'code': code, 'scope': _GOOGLE_SCOPE})}")


def callback(visit: Visit) -> Answer:
    """Answer `GET /oauth2callback`: the sign-in is complete, or it is one of many failures."""
    request, site = visit.request, visit.site
    if SESSION_COOKIE not in request.cookies:
        return text_answer("Invalid Request, are third-party cookies enabled?", 400)
    session = site.sessions.find(request)
    if session is None:
        return text_answer("Your session has expired.", 400)
    if request.query("error") is not None:
        # Cancelling at Google is not foreseen by the real server.
        raise ServerFaultError
    identity = None
    if session.state is not None and request.query("state") == session.state:
        identity = site.google_codes.pop(request.query("code") or "", None)
    if identity is None:
        return json_answer("authorization error")
    email, name = identity
    known = site.world.user_by_email(email)
    user = known or site.world.add_user(email, name)
    token = site.world.sign_in(user).text
    if known is None:
        answer = redirect(f"{visit.addresses.sign_in_base}/settings/username?new_account=true")
    else:
        answer = _finish(visit, session, token)
        if answer.status == 200:  # noqa: PLR2004 the blank page; only then the real server sets no cookie
            return answer
    return answer.with_cookie(TOKEN_COOKIE, token, secure=visit.addresses.is_secure)


def username_form(visit: AccountVisit) -> Answer:
    """Show the user-name form."""
    return pages.page(visit.request, "username.html", user=visit.user)


def username_chosen(visit: AccountVisit) -> Answer:
    """Store the name, then end the sign-in the way it was asked for."""
    if visit.request.form("name") == "custom":
        name = (visit.request.form("customName") or "").strip()
        if not name or visit.user.name_is_custom:
            return text_answer("A custom name can be set once.", 400)
        _rename(visit.user, name)
    return _finish(visit, visit.session, visit.token.text)


def _rename(user: User, name: str) -> None:
    user.name = name
    user.name_is_custom = True


def _finish(visit: Visit, session: Session, token: str) -> Answer:
    addresses = visit.addresses
    target, terms_id = session.redirect, session.terms_id
    session.redirect = session.terms_id = None
    if terms_id is not None:
        # A redirect asked for together with terms is lost.
        return redirect(addresses.terms_form(terms_id))
    if target is not None:
        return redirect(with_token(target, token, addresses))
    return pages.message_to_opener(visit.request, {"token": token, "app_urls": friendly.VIEWERS})


def with_token(target: str, token: str, addresses: Addresses) -> str:
    """Return the address with the token in its query.

    Own arguments stay in front, an own `token` is overwritten, a fragment stays last. Any address will do:
    the real server checks it against no list.
    """
    rest, hash_sign, fragment = target.partition("#")
    base, _, query = rest.partition("?")
    extra = {
        "middle_auth_token": token,
        "middle_auth_url": f"{addresses.host}/sticky_auth",
        "token": token,
    }
    own = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] not in extra]
    # "safe" leaves @ and / bare, as the real server gives them back.
    return f"{base}?{urlencode([*own, *extra.items()], safe='@/')}{hash_sign}{fragment}"


STICKY_API_ROUTES = (
    Route("GET", "/authorize", authorize, is_open=True),
    Route("GET", "/oauth2callback", callback, is_open=True),
)

GOOGLE_ROUTES = (
    Route("GET", "/google", choose_account, is_open=True),
    Route("POST", "/google", account_chosen, is_open=True),
)

SETTINGS_ROUTES = (
    Route("GET", "/username", username_form),
    Route("POST", "/username", username_chosen),
)
