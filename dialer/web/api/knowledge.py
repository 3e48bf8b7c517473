"""/api/knowledge."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Form, Query, UploadFile
from pydantic import BaseModel

from dialer.knowledge import listing
from dialer.knowledge.listing import DocumentView
from dialer.knowledge.retrieving import Found
from dialer.web import documents
from dialer.web.api import paging
from dialer.web.api.paging import Cursor, Limit, Page
from dialer.web.auth import Manager, Viewer
from dialer.web.state import State

router = APIRouter(prefix="/api/knowledge", tags=["knowledge"])
Language = Annotated[str, Query(max_length=20, description="A locale, as in en-US or hi.")]


class Passages(BaseModel):
    """What was found, the best first."""

    passages: list[Found]


@router.get("")
def list_documents(
    who: Viewer, state: State, collection: str | None = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[DocumentView]:
    """List documents, the latest first."""
    with state.sessions() as session:
        before = paging.moment_and_id(cursor)
        found = listing.page(session, who.organization_id, collection=collection, before=before, limit=limit + 1)
    last = found[:limit][-1] if found else None
    return paging.cut(found, limit, paging.encode(last.added_at.isoformat(), last.id) if last else "")


@router.post("", status_code=202)
def upload(
    who: Manager,
    state: State,
    file: Annotated[UploadFile, File(description="PDF, DOCX, TXT, MD, HTML or CSV, up to 20 MB.")],
    collection: Annotated[str, Form(max_length=60, description="Where agents look for it.", examples=["solar"])],
    language: Annotated[str, Form(max_length=20, description="Of the text, as in en-US or hi.")] = "en-US",
) -> DocumentView:
    """Add a document, or a new edition of the one of this name. It is found once its state is `indexed`."""
    return documents.add(state, who, file, collection=collection, language=language)


@router.get("/search")
def search(
    who: Viewer,
    state: State,
    q: Annotated[str, Query(max_length=1000, description="A question, in anybody's words.")],
    collection: Annotated[list[str] | None, Query(description="May be repeated; every collection if left out.")] = None,
    language: Language = "en-US",
    limit: Annotated[int, Query(ge=1, le=50)] = 5,
) -> Passages:
    """Find the passages that an agent would be given for these words, with their scores."""
    found = documents.search(state, who, q, collections=collection or [], language=language, limit=limit)
    return Passages(passages=found)


@router.get("/{document_id}")
def one(document_id: UUID, who: Viewer, state: State) -> DocumentView:
    """Show a document."""
    with state.sessions() as session:
        return listing.one(session, who.organization_id, document_id)


@router.delete("/{document_id}", status_code=204)
def remove(document_id: UUID, who: Manager, state: State) -> None:
    """Forget a document: its text, its passages and their vectors. Calls keep the names of what they used."""
    documents.remove(state, who, document_id)
