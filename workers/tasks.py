"""The tasks: each parses ids and calls one function. A message is a hint; the row is the truth."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from dialer import clock, log
from dialer.calls import dialing, restoring, sweeping
from dialer.campaigns import claiming, lifecycle
from dialer.crm import delivery
from dialer.db import transaction
from dialer.errors import TransientError, UnknownEffect
from dialer.followups import sending
from dialer.knowledge import indexing
from dialer.outcomes import finishing
from dialer.training import training
from workers.app import app, on

P = ParamSpec("P")
logger = log.get(__name__)


def _task(name: str) -> Callable[[Callable[P, object]], Callable[P, None]]:
    """Register a task. What may pass by itself is logged in a line: the sweeper brings the work back."""

    def register(function: Callable[P, object]) -> Callable[P, None]:
        @wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> None:
            try:
                function(*args, **kwargs)
            except (TransientError, UnknownEffect, SQLAlchemyError) as error:
                logger.warning("task put off", task=name, error=str(error))

        app.task(run, name=name, shared=False)
        return run

    return register


@_task("campaigns.tick")
def tick() -> None:
    """Open and close campaigns, and claim what may be called now."""
    with transaction(on.sessions) as tx:
        lifecycle.open_and_close(tx.session, now=clock.now(tx.session))
    claiming.claim(
        on.sessions,
        publish=lambda call_id: on.messages.send("leads.place", str(call_id)),
        ratio=on.settings.call_ratio,
        reserve=on.settings.inbound_reserve,
        secret=on.secret,
    )


@_task("campaigns.sweep")
def sweep() -> None:
    """Wake what is due and nobody has moved."""
    woken = sweeping.sweep(on.sweeping)
    if any(woken.values()):
        logger.info("swept", **woken)


@_task("campaigns.wake_claimed")
def wake_claimed() -> None:
    """Wake claimed calls that nobody dials."""
    if woken := sweeping.wake_claimed(on.sweeping):
        logger.info("claimed calls woken", number=woken)


@_task("campaigns.watch_seats")
def watch_seats() -> None:
    """Bring calls of dead workers to other seats."""
    sweeping.watch_seats(on.sweeping)


@_task("campaigns.compare_with_carrier")
def compare_with_carrier() -> None:
    """Notice a restored database."""
    restoring.compare(on.sessions, on.carrier, grace_s=on.settings.settle_grace_s, restored=on.restored)


@_task("leads.place")
def place(call_id: str) -> None:
    """Dial one claimed call."""
    dialing.place(UUID(call_id), on.dialing)


@_task("leads.reconcile")
def reconcile(call_id: str) -> None:
    """Ask the carrier about one call."""
    sweeping.reconcile(UUID(call_id), on.settling)


@_task("leads.hang_up")
def hang_up(carrier_id: str) -> None:
    """End a call at the carrier that must not go on."""
    on.carrier.hang_up(carrier_id)


@_task("calls.converse")
def converse(call_id: str, epoch: str) -> None:
    """Hold one call. Only call workers are told, and only they need what a conversation brings with it."""
    from workers import seating

    seating.hold(UUID(call_id), int(epoch))


@_task("results.finish")
def finish(call_id: str) -> None:
    """Write the outcome of a call that is over."""
    finishing.finish(UUID(call_id), on.finishing)


@_task("results.train")
def train(model_id: str) -> None:
    """Train one queued model of understanding."""
    training.train(UUID(model_id), on.sessions)


@_task("outbox.deliver")
def deliver(row_id: str) -> None:
    """Send one outbox row, and those that waited for it."""
    row = delivery.take_one(int(row_id), on.sessions, (*on.crms, *on.sending.messengers))
    if row is None:
        return
    if row.destination in on.sending.messengers:
        sending.send(row, on.sending)
    else:
        delivery.deliver_from(row, sessions=on.sessions, crms=on.crms, recordings_url=on.recordings_url)


@_task("outbox.index_document")
def index_document(document_id: str) -> None:
    """Make one document findable."""
    indexing.attempt(UUID(document_id), on.indexing)


@_task("outbox.sweep_documents")
def sweep_documents() -> None:
    """Wake the documents that are due and nobody indexes."""
    for document_id in indexing.due(on.sessions, on.embedder.model):
        on.messages.send("outbox.index_document", str(document_id))


@_task("outbox.drain")
def drain() -> None:
    """Send what is due in the outbox."""
    delivery.deliver_due(on.sessions, on.crms, recordings_url=on.recordings_url)
    sending.send_due(on.sending)
