"""A wish not to be called that was said in a call: no lost seat and no database that is away makes it forgotten."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from dialer.calls import conversing, facts, reporting
from dialer.calls.reporting import Report
from dialer.conversation.facts import (
    Ending,
    EndReason,
    Fact,
    HandedIn,
    OptedOut,
    Reply,
    ToolWanted,
)
from dialer.leads.models import Suppression
from dialer.leads.optout import OptOut
from dialer.outcomes import finishing
from dialer.outcomes.models import Disposition, Outcome
from dialer.telephony.base import CarrierStatus
from tests.db.ringing import Line
from tests.factories import NOON


def suppressed(line: Line) -> list[str | None]:
    with line.room.sessions() as session:
        return list(session.scalars(select(Suppression.phone)))


@pytest.mark.parametrize("fact", [OptedOut("words", "stop"), ToolWanted("k", "do_not_call", {})])
def test_an_opt_out_counts_though_its_seat_has_lost_the_call(seated: Line, fact: object) -> None:
    seated.stream_ended()
    seated.take(2, "calls-2")

    reply = seated.tell(fact)

    assert reply.lost
    assert suppressed(seated) == [seated.row.to_number]
    assert seated.row.opted_out_at is not None


def test_an_opt_out_that_could_not_be_committed_comes_with_the_outcome(seated: Line) -> None:
    def fails(*_: object) -> None:
        raise ValueError("nobody foresaw this")

    effects = facts.Effects(opt_out=fails, cancel=fails)  # type: ignore[arg-type]
    on = conversing.Seats(seated.room.sessions, None, seated.room.messages, "calls-1", "", effects)  # type: ignore[arg-type]
    for fact in (OptedOut("words", "stop"), Ending(EndReason.OPT_OUT), HandedIn(EndReason.OPT_OUT, "", 2.0)):
        conversing._apply(fact, facts.Seat(seated.call_id, 1, "calls-1"), on)
    over = Report(str(seated.row.carrier_id), CarrierStatus.COMPLETED, duration_s=20)
    with seated.room.sessions.begin() as session:
        reporting.report(session, seated.call_id, over, now=NOON, by="test")
    assert suppressed(seated) == []

    assert finishing.finish(seated.call_id, seated.room.finishing)

    assert suppressed(seated) == [seated.row.to_number]
    with seated.room.sessions() as session:
        assert session.get_one(Outcome, seated.call_id).disposition is Disposition.DO_NOT_CALL


@dataclass
class Said:
    """A fact on its way, and what came of it."""

    fact: Fact
    replies: list[Reply] = field(default_factory=list)

    def answer(self, reply: Reply) -> None:
        self.replies.append(reply)


class Inline(Executor):
    """Does at once what should be done meanwhile."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


@pytest.mark.parametrize("wish", [OptedOut("words", "stop"), ToolWanted("k", "do_not_call", {})])
def test_an_opt_out_outlasts_a_database_that_is_away(seated: Line, monkeypatch: pytest.MonkeyPatch, wish: Fact) -> None:
    """The conversation is told after a while that it is not committed, and may end; trying goes on."""
    monkeypatch.setattr(conversing, "PATIENCE_S", -1.0)
    tries: list[str] = []

    def comes_back(*args: Any) -> OptOut:
        tries.append("")
        if len(tries) < 3:
            raise OperationalError("", None, Exception("the database is away"))
        return seated.room.opt_out(*args)

    class Hand:
        def take(self, timeout_s: float) -> Said:
            return line_of_facts.pop(0)

    asked = Said(wish)
    line_of_facts = [asked, Said(HandedIn(EndReason.OPT_OUT, "", 2.0))]
    effects = facts.Effects(opt_out=comes_back, cancel=seated.cancelled.extend)
    on = conversing.Seats(
        seated.room.sessions,
        None,  # type: ignore[arg-type]
        seated.room.messages,
        "calls-1",
        "",
        effects,
        wait=lambda _: None,
        tools=Inline(),
    )

    conversing._serve(Hand(), facts.Seat(seated.call_id, 1, "calls-1"), on)  # type: ignore[arg-type]

    assert asked.replies == [Reply(ok=False)]
    assert suppressed(seated) == [seated.row.to_number]
