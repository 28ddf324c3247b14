"""The page where terms are accepted (WIRE section 7), with the real server's dead ends."""

from __future__ import annotations

from cave_setup.demo import pages
from cave_setup.demo.messages import Answer, ServerFaultError, redirect, text_answer
from cave_setup.demo.routing import AccountVisit, Route
from cave_setup.demo.sign_in_routes import with_token


def form(visit: AccountVisit, terms_id: str) -> Answer:
    """Show the terms; what `?redirect=` says goes into the session, and so does that it says nothing."""
    terms = visit.site.world.terms.get(int(terms_id))
    if terms is None:
        return _unknown()
    if terms.id in visit.user.accepted:
        return pages.page(visit.request, "terms_accepted.html", terms=terms)
    # The same place that a sign-in keeps its redirect in: a terms page in another tab makes it forget.
    visit.session.redirect = visit.request.query("redirect")
    return pages.page(visit.request, "terms.html", terms=terms, text=pages.markdown(terms.text))


def accept(visit: AccountVisit, terms_id: str) -> Answer:
    """Store the acceptance; `tos_agree` is never looked at."""
    terms = visit.site.world.terms.get(int(terms_id))
    if terms is None:
        return _unknown()
    if terms.id in visit.user.accepted:
        return pages.page(visit.request, "terms_accepted.html", terms=terms)
    visit.site.world.accept(visit.user, terms.id)
    if visit.request.query("client") == "ng":
        return pages.message_to_opener(visit.request, "success")
    session = visit.site.sessions.find(visit.request)
    if session is None or session.redirect is None:
        # Stored, and then the real server names a template that does not exist.
        raise ServerFaultError
    target, session.redirect = session.redirect, None
    return redirect(with_token(target, visit.token.text, visit.addresses))


def _unknown() -> Answer:
    return text_answer("Terms of Service does not exist", 404)


STICKY_API_ROUTES = (
    Route("GET", r"/tos/(\d+)/accept", form),
    Route("POST", r"/tos/(\d+)/accept", accept),
)
