"""Documents of a tenant: indexed once, found by meaning and by words, replaced without a gap, forgotten for good."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from dialer import db
from dialer.accounts.models import AuditEvent
from dialer.agents.models import AgentVersion
from dialer.calls import facts, seats
from dialer.calls.models import Call, ToolUse, Turn
from dialer.calls.recalling import Lookup
from dialer.calls.states import CallState
from dialer.calls.using import Outside, Pending
from dialer.conversation.facts import KnowledgeWanted, Passage, Reply, Speaker, ToolWanted, TurnFinished
from dialer.db import Sessions
from dialer.errors import VendorBusy
from dialer.knowledge import indexing, storing
from dialer.knowledge.models import DocumentState, KnowledgeChunk, KnowledgeDocument, KnowledgeVector
from dialer.knowledge.queries import How
from dialer.knowledge.reading import reader
from dialer.knowledge.retrieving import Found, Retriever
from dialer.sandbox.openai_embeddings import vector
from tests import documents
from tests.factories import NOON, Factory, definition, other_organization


@dataclass
class FakeEmbedder:
    """Makes vectors as the sandbox does, in memory, and counts what it is asked for."""

    name: str = "fake"
    model: str = "words/512"
    most_at_once: int = 2
    asked: list[list[str]] = field(default_factory=list)
    fails_at: int | None = None

    def embed(self, texts: Sequence[str], *, timeout_s: float) -> list[list[float]]:
        if self.fails_at is not None and len(self.asked) >= self.fails_at:
            raise VendorBusy(self.name, "down")
        self.asked.append(list(texts))
        return [vector(one, 512).tolist() for one in texts]

    @property
    def texts(self) -> int:
        return sum(len(batch) for batch in self.asked)


@dataclass
class Shelf:
    """One organization's documents."""

    sessions: Sessions
    organization_id: UUID
    embedder: FakeEmbedder = field(default_factory=FakeEmbedder)

    def add(self, body: bytes, name: str = "prices.md", collection: str = "solar", language: str = "en-US") -> UUID:
        with db.transaction(self.sessions) as tx:
            document, _ = storing.add(
                tx.session,
                self.organization_id,
                collection=collection,
                name=name,
                body=body,
                sections=reader("markdown").read(body),
                language=language,
                now=NOON,
                by="test",
            )
            return document.id

    def index(self, document_id: UUID) -> int | None:
        done = indexing.index(document_id, indexing.Indexing(self.sessions, self.embedder))
        return None if done is None else done.made

    def have(self, body: bytes, **more: str) -> UUID:
        document_id = self.add(body, **more)
        self.index(document_id)
        return document_id

    def find(self, question: str, *collections: str, how: How = How.HYBRID, language: str = "en-US") -> list[Found]:
        return Retriever(self.sessions, self.embedder).find(
            self.organization_id, collections or ("solar",), question, language=language, limit=5, vector_s=1, how=how
        )

    def remove(self, document_id: UUID) -> None:
        with db.transaction(self.sessions) as tx:
            storing.remove(tx.session, self.organization_id, document_id, by="test")

    def due(self) -> list[UUID]:
        return indexing.due(self.sessions, self.embedder.model)


@pytest.fixture
def shelf(sessions: Sessions, factory: Factory) -> Shelf:
    return Shelf(sessions, factory.organization.id)


def test_a_passage_is_found_with_its_place_and_heading(shelf: Shelf) -> None:
    shelf.have(documents.MARKDOWN)

    best = shelf.find("How long is the warranty on the panels?")[0]

    assert (best.document, best.place, best.title) == ("prices.md", "line 14", "Warranty")
    assert best.similarity is not None
    assert best.similarity > 0.3


@pytest.mark.parametrize("how", list(How))
def test_each_way_of_searching_finds_it(shelf: Shelf, how: How) -> None:
    shelf.have(documents.MARKDOWN)

    assert (
        shelf.find("how often are panels cleaned a year, and what does it cost", how=how)[0].title
        == "Prices > Maintenance"
    )


def test_words_are_found_by_their_stems_in_their_language(shelf: Shelf) -> None:
    shelf.have("# दावा\nदावे का पैसा सात दिनों में आता है।".encode(), language="hi")

    found = shelf.find("दावों का पैसा कब", how=How.WORDS, language="hi")

    assert [one.document for one in found] == ["prices.md"]


def test_small_talk_finds_nothing(shelf: Shelf) -> None:
    shelf.have(documents.MARKDOWN)

    assert shelf.find("good morning to you too") == []


def test_odd_characters_in_a_question_are_no_syntax(shelf: Shelf) -> None:
    shelf.have(documents.MARKDOWN)

    for odd in ("'; --", "& | ! <-> (", "\\ ' \\", "100%", "it's :*"):
        assert shelf.find(f"{odd} warranty", how=How.WORDS), odd


