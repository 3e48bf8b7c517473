"""The page of documents: what is there, who answers from it, and what would be found for a question."""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, File, Form, Query, UploadFile
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from dialer.accounts.models import Role
from dialer.accounts.principal import Principal
from dialer.agents import listing as agents
from dialer.errors import DialerError, PermanentError
from dialer.knowledge import listing
from dialer.knowledge.listing import DocumentView
from dialer.web import documents
from dialer.web.auth import Acting, Looking
from dialer.web.console import frame
from dialer.web.console.forms import done
from dialer.web.state import State

HERE = "/knowledge"
DOCUMENTS_SHOWN = 200
PASSAGES_SHOWN = 5
LANGUAGES = {"en-US": "English", "hi": "Hindi", "es": "Spanish", "de": "German", "fr": "French", "pt": "Portuguese"}
"""What the page offers; the API and the command take any locale."""
router = APIRouter(include_in_schema=False)


@router.get(HERE)
def knowledge(request: Request, visitor: Looking, state: State) -> Response:
    """The page, whole."""
    with state.sessions() as session:
        context = _documents(session, visitor.who) | {"languages": LANGUAGES}
        return frame.page(request, "knowledge.html", visitor, session, HERE, context)


@router.get("/console/live/documents")
def live_documents(visitor: Looking, state: State, seen: str = "") -> Response:
    """The documents, by collection."""
    with state.sessions() as session:
        context = _documents(session, visitor.who)
    return frame.unless_seen("documents", seen, context)


@router.post("/console/documents")
def add(
    request: Request,
    visitor: Acting,
    state: State,
    file: Annotated[list[UploadFile], File()],
    collection: Annotated[str, Form(max_length=60)],
    language: Annotated[str, Form(max_length=20)] = "en-US",
) -> Response:
    """Add documents, each by itself: what is wrong with one does not keep the others out."""
    visitor.who.require(Role.MANAGER)
    taken: list[DocumentView] = []
    refused: list[tuple[str, DialerError]] = []
    for upload in file:
        try:
            taken.append(documents.add(state, visitor.who, upload, collection=collection, language=language))
        except PermanentError as error:
            refused.append((upload.filename or "", error))
    context = {"taken": taken, "refused": refused, "collection": collection}
    return frame.part(request, "documents_added", context, {"HX-Trigger": "changed"})


@router.post("/console/documents/{document_id}/remove")
def remove(request: Request, document_id: UUID, visitor: Acting, state: State) -> Response:
    """Forget a document."""
    with state.sessions() as session:
        name = listing.one(session, visitor.who.organization_id, document_id).name
    documents.remove(state, visitor.who, document_id)
    return done(request, f"{name} is forgotten. Agents no longer answer from it.")


@router.get("/console/passages")
def passages(
    request: Request,
    visitor: Looking,
    state: State,
    q: Annotated[str, Query(max_length=1000)] = "",
    collection: Annotated[str, Query(max_length=60)] = "",
    language: Annotated[str, Query(max_length=20)] = "en-US",
) -> Response:
    """What an agent would be given for a question."""
    found = documents.search(
        state,
        visitor.who,
        q,
        collections=[collection] if collection else [],
        language=language,
        limit=PASSAGES_SHOWN,
    )
    return frame.part(request, "passages", {"passages": found, "question": q})


def _documents(session: Session, who: Principal) -> dict[str, Any]:
    found = listing.page(session, who.organization_id, limit=DOCUMENTS_SHOWN + 1)
    used: dict[str, list[str]] = defaultdict(list)
    for agent in agents.latest(session, who.organization_id):
        for collection in agent.definition.get("knowledge", ()):
            used[collection].append(agent.name)
    held: dict[str, list[DocumentView]] = {name: [] for name in sorted({*used, *(one.collection for one in found)})}
    for one in found[:DOCUMENTS_SHOWN]:
        held[one.collection].append(one)
    return {
        "collections": held,
        "used": used,
        "cut": len(found) > DOCUMENTS_SHOWN,
        "shown_most": DOCUMENTS_SHOWN,
        "may_run": who.may(Role.MANAGER),
    }
