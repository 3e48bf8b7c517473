"""The outcome of a call: decided once, and whole."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError

from dialer.calls.models import Call, ToolUse, Turn
from dialer.calls.states import CallState
from dialer.campaigns.retrying import policy
from dialer.crm.models import OutboxKind, OutboxRow
from dialer.db import transaction
from dialer.errors import TransientError, VendorBusy, VendorRefused
from dialer.followups.models import FollowUp, FollowUpKind
from dialer.leads.models import Lead, LeadState, Suppression
from dialer.outcomes import finishing
from dialer.outcomes.models import Disposition, Outcome
from tests.db.engine import CampaignEngine
from tests.factories import NOON, Factory


class Ended:
    """Makes calls that are over in one way or another, and finishes them."""

    def __init__(self, room: CampaignEngine, factory: Factory) -> None:
        self.room, self.factory = room, factory
        self.campaign = factory.campaign(retries=policy(None))

    def __call__(self, status: str = "completed", *said: str, attempts: int = 1, **changes: object) -> UUID:
        lead = self.factory.lead(self.campaign, state=LeadState.IN_FLIGHT, attempts=attempts)
        answered = status == "completed"
        values = {
            "state": CallState.ENDED,
            "attempt": attempts,
            "carrier_status": status,
            "answered_at": NOON if answered else None,
            "ended_at": NOON,
            "closed_wall": NOON,
            "seat": "taken" if said else "none",
            "seat_worker": "calls-1" if said else None,
            "handed_in_wall": NOON if said else None,
        }
        call = self.factory.call(lead, **(values | changes))
        with self.room.sessions.begin() as session:
            for number, text in enumerate(said):
                speaker = "person" if number % 2 else "agent"
                session.add(
                    Turn(
                        call_id=call.id, epoch=1, number=number, speaker=speaker, kind="talk", text=text,
                        started_s=0, ended_s=1, at=NOON,
                    )
                )  # fmt: skip
        return call.id

    def finish(self, call_id: UUID) -> Outcome:
        assert finishing.finish(call_id, self.room.finishing)
        with self.room.sessions() as session:
            return session.get_one(Outcome, call_id)

    def lead(self, call_id: UUID) -> Lead:
        return self.room.lead(self.room.call(call_id).lead_id or 0)


def suppressed(ended: Ended) -> list[str | None]:
    with ended.room.sessions() as session:
        return list(session.scalars(select(Suppression.phone)))


@pytest.fixture
def ended(engine_room: CampaignEngine, factory: Factory) -> Ended:
    return Ended(engine_room, factory)


@pytest.mark.parametrize(
    ("status", "disposition"),
    [("busy", Disposition.BUSY), ("no-answer", Disposition.NO_ANSWER), ("failed", Disposition.FAILED)],
)
def test_unanswered_calls_are_retried_by_policy(ended: Ended, status: str, disposition: Disposition) -> None:
    call_id = ended(status)

    assert ended.finish(call_id).disposition is disposition
    lead = ended.lead(call_id)
    assert (lead.state, lead.disposition) == (LeadState.WAITING, disposition)
    assert lead.due_at is not None
    assert lead.due_at > NOON


def test_the_last_attempt_ends_the_lead(ended: Ended) -> None:
    call_id = ended("no-answer", attempts=3)
    ended.finish(call_id)

    assert ended.lead(call_id).state is LeadState.DONE


def test_a_number_that_does_not_exist_is_not_called_again(ended: Ended) -> None:
    call_id = ended("failed", carrier_code="404")

    assert ended.finish(call_id).disposition is Disposition.INVALID_NUMBER
    assert ended.lead(call_id).state is LeadState.DONE


def test_interest_makes_a_follow_up_and_its_rows_together(ended: Ended) -> None:
    ended.room.extractor.answer = {"fields": {"budget": 100}}
    call_id = ended("completed", "Hello?", "Yes, tell me more.")

    outcome = ended.finish(call_id)

    assert (outcome.disposition, outcome.fields) == (Disposition.INTERESTED, {"budget": 100})
    with ended.room.sessions() as session:
        (task,) = session.scalars(select(FollowUp)).all()
        rows = session.scalars(select(OutboxRow).where(OutboxRow.call_id == call_id)).all()
    assert (task.kind, task.due_at > NOON) == (FollowUpKind.CALL_INTERESTED, True)
    kinds = [OutboxKind.CONTACT, OutboxKind.ACTIVITY, OutboxKind.TASK]
    assert [(row.destination, row.kind) for row in rows] == [
        (destination, kind) for destination in ("hubspot", "salesforce") for kind in kinds
    ]
    keys = [f"contact-{call_id}", f"call-{call_id}", f"task-{task.id}"]
    assert [row.key for row in rows] == [*keys, *keys], "what comes from the attempt is the same after a restore"
    firsts = [str(row.id) for row in rows if row.kind is OutboxKind.CONTACT]
    assert ended.room.messages.ids("outbox.deliver") == firsts, "whoever sends it goes on with those that wait for it"


def test_an_outcome_is_written_once(ended: Ended) -> None:
    call_id = ended("busy")
    ended.finish(call_id)

    assert finishing.finish(call_id, ended.room.finishing) is False
    with ended.room.sessions() as session:
        assert session.scalar(select(func.count()).select_from(OutboxRow)) == 4


def test_an_agreed_callback_waits_for_its_time(ended: Ended) -> None:
    call_id = ended("completed", "Hello?", "Call me on Thursday at ten.")
    with ended.room.sessions.begin() as session:
        session.add(
            ToolUse(
                call_id=call_id, key="t", name="schedule_callback", arguments={"when": "2026-11-26T10:00"}, ok=True,
                result="", at=NOON,
            )
        )  # fmt: skip

    assert ended.finish(call_id).disposition is Disposition.CALLBACK
    lead = ended.lead(call_id)
    assert (lead.state, lead.reason) == (LeadState.WAITING, "callback agreed")
    assert lead.due_at is not None
    assert lead.due_at.isoformat() == "2026-11-26T15:00:00+00:00"
    with ended.room.sessions() as session:
        assert session.scalars(select(FollowUp.due_at)).one() == lead.due_at


def test_a_character_that_the_database_refuses_is_left_out(ended: Ended) -> None:
    ended.room.extractor.answer = {"summary": "They\x00 agreed.", "fields": {"a\x00": ["b\x00"]}}

    outcome = ended.finish(ended("completed", "Hello?", "Yes."))

    assert (outcome.summary, outcome.fields) == ("They agreed.", {"a": ["b"]})


def test_facts_outrank_the_reader(ended: Ended) -> None:
    call_id = ended("completed", "Hello?", "Take me off your list.", opted_out_at=NOON)

    assert ended.finish(call_id).disposition is Disposition.DO_NOT_CALL


def test_a_wish_that_only_the_reader_found_is_honoured(ended: Ended) -> None:
    ended.room.extractor.answer = {"disposition": "do_not_call"}
    call_id = ended("completed", "Hello?", "I would rather that you people left me alone for good.")

    ended.finish(call_id)

    with ended.room.sessions() as session:
        assert session.scalars(select(Suppression.phone)).all() == [ended.room.call(call_id).to_number]


@pytest.mark.parametrize(
    ("said", "changes"),
    [
        ("Hm.", {"ending": "opt_out"}),
        ("Hm.", {"opted_out_at": NOON}),
        ("Please never call me again.", {}),
        ("Please never call me again.", {"ending": "failed", "seat_epoch": 2}),
        ("Bitte, मुझे दोबारा फोन मत करना", {"machine": "human"}),
    ],
)
def test_a_wish_whose_seat_could_not_commit_it_is_honoured(ended: Ended, said: str, changes: dict[str, object]) -> None:
    call_id = ended("completed", "Hello?", said, **changes)

    assert ended.finish(call_id).disposition is Disposition.DO_NOT_CALL

    assert suppressed(ended) == [ended.room.call(call_id).to_number]


@pytest.mark.parametrize(("pressed", "wishes"), [("9", True), ("99", True), ("1939", False)])
def test_nine_that_was_stored_and_no_more_is_honoured(ended: Ended, pressed: str, *, wishes: bool) -> None:
    call_id = ended("completed", "Hello?", pressed)
    with ended.room.sessions.begin() as session:
        session.execute(update(Turn).where(Turn.speaker == "person").values(kind="digits"))

    ended.finish(call_id)

    assert suppressed(ended) == ([ended.room.call(call_id).to_number] if wishes else [])


def test_the_wish_of_who_called_us_is_about_their_number(ended: Ended) -> None:
    call_id = ended(
        "completed", "Hello?", "Please never call me again.",
        direction="inbound", purpose="inbound", from_number="+12125550142", to_number="+12125550100",
    )  # fmt: skip

    ended.finish(call_id)

    assert suppressed(ended) == ["+12125550142"]


@pytest.mark.parametrize("machine", ["voicemail", "ivr", "fax", "screening"])
def test_what_a_machine_says_is_no_wish(ended: Ended, machine: str) -> None:
    call_id = ended("completed", "Hello?", "Sales people, do not call this number again.", machine=machine)

    ended.finish(call_id)

    assert suppressed(ended) == []


def test_an_ordinary_talk_opts_nobody_out(ended: Ended) -> None:
    ended.finish(ended("completed", "You will not be called again if you press 9.", "Don't call me before five."))

    assert suppressed(ended) == []


def unread(ended: Ended, *said: str) -> UUID:
    """A call that has just ended, and whose reader has no time."""
    ended.room.extractor.error = VendorBusy("openai", "429")
    call_id = ended("completed", *said)
    with ended.room.sessions.begin() as session:
        session.execute(update(Call).values(closed_wall=func.clock_timestamp()))
    with pytest.raises(VendorBusy):
        finishing.finish(call_id, ended.room.finishing)
    return call_id


def test_a_wish_does_not_wait_for_a_reader_that_is_unwell(ended: Ended) -> None:
    call_id = unread(ended, "Hello?", "Please never call me again.")

    assert suppressed(ended) == [ended.room.call(call_id).to_number]


def test_without_its_opt_out_no_outcome_is_written(ended: Ended) -> None:
    def fails(*_: object) -> None:
        raise TransientError("the database is away")

    call_id = ended("completed", "Hello?", "Hm.", ending="opt_out")

    with pytest.raises(TransientError):
        finishing.finish(call_id, replace(ended.room.finishing, opt_out=fails))
    assert ended.room.call(call_id).outcome_at is None

    ended.finish(call_id)
    assert suppressed(ended) == [ended.room.call(call_id).to_number]


def test_an_opt_out_that_stands_is_not_made_again(ended: Ended) -> None:
    call_id = ended("completed", "Hello?", "Hm.", ending="opt_out", opted_out_at=NOON)
    call = ended.room.call(call_id)
    ended.room.opt_out(call.organization_id, call.to_number, "digit 9", call_id, "test")

    asked: list[object] = []
    finishing.finish(call_id, replace(ended.room.finishing, opt_out=lambda *args: asked.append(args)))

    assert asked == []


@pytest.mark.parametrize(
    ("changes", "disposition"),
    [
        ({"seat": "given_up"}, Disposition.ABANDONED),
        ({"machine": "voicemail", "ending": "voicemail"}, Disposition.VOICEMAIL),
        ({"ending": "silence"}, Disposition.SILENCE),
        ({"ending": "failed"}, Disposition.FAILED),
        ({"ending": "person"}, Disposition.HUNG_UP),
        ({"ending": "transfer"}, Disposition.TRANSFERRED),
    ],
)
def test_what_facts_alone_decide(ended: Ended, changes: dict[str, object], disposition: Disposition) -> None:
    assert ended.finish(ended("completed", **changes)).disposition is disposition
    assert ended.room.extractor.transcripts == []


def test_a_reader_that_is_unwell_is_waited_for(ended: Ended) -> None:
    call_id = unread(ended, "Hello?", "Yes.")

    assert ended.room.call(call_id).outcome_at is None


@pytest.mark.parametrize("error", [VendorRefused("openai", "401", "key"), VendorBusy("openai", "down")])
def test_in_the_end_the_outcome_is_written_without_a_reader(ended: Ended, error: Exception) -> None:
    ended.room.extractor.error = error
    call_id = ended("completed", "Hello?", "Yes.", closed_wall=NOON - timedelta(days=365))

    assert ended.finish(call_id).disposition is Disposition.HUNG_UP


def test_facts_that_are_not_handed_in_are_waited_for(ended: Ended) -> None:
    call_id = ended("completed", "Hello?", "Yes.", handed_in_wall=None)
    with ended.room.sessions.begin() as session:
        session.execute(update(Call).values(closed_wall=func.clock_timestamp()))

    assert finishing.finish(call_id, ended.room.finishing) is False


def test_the_database_refuses_an_outcome_that_stands_alone(ended: Ended) -> None:
    call_id = ended("busy")
    call = ended.room.call(call_id)

    def alone() -> None:
        with ended.room.sessions.begin() as session:
            session.execute(update(Call).where(Call.id == call_id).values(outcome_at=NOON))
            session.add(
                Outcome(
                    call_id=call_id, organization_id=call.organization_id, lead_id=call.lead_id,
                    disposition=Disposition.BUSY, next_step="", deliveries=0, at=NOON,
                )
            )  # fmt: skip

    with pytest.raises(DBAPIError, match="without the next step"):
        alone()


def test_an_opt_out_during_the_call_leaves_no_retry(ended: Ended) -> None:
    call_id = ended("no-answer")
    call = ended.room.call(call_id)
    ended.room.opt_out(call.organization_id, call.to_number, "by post", None, "test")

    ended.finish(call_id)

    assert (ended.lead(call_id).state, ended.lead(call_id).reason) == (LeadState.BLOCKED, "opted out")


def test_an_opt_out_waits_for_an_outcome_that_is_being_written(ended: Ended) -> None:
    call_id = ended("no-answer")
    call = ended.room.call(call_id)
    args = (call.organization_id, call.to_number, "by post", None, "test")
    opting_out = threading.Thread(target=ended.room.opt_out, args=args)

    with transaction(ended.room.sessions) as tx:
        assert finishing.write(tx, call_id, finishing.Result(Disposition.NO_ANSWER), ended.room.finishing)
        opting_out.start()
        opting_out.join(0.5)
    opting_out.join()

    assert ended.lead(call_id).state is LeadState.BLOCKED


def test_a_lead_that_was_moved_meanwhile_stays_where_it_is(ended: Ended) -> None:
    call_id = ended("no-answer")
    with ended.room.sessions.begin() as session:
        session.execute(update(Lead).values(state=LeadState.BLOCKED, reason="an operator's wish"))

    ended.finish(call_id)

    assert (ended.lead(call_id).state, ended.lead(call_id).reason) == (LeadState.BLOCKED, "an operator's wish")