def test_whoever_adds_or_removes_a_document_is_on_record(shelf: Shelf, sessions: Sessions) -> None:
    document_id = shelf.add(documents.MARKDOWN)
    shelf.add(documents.MARKDOWN)
    shelf.remove(document_id)

    with sessions() as session:
        theirs = select(AuditEvent).where(AuditEvent.organization_id == shelf.organization_id)
        trail = session.scalars(theirs.order_by(AuditEvent.id)).all()
    assert [(event.what, event.by) for event in trail] == [("knowledge.add", "test"), ("knowledge.remove", "test")]
    assert {event.detail["document"] for event in trail} == {str(document_id)}


def test_only_the_named_collections_are_searched(shelf: Shelf) -> None:
    shelf.have(documents.MARKDOWN, collection="lamps")

    assert shelf.find("How long is the warranty on the panels?") == []
    assert shelf.find("How long is the warranty on the panels?", "solar", "lamps")


def test_a_tenant_finds_nothing_of_another_s_whatever_the_words(shelf: Shelf, sessions: Sessions) -> None:
    theirs = Shelf(sessions, other_organization(sessions))
    theirs.have(documents.MARKDOWN)

    for how in How:
        assert shelf.find("How long is the warranty on the panels?", how=how) == []


def test_a_tenant_s_vectors_are_its_own(shelf: Shelf, sessions: Sessions) -> None:
    theirs = Shelf(sessions, other_organization(sessions), shelf.embedder)
    theirs.have(documents.MARKDOWN)

    assert shelf.index(shelf.add(documents.MARKDOWN)) == 3


def test_chunks_cannot_belong_to_another_tenant_s_document(shelf: Shelf, sessions: Sessions) -> None:
    document_id = shelf.have(documents.MARKDOWN)

    with pytest.raises(Exception, match="fk_knowledge_chunks_organization_id_document_id"), sessions.begin() as session:
        session.execute(
            text("UPDATE knowledge_chunks SET organization_id = :other WHERE document_id = :id"),
            {"other": other_organization(sessions), "id": document_id},
        )


def test_texts_are_embedded_in_batches_and_never_twice(shelf: Shelf) -> None:
    shelf.have(documents.MARKDOWN)
    assert [len(batch) for batch in shelf.embedder.asked] == [2, 1]

    again = shelf.add(documents.MARKDOWN, name="copy.md")
    assert shelf.index(again) == 0

    changed = documents.MARKDOWN.replace(b"150 dollars", b"170 dollars")
    assert shelf.index(shelf.add(changed)) == 1


def test_what_was_embedded_before_a_failure_is_not_paid_for_again(shelf: Shelf, sessions: Sessions) -> None:
    document_id = shelf.add(documents.MARKDOWN)
    shelf.embedder.fails_at = 1
    with pytest.raises(VendorBusy):
        shelf.index(document_id)
    with sessions.begin() as session:
        row = session.get_one(KnowledgeDocument, document_id)
        assert (row.state, row.error) == (DocumentState.WAITING, "fake: down")
        row.next_wall = NOON.replace(year=2000)

    shelf.embedder.fails_at = None
    assert shelf.index(document_id) == 1
    assert shelf.embedder.texts == 3


def test_a_failure_is_tried_again_later_and_not_at_once(shelf: Shelf) -> None:
    document_id = shelf.add(documents.MARKDOWN)
    shelf.embedder.fails_at = 0
    assert shelf.due() == [document_id]
    with pytest.raises(VendorBusy):
        shelf.index(document_id)

    assert shelf.due() == []
    assert shelf.index(document_id) is None


def test_a_message_that_comes_twice_indexes_once(shelf: Shelf) -> None:
    document_id = shelf.add(documents.MARKDOWN)

    assert shelf.index(document_id) == 3
    assert shelf.index(document_id) is None
    assert shelf.index(uuid4()) is None


def test_what_a_dead_worker_held_is_due_again(shelf: Shelf, sessions: Sessions) -> None:
    document_id = shelf.add(documents.MARKDOWN)
    on = indexing.Indexing(sessions, shelf.embedder)
    assert indexing._hold(document_id, on) is not None
    assert shelf.due() == []

    with sessions.begin() as session:
        session.execute(text("UPDATE knowledge_documents SET next_wall = next_wall - interval '91 s'"))

    assert shelf.due() == [document_id]
    assert shelf.index(document_id) == 3


def test_another_model_has_every_document_indexed_again(shelf: Shelf) -> None:
    document_id = shelf.have(documents.MARKDOWN)
    shelf.embedder = FakeEmbedder(model="other/512")

    assert shelf.due() == [document_id]
    assert shelf.index(document_id) == 3
    assert shelf.find("How long is the warranty on the panels?", how=How.VECTOR)[0].title == "Warranty"


def test_the_old_edition_is_found_until_the_new_one_is_ready(shelf: Shelf) -> None:
    shelf.have(b"# Fee\nThe delivery fee is four euros.")
    new = shelf.add(b"# Fee\nThe delivery fee is five euros.")
    assert [one.text for one in shelf.find("what is the delivery fee")] == ["The delivery fee is four euros."]

    shelf.index(new)

    assert [one.text for one in shelf.find("what is the delivery fee")] == ["The delivery fee is five euros."]


