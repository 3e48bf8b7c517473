from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from dialer.campaigns.models import Campaign
from dialer.db import Sessions
from dialer.demo.moments import best_moment
from dialer.leads.models import Lead, LeadState
from tests.factories import NOON

WEEKDAYS = {day: [["09:00", "20:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat")}
NEW_YORK, SYDNEY = "US-NY|America/New_York", "AU|Australia/Sydney"


def test_time_moves_to_where_most_leads_can_be_called(
    sessions: Sessions, make_campaign: Callable[..., Campaign], make_lead: Callable[..., Lead]
) -> None:
    campaign = make_campaign(windows=WEEKDAYS)
    soon = NOON + timedelta(minutes=15)
    make_lead(campaign, place=NEW_YORK, state=LeadState.WAITING, due_at=soon)
    for _ in range(2):
        make_lead(campaign, place=SYDNEY)

    with sessions() as session:
        moment = best_moment(session, campaign.id, NOON)

    assert moment is not None
    assert timedelta(hours=7) <= moment - NOON <= timedelta(hours=7, minutes=30)  # 9:00 in Sydney, 17:00 in New York


def test_a_lead_that_can_be_called_now_moves_no_time(
    sessions: Sessions, make_campaign: Callable[..., Campaign], make_lead: Callable[..., Lead]
) -> None:
    campaign = make_campaign(windows=WEEKDAYS)
    make_lead(campaign, place=NEW_YORK)

    with sessions() as session:
        moment = best_moment(session, campaign.id, NOON)

    assert moment is not None
    assert moment <= NOON


def test_nothing_to_call_has_no_moment(sessions: Sessions, make_campaign: Callable[..., Campaign]) -> None:
    campaign = make_campaign()

    with sessions() as session:
        assert best_moment(session, campaign.id, NOON) is None
