from datetime import timedelta

import pytest

from dialer.calls import gate, moving
from dialer.calls.states import CallState
from dialer.campaigns.models import Campaign, CampaignState
from dialer.errors import BadInput, NotFound
from dialer.leads import moving as leads_moving
from dialer.leads import optout
from dialer.leads.explaining import explain
from dialer.leads.models import LeadState
from tests.factories import NOON, other_organization


@pytest.fixture
def ask(sessions, factory):
    """Ask about a number at noon."""

    def ask(lead, *, now=NOON, phone=None, organization_id=None):
        with sessions.begin() as session:
            session.merge(session.get(Campaign, lead.campaign_id))
            return explain(
                session,
                organization_id or factory.organization.id,
                lead.campaign_id,
                phone or lead.phone,
                now,
                secret="k",
            )

    return ask


def test_due_lead_in_its_window_is_next(make_campaign, make_lead, ask) -> None:
    answer = ask(make_lead(make_campaign()))
    assert (answer.state, answer.next_at, answer.obstacle) == ("due", NOON, None)
    assert answer.summary == "Not called so far: its turn has not come."
    assert "Tue 10:00 America/New_York" in answer.next


def test_number_may_be_written_as_people_do(make_campaign, make_lead, ask) -> None:
    lead = make_lead(make_campaign(), phone="+12125550123")
    assert ask(lead, phone="(212) 555-0123").phone == "+12125550123"


def test_lead_outside_its_hours_is_called_when_they_open(make_campaign, make_lead, ask) -> None:
    lead = make_lead(make_campaign(windows={"wed": [["09:00", "17:00"]]}))
    answer = ask(lead)
    assert answer.next_at == NOON + timedelta(hours=23)
    assert answer.obstacle == "outside calling hours"
    assert "Wed 09:00 America/New_York" in answer.next


def test_waiting_lead_says_until_when(make_campaign, make_lead, ask) -> None:
    lead = make_lead(
        make_campaign(), state=LeadState.WAITING, due_at=NOON + timedelta(hours=2), reason="busy", attempts=1
    )
    answer = ask(lead)
    assert (answer.state, answer.reason, answer.next_at) == ("waiting", "busy", NOON + timedelta(hours=2))


def test_blocked_lead_says_why(make_campaign, make_lead, ask) -> None:
    answer = ask(make_lead(make_campaign(), state=LeadState.BLOCKED, reason="no consent", consent=None))
    assert (answer.next_at, answer.next) == (None, "Not before the block is lifted: no consent.")


def test_done_lead_is_never_called_again(make_campaign, make_lead, ask) -> None:
    answer = ask(make_lead(make_campaign(), state=LeadState.DONE))
    assert (answer.next_at, answer.next) == (None, "Never: it is done (interested).")


def test_opted_out_lead_says_since_when_and_how(sessions, factory, make_campaign, make_lead, ask) -> None:
    lead = make_lead(make_campaign())
    optout.opt_out(
        sessions, factory.organization.id, [lead.phone], how="digit 9", source="digit", by="test", secret="k"
    )
    answer = ask(lead)
    assert answer.next.startswith("Never: the number is suppressed since 2026-11-24 15:0")
    assert answer.next.endswith("(digit 9, digit).")
    assert answer.history[-1].why == "opted out"


def test_lead_in_flight_names_its_call(make_call, factory, ask) -> None:
    lead = factory.lead(factory.campaign(), state=LeadState.IN_FLIGHT)
    call = make_call(lead, state=CallState.RINGING)
    answer = ask(lead)
    assert answer.next == f"It is being called now: call {call.id} is ringing."


@pytest.mark.parametrize("state", [CampaignState.PAUSED, CampaignState.DRAFT])
def test_campaign_that_does_not_run_is_what_it_waits_for(make_campaign, make_lead, ask, state) -> None:
    answer = ask(make_lead(make_campaign(state=state)))
    assert answer.obstacle == "campaign is not running"
    assert "not while this holds: campaign is not running" in answer.next


def test_emergency_stop_is_what_it_waits_for(sessions, make_campaign, make_lead, ask) -> None:
    with sessions.begin() as session:
        gate.shut(session, by="test", why="drill")
    assert ask(make_lead(make_campaign())).obstacle == "dialing is stopped"


def test_place_without_a_zone_is_never_open(make_campaign, make_lead, ask) -> None:
    answer = ask(make_lead(make_campaign(), place="US|"))
    assert (answer.next_at, answer.obstacle) == (None, "no time zone")
    assert answer.next.startswith("Never as things stand")


def test_history_tells_moves_of_lead_and_calls_in_order(sessions, make_campaign, make_lead, make_call, ask) -> None:
    lead = make_lead(make_campaign(), state=LeadState.IN_FLIGHT)
    call = make_call(lead)
    with sessions.begin() as session:
        at = [NOON + timedelta(minutes=minute) for minute in range(4)]
        moving.move(session, call.id, CallState.DIALING, now=at[0], by="lead worker", why="lawful", dialing_at=at[0])
        moving.move(session, call.id, CallState.ENDED, now=at[1], by="web", why="busy")
        leads_moving.move(
            session,
            lead.id,
            LeadState.WAITING,
            before=LeadState.IN_FLIGHT,
            now=at[2],
            by="results",
            why="busy",
            due_at=at[3],
            call_id=call.id,
            disposition="busy",
            attempts_by=1,
        )
    answer = ask(lead)
    assert [(step.what, step.by, step.why) for step in answer.history] == [
        ("call dialing", "lead worker", "lawful"),
        ("call ended", "web", "busy"),
        ("lead waiting", "results", "busy"),
    ]
    assert answer.history[-1].until == at[3]
    assert answer.summary == "Called once, last at 2026-11-24 15:00 UTC: busy."
    assert answer.as_json()["history"][0]["call_id"] == str(call.id)


def test_no_number_is_bad_input(make_campaign, make_lead, ask) -> None:
    with pytest.raises(BadInput, match="emergency number"):
        ask(make_lead(make_campaign()), phone="911")


def test_number_without_a_lead_is_not_found_and_says_if_it_is_suppressed(
    sessions, factory, make_campaign, make_lead, ask
) -> None:
    lead = make_lead(make_campaign())
    with pytest.raises(NotFound, match=r"\+12125550123\.$"):
        ask(lead, phone="2125550123")
    optout.opt_out(
        sessions, factory.organization.id, ["+12125550123"], how="words", source="api", by="test", secret="k"
    )
    with pytest.raises(NotFound, match="suppressed since"):
        ask(lead, phone="2125550123")


def test_other_organizations_see_nothing(sessions, make_campaign, make_lead, ask) -> None:
    with pytest.raises(NotFound):
        ask(make_lead(make_campaign()), organization_id=other_organization(sessions))
