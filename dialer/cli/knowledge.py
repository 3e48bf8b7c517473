"""`dialer knowledge add | list | search | remove`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from dialer.cli.context import DataDir, Organization, opened
from dialer.cli.output import AsJson, print_json, print_table, say
from dialer.errors import BadInput

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Documents that agents answer from.")

InCollection = Annotated[str, typer.Option("--collection", metavar="NAME", help="Where agents look for them.")]
Language = Annotated[str, typer.Option("--language", metavar="LOCALE", help="Of the text, as in en-US or hi.")]


@app.command()
def add(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="PDF, DOCX, TXT, MD, HTML or CSV.")],
    collection: InCollection,
    language: Language = "en-US",
    organization: Organization = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Read documents and make them findable. A file of a name that is there already takes that one's place."""
    from dialer import clock, db
    from dialer.errors import DialerError
    from dialer.knowledge import indexing, listing, storing
    from dialer.knowledge.reading import apart
    from dialer.wiring import Wiring

    read = []
    for file in files:
        if not file.is_file():
            raise BadInput(f"{file}: there is no such file.")
        body = file.read_bytes()
        read.append((file.name, body, apart.read(file.name, body)))
    shown: list[dict[str, Any]] = []
    with opened(data_dir, organization) as context:
        wiring = Wiring(context.settings, pool_size=2)
        for name, body, sections in read:
            with db.transaction(context.sessions) as tx:
                document, new = storing.add(
                    tx.session,
                    context.organization_id,
                    collection=collection,
                    name=name,
                    body=body,
                    sections=sections,
                    language=language,
                    now=clock.now(tx.session),
                    by=context.by,
                )
            made = 0
            try:
                if (embedded := indexing.index(document.id, wiring.indexing)) is not None:
                    made = embedded.made
            except DialerError as error:
                say(f"{name}: {error} It waits, and a worker will try again.")
            with context.sessions() as session:
                view = listing.one(session, context.organization_id, document.id)
            shown.append(
                {"id": view.id, "name": name, "state": view.state, "new": new, "chunks": view.chunks, "embedded": made}
            )
        wiring.engine.dispose()
    if as_json:
        print_json({"documents": shown})
    else:
        print_table(tuple(shown[0]), [tuple(row.values()) for row in shown], empty="")


@app.command("list")
def list_all(
    collection: Annotated[str | None, typer.Option(metavar="NAME", help="Of this collection only.")] = None,
    organization: Organization = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Every document, the latest first."""
    from dialer.knowledge import listing

    with opened(data_dir, organization) as context, context.sessions() as session:
        found = listing.page(session, context.organization_id, collection=collection, limit=10_000)
    columns = ("id", "collection", "name", "state", "chunks", "error")
    rows = [{column: getattr(view, column) for column in columns} for view in found]
    if as_json:
        print_json({"documents": rows})
    else:
        print_table(columns, [tuple(row.values()) for row in rows], empty="No documents yet: dialer knowledge add.")


@app.command()
def search(
    question: Annotated[str, typer.Argument(help="In anybody's words.")],
    collection: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="May be repeated. [default: all]")
    ] = None,
    language: Language = "en-US",
    limit: Annotated[int, typer.Option(min=1, max=50)] = 5,
    organization: Organization = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show the passages that an agent would be given for these words."""
    from dataclasses import asdict

    from dialer.knowledge import listing
    from dialer.wiring import Wiring

    with opened(data_dir, organization) as context:
        wiring = Wiring(context.settings, pool_size=2)
        with context.sessions() as session:
            wanted = collection or listing.collections(session, context.organization_id)
        found = wiring.retriever.find(
            context.organization_id, wanted, question, language=language, limit=limit, vector_s=5.0
        )
        wiring.engine.dispose()
    if as_json:
        print_json({"passages": [asdict(passage) for passage in found]})
        return
    rows = [(f.score, f.similarity, f"{f.document} {f.place}".strip(), f.title, f.text) for f in found]
    print_table(("score", "similarity", "where", "heading", "text"), rows, empty="The documents say nothing about it.")


@app.command()
def remove(
    document_id: Annotated[UUID, typer.Argument(metavar="ID", help="As `dialer knowledge list` shows it.")],
    organization: Organization = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Forget a document: its text, its passages and their vectors."""
    from dialer import db
    from dialer.knowledge import storing

    with opened(data_dir, organization) as context, db.transaction(context.sessions) as tx:
        name = storing.remove(tx.session, context.organization_id, document_id, by=context.by).name
    if as_json:
        print_json({"removed": str(document_id), "name": name})
    else:
        say(f"{name} is forgotten.")