def test_the_same_file_again_is_the_same_document(shelf: Shelf, sessions: Sessions) -> None:
    first = shelf.have(documents.MARKDOWN)

    assert shelf.add(documents.MARKDOWN) == first


def test_a_removed_document_is_forgotten_with_its_vectors(shelf: Shelf, sessions: Sessions) -> None:
    kept = shelf.have(b"# Fee\nThe delivery fee is four euros.", name="fee.md")
    removed = shelf.have(documents.MARKDOWN)

    shelf.remove(removed)

    assert shelf.find("How long is the warranty on the panels?") == []
    with sessions() as session:
        assert session.scalars(select(KnowledgeDocument.id)).all() == [kept]
        assert len(session.scalars(select(KnowledgeChunk.id)).all()) == 1
        assert len(session.scalars(select(KnowledgeVector.sha256)).all()) == 1


def test_words_alone_are_searched_when_no_vector_can_be_had(shelf: Shelf) -> None:
    shelf.have(documents.MARKDOWN)
    shelf.embedder = FakeEmbedder(fails_at=0)

    assert shelf.find("How long is the warranty on the panels?")[0].title == "Warranty"


def test_a_question_asked_again_is_not_embedded_again(shelf: Shelf) -> None:
    retriever = Retriever(shelf.sessions, shelf.embedder)
    for question in ("What is the fee?", "what  is the fee?"):
        retriever.find(shelf.organization_id, ("solar",), question, language="en", limit=3, vector_s=1)

    assert shelf.embedder.texts == 1


# In a call


@dataclass
class Talk:
    call: Call
    shelf: Shelf

    def tell(self, fact: KnowledgeWanted | ToolWanted | TurnFinished) -> Reply:
        outside = Outside(knowledge=Retriever(self.shelf.sessions, self.shelf.embedder))
        effects = facts.Effects(opt_out=lambda *_: None, cancel=lambda _: None, outside=outside)  # type: ignore[arg-type,return-value]
        came = facts.apply(fact, facts.Seat(self.call.id, 1, "calls-1"), self.shelf.sessions, effects)
        return came.finish() if isinstance(came, Pending | Lookup) else came


@pytest.fixture
def talk(shelf: Shelf, factory: Factory) -> Iterator[Callable[..., Talk]]:
    def begin(**agent: object) -> Talk:
        values = {"knowledge": ("solar",), "tools": ("end_call", "do_not_call", "look_up_knowledge")} | agent
        with shelf.sessions.begin() as session:
            version = session.get_one(AgentVersion, factory.agent_version.id)
            version.definition = definition(**values).model_dump(mode="json")
        call = factory.call(state=CallState.TALKING, carrier_id=f"CA{uuid4().hex}", seat="wanted", seat_epoch=1)
        with shelf.sessions.begin() as session:
            assert seats.take(session, call.id, 1, worker="calls-1", url="ws://x")
        return Talk(call, shelf)

    return begin  # type: ignore[return-value]


def test_a_call_is_told_what_its_agent_s_documents_say(talk: Callable[..., Talk], shelf: Shelf) -> None:
    shelf.have(documents.MARKDOWN)

    reply = talk().tell(KnowledgeWanted("how long is the warranty on the panels"))

    assert (reply.passages[0].document, reply.passages[0].place) == ("prices.md", "line 14")


def test_a_call_is_told_nothing_of_collections_that_its_agent_does_not_name(
    talk: Callable[..., Talk], shelf: Shelf
) -> None:
    shelf.have(documents.MARKDOWN, collection="secret")

    assert talk().tell(KnowledgeWanted("how long is the warranty on the panels")).passages == ()


def test_the_tool_leaves_a_row_with_what_it_found(talk: Callable[..., Talk], shelf: Shelf) -> None:
    shelf.have(documents.MARKDOWN)

    reply = talk().tell(ToolWanted("1.1", "look_up_knowledge", {"question": "warranty of the panels"}))

    assert reply.passages[0].title == "Warranty"
    with shelf.sessions() as session:
        row = session.scalars(select(ToolUse)).one()
        assert (row.ok, row.name) == (True, "look_up_knowledge")
        assert "25 years" in row.result


def test_the_sources_are_stored_with_the_turn(talk: Callable[..., Talk], shelf: Shelf) -> None:
    source = Passage(7, str(uuid4()), "prices.md", "line 14", "Warranty", "The panels have", 0.03)

    talk().tell(TurnFinished(2, Speaker.AGENT, "Twenty-five years.", 1.0, 2.0, sources=(source,)))

    with shelf.sessions() as session:
        (stored,) = session.scalars(select(Turn)).one().sources
        assert (stored["document"], stored["chunk_id"], stored["score"]) == ("prices.md", 7, 0.03)
