"""How well and how fast documents are searched: `python -m tests.knowledge [--chunks N] [--json]`.

A labelled set of questions is asked by each way of searching, alone and among N other passages, on a real PostgreSQL
with the vectors of the sandbox, which know words and their pieces but no synonyms. Then searches are timed.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from dialer import db, embedded, log, migrating
from dialer.accounts import queries as accounts
from dialer.db import Sessions
from dialer.knowledge import indexing, storing
from dialer.knowledge.queries import How
from dialer.knowledge.reading import reader
from dialer.knowledge.retrieving import Retriever
from dialer.llm.embedding_openai import OpenAIEmbedder
from tests.factories import NOON
from tests.knowledge import labelled
from tests.sandbox_vendors import KEY, vendors

ROUNDS = 4
WORDS_OF_A_PASSAGE = (40, 90)
PASSAGES_OF_A_DOCUMENT = 500


class Library:
    """One organization's documents in the database."""

    def __init__(self, sessions: Sessions, organization_id: UUID, base_url: str) -> None:
        self.sessions, self.organization_id = sessions, organization_id
        self.embedder = OpenAIEmbedder(base_url=base_url, api_key=KEY, model="text-embedding-3-small", dimensions=1024)

    def add(self, name: str, body: bytes, language: str = "en-US", collection: str = "all") -> tuple[int, int]:
        """Add a document; return its passages, and how many of them had to be embedded."""
        sections = reader("markdown").read(body)
        with db.transaction(self.sessions) as tx:
            document, _ = storing.add(
                tx.session,
                self.organization_id,
                collection=collection,
                name=name,
                body=body,
                sections=sections,
                language=language,
                now=NOON,
                by="bench",
            )
        done = indexing.index(document.id, indexing.Indexing(self.sessions, self.embedder))
        assert done is not None
        return len(done.vectors), done.made

    def retriever(self) -> Retriever:
        """Search with no question remembered."""
        return Retriever(self.sessions, self.embedder)

    def score(self, how: How) -> dict[str, float]:
        """Ask the labelled questions by one way."""
        retriever = self.retriever()
        found = labelled.score(
            lambda question: retriever.find(
                self.organization_id,
                ("all",),
                question.words,
                language=question.language,
                limit=labelled.AT,
                vector_s=60,
                how=how,
            )
        )
        return {name: round(value, 3) for name, value in asdict(found).items()}

    def timed(self, how: How, *, remembered: bool) -> dict[str, float]:
        """Search for every question several times; return milliseconds."""
        took_ms: list[float] = []
        retriever = self.retriever()
        if remembered:
            self._ask(retriever, how)
        for _ in range(ROUNDS):
            took_ms += self._ask(retriever if remembered else self.retriever(), how)
        cuts = statistics.quantiles(took_ms, n=20)
        return {"p50_ms": round(statistics.median(took_ms), 2), "p95_ms": round(cuts[18], 2), "n": len(took_ms)}

    def _ask(self, retriever: Retriever, how: How) -> list[float]:
        took_ms = []
        for question in labelled.questions():
            began_s = time.perf_counter()
            retriever.find(
                self.organization_id,
                ("all",),
                question.words,
                language=question.language,
                limit=4,
                vector_s=60,
                how=how,
            )
            took_ms.append((time.perf_counter() - began_s) * 1000)
        return took_ms


def others(passages: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield documents of passages that are made of the labelled ones' words, frequent words often."""
    dice = random.Random(seed)
    words = " ".join(body.decode() for body in labelled.documents().values()).replace("#", "").split()
    for start in range(0, passages, PASSAGES_OF_A_DOCUMENT):
        lines = []
        for number in range(start, min(start + PASSAGES_OF_A_DOCUMENT, passages)):
            picked = dice.choices(words, k=dice.randint(*WORDS_OF_A_PASSAGE))
            lines.append(f"## Note {number}\n{' '.join(picked)}.\n")
        yield f"notes-{start}.md", "\n".join(lines).encode()


def measure(passages: int) -> dict[str, object]:
    """Measure everything in a database of its own."""
    result: dict[str, object] = {"passages": passages, "questions": len(labelled.questions())}
    with (
        tempfile.TemporaryDirectory(prefix="dialer-knowledge-", ignore_cleanup_errors=True) as folder,
        embedded.Postgres(Path(folder), durable=False).running() as server,
        vendors(Path(folder)) as sandbox,
    ):
        migrating.upgrade(server.url)
        engine = db.engine(server.url)
        sessions = db.sessions(engine)
        with db.transaction(sessions) as tx:
            organization_id = accounts.organization(tx.session, "bench")
        library = Library(sessions, organization_id, f"{sandbox.http}/openai/v1")
        documents = labelled.documents()
        for name, body in documents.items():
            library.add(name, body, "hi" if name == "beema.md" else "en-US")
        result["alone"] = {how.value: library.score(how) for how in How}
        began_s = time.perf_counter()
        texts = made = 0
        for name, body in others(passages, seed=7):
            found, asked = library.add(name, body)
            texts, made = texts + found, made + asked
        took_s = time.perf_counter() - began_s
        result["indexing"] = {"passages": texts, "embedded": made, "passages_per_s": round(texts / took_s, 1)}
        again = [library.add(f"again-{name}", body, collection="again") for name, body in documents.items()]
        result["cache"] = {"passages": sum(one for one, _ in again), "embedded": sum(two for _, two in again)}
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
        result["among_others"] = {how.value: library.score(how) for how in How}
        result["search"] = {how.value: library.timed(how, remembered=True) for how in How}
        result["search_with_new_vector"] = library.timed(How.HYBRID, remembered=False)
        engine.dispose()
    return result


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=10_000, help="other passages, besides the labelled ones")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    log.configure("knowledge", level="WARNING", as_json=False)
    result = measure(given.chunks)
    if given.json:
        print(json.dumps(result))  # noqa: T201
        return
    for name, value in result.items():
        print(f"{name}: {json.dumps(value)}")  # noqa: T201


if __name__ == "__main__":
    main()
