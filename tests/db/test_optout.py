import threading

import pytest
from sqlalchemy import select, text

from dialer.calls.models import Call, CallMove
from dialer.calls.states import CallState
from dialer.db import lock_phone
from dialer.leads import consent, optout, suppression
from dialer.leads.models import Lead, LeadMove, LeadState
from tests.factories import other_organization


@pytest.fixture
def opt_out(sessions, factory):
    """Opt numbers out without sleeping; `waited` says for how long it would have slept."""

    def opt_out(*phones, **options):
        waited = []
        organization_id = options.pop("organization_id", factory.organization.id)
        done = optout.opt_out(
            sessions,
            organization_id,
            phones,
            **({"how": "words", "source": "spoken", "by": "test", "secret": "k", "wait": waited.append} | options),
        )
        return done, waited

    return opt_out


def read(sessions, model, key):
    with sessions() as session:
        return session.get(model, key)


@pytest.mark.parametrize("state", [LeadState.DUE, LeadState.WAITING])
def test_leads_that_wait_are_blocked_in_every_campaign(sessions, make_campaign, make_lead, opt_out, state) -> None:
    phone = "+12125550123"
    leads = [make_lead(make_campaign(), phone=phone, state=state) for _ in range(2)]

    done, _ = opt_out(phone)

    assert done.blocked == 2
    for lead in leads:
        after = read(sessions, Lead, lead.id)
        assert (after.state, after.reason, after.due_at) == (LeadState.BLOCKED, "opted out", None)
        with sessions() as session:
            moves = session.scalars(select(LeadMove).where(LeadMove.lead_id == lead.id)).all()
        assert [(move.state, move.by, move.why) for move in moves] == [(LeadState.BLOCKED, "test", "opted out")]


def test_number_is_suppressed_and_its_consent_revoked(sessions, factory, make_campaign, make_lead, opt_out) -> None:
    lead = make_lead(make_campaign())
    done, _ = opt_out(lead.phone)
    assert done.suppressed == 1
    with sessions() as session:
        assert suppression.is_suppressed(session, factory.organization.id, lead.phone, "k")
        assert not consent.covers(session, factory.organization.id, lead.phone, "informational")


def test_claimed_call_is_withdrawn_and_its_lead_not_left_in_flight(sessions, make_call, opt_out) -> None:
    call = make_call()

    done, waited = opt_out(call.to_number)

    assert (done.withdrawn, done.blocked, done.cancel, waited) == (1, 1, (), [])
    assert read(sessions, Call, call.id).state is CallState.WITHDRAWN
    assert read(sessions, Lead, call.lead_id).state is LeadState.BLOCKED
    with sessions() as session:
        assert session.scalars(select(CallMove.why).where(CallMove.call_id == call.id)).all() == ["opted out"]


def test_dialing_call_is_waited_for_and_given_back_to_cancel(sessions, make_call, opt_out) -> None:
    call = make_call(state=CallState.DIALING)

    done, waited = opt_out(call.to_number)

    assert (done.cancel, waited) == ((call.id,), [0.75])
    assert read(sessions, Call, call.id).state is CallState.DIALING


def test_lock_is_held_while_it_waits_for_a_dialing_call(sessions, factory, make_call, opt_out) -> None:
    call = make_call(state=CallState.DIALING)
    free = []

    def look(_seconds: float) -> None:
        key = f"phone:{factory.organization.id}:{call.to_number}"
        with sessions() as session:
            free.append(session.scalar(text("SELECT pg_try_advisory_lock(hashtextextended(:k, 0))"), {"k": key}))

    opt_out(call.to_number, wait=look)
    assert free == [False]


@pytest.mark.parametrize("state", [CallState.UNKNOWN, CallState.PLACED, CallState.RINGING])
def test_call_that_may_ring_is_given_back_to_cancel(make_call, opt_out, state) -> None:
    call = make_call(state=state)
    done, waited = opt_out(call.to_number)
    assert (done.cancel, waited) == ((call.id,), [])


def test_call_in_which_they_said_so_goes_on(sessions, make_call, opt_out) -> None:
    call = make_call(state=CallState.TALKING)
    done, _ = opt_out(call.to_number, call_id=call.id)
    assert (done.cancel, done.withdrawn) == ((), 0)
    assert read(sessions, Lead, call.lead_id).state is LeadState.IN_FLIGHT


def test_opting_out_twice_does_no_harm(sessions, make_campaign, make_lead, opt_out) -> None:
    lead = make_lead(make_campaign())
    opt_out(lead.phone)
    again, _ = opt_out(lead.phone)
    assert again == optout.OptOut(suppressed=0, blocked=0, withdrawn=0, cancel=())


def test_other_organizations_and_numbers_are_left_alone(sessions, make_campaign, make_lead, opt_out) -> None:
    lead, neighbour = make_lead(make_campaign()), make_lead(make_campaign())
    opt_out(lead.phone, organization_id=other_organization(sessions))
    assert read(sessions, Lead, lead.id).state is LeadState.DUE
    opt_out(lead.phone)
    assert read(sessions, Lead, neighbour.id).state is LeadState.DUE


def test_many_numbers_commit_in_parts_of_200(sessions, factory, opt_out) -> None:
    done, _ = opt_out(*(f"+1212555{number:04}" for number in range(450)))
    assert done.suppressed == 450
    with sessions() as session:
        assert session.scalar(text("SELECT count(DISTINCT at) FROM suppressions")) == 3


def test_dial_that_holds_the_lock_first_is_seen_as_dialing(sessions, factory, make_call, opt_out) -> None:
    """What an opt-out reads after waiting for the lock includes what the dial committed meanwhile."""
    call = make_call()
    started, done = threading.Event(), []

    def later() -> None:
        started.set()
        done.append(opt_out(call.to_number))

    with sessions.begin() as session:
        lock_phone(session, call.to_number, factory.organization.id)
        thread = threading.Thread(target=later)
        thread.start()
        started.wait(5)
        session.execute(text("SELECT pg_sleep(0.2)"))
        row = session.get_one(Call, call.id)
        row.state, row.dialing_at = CallState.DIALING, row.claimed_at
    thread.join(10)

    ((outcome, waited),) = done
    assert (outcome.withdrawn, outcome.cancel, waited) == (0, (call.id,), [0.75])
