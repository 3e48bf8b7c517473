"""What may be done to documents, once for the API and the console: role, transaction, wake-up."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final
from uuid import UUID

from starlette.datastructures import UploadFile

from dialer import clock, db
from dialer.accounts.models import Role
from dialer.accounts.principal import Principal
from dialer.errors import BadInput
from dialer.knowledge import languages, listing, storing
from dialer.knowledge.listing import DocumentView
from dialer.knowledge.reading import apart
from dialer.knowledge.retrieving import Found
from dialer.web.state import WebState

VECTOR_S: Final = 3.0


def add(state: WebState, who: Principal, upload: UploadFile, *, collection: str, language: str) -> DocumentView:
    """Read an uploaded document and have it indexed. The same file again changes nothing.

    Raises:
        NotAllowed: the role does not cover it.
        BadInput: what is wrong with the file, and where in it; or with the collection's name or the language.
    """
    who.require(Role.MANAGER)
    storing.collection_name(collection)
    languages.configuration(language)
    name = PurePath((upload.filename or "").replace("\\", "/")).name
    body = upload.file.read(apart.MOST_BYTES + 1)
    sections = apart.read(name, body)
    with db.transaction(state.sessions) as tx:
        document, new = storing.add(
            tx.session,
            who.organization_id,
            collection=collection,
            name=name,
            body=body,
            sections=sections,
            language=language,
            now=clock.now(tx.session),
            by=who.by,
        )
        if new:
            document_id = str(document.id)
            tx.after_commit(lambda: state.wiring.messages.send("outbox.index_document", document_id))
        return listing.view(document)


def remove(state: WebState, who: Principal, document_id: UUID) -> None:
    """Forget a document, for good.

    Raises:
        NotAllowed, NotFound: the role does not cover it, or there is no such document.
    """
    who.require(Role.MANAGER)
    with db.transaction(state.sessions) as tx:
        storing.remove(tx.session, who.organization_id, document_id, by=who.by)


def search(
    state: WebState, who: Principal, question: str, *, collections: list[str], language: str, limit: int
) -> list[Found]:
    """Return the passages that an agent would be given; of every collection if none is named.

    Raises:
        BadInput: the question is empty, or the language is none.
    """
    if not question.strip():
        raise BadInput("Ask something: the question is empty.")
    languages.configuration(language)
    if not collections:
        with state.sessions() as session:
            collections = listing.collections(session, who.organization_id)
    return state.wiring.retriever.find(
        who.organization_id, collections, question, language=language, limit=limit, vector_s=VECTOR_S
    )
