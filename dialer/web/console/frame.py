"""What every page of the console has around it, and how a live part of one is sent."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from dialer.accounts.models import Role
from dialer.agents import listing as agents
from dialer.web import pages
from dialer.web.auth import Visitor


def page(
    request: Request, name: str, visitor: Visitor, session: Session, here: str, context: dict[str, Any]
) -> Response:
    """Send a page, whole.

    Args:
        request: asks for it.
        name: of the template.
        visitor: sees it.
        session: of a transaction.
        here: the path of the page in the navigation.
        context: what the page itself shows.
    """
    around = {
        "form_token": visitor.form_token,
        "user": visitor.who.by.partition(":")[2],
        "may_run": visitor.who.may(Role.MANAGER),
        "agents": [agent.name for agent in agents.latest(session, visitor.who.organization_id)],
        "here": here,
    }
    return pages.templates.TemplateResponse(request, name, around | context)


def unless_seen(part: str, seen: str, context: dict[str, Any]) -> Response:
    """Send a part with its digest, or nothing (204) when it is what the page shows already."""
    body = pages.templates.get_template(f"parts/{part}.html").render(context)
    digest = hashlib.blake2b(body.encode(), digest_size=8).hexdigest()
    if seen == digest:
        return Response(status_code=204)
    return Response(
        f'{body}<input type="hidden" id="{part}-seen" name="seen" value="{digest}">', media_type="text/html"
    )


def part(request: Request, name: str, context: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    """Send a part that somebody asked for."""
    return pages.templates.TemplateResponse(request, f"parts/{name}.html", context, headers=headers)
