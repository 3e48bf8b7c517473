from __future__ import annotations

import pytest
from sqlalchemy import func, select

from dialer import embedded, provisioning
from dialer import settings as configuration
from dialer.agents.models import AgentVersion
from dialer.db import Sessions
from dialer.errors import BadInput
from dialer.settings import Settings, Vendors
from dialer.telephony.models import CallerId, CarrierAccount


def settings(caller_id: str = "+12125550100") -> Settings:
    vendors = Vendors(twilio_account_sid="AC1", twilio_caller_id=caller_id)
    return configuration.load().model_copy(update={"vendors": vendors})


def provision(sessions: Sessions, given: Settings, *, carrier_cps: float | None = None) -> provisioning.Provisioned:
    with sessions.begin() as session:
        return provisioning.provision(session, given, carrier_cps=carrier_cps)


def test_provisioning_again_changes_nothing(sessions: Sessions) -> None:
    first = provision(sessions, settings())
    again = provision(sessions, settings())

    assert first == again
    with sessions() as session:
        for model in (CarrierAccount, CallerId):
            assert session.scalar(select(func.count()).select_from(model)) == 1
        assert session.scalar(select(func.count()).select_from(AgentVersion)) == len(first.agents) > 0


def test_calls_per_second_stay_as_they_were_unless_given(sessions: Sessions) -> None:
    provision(sessions, settings(), carrier_cps=7.0)
    provision(sessions, settings())

    with sessions() as session:
        assert session.scalars(select(CarrierAccount.cps)).one() == 7.0


def test_a_caller_id_that_is_no_e164_number_is_refused(sessions: Sessions) -> None:
    with pytest.raises(BadInput, match=r"TWILIO_CALLER_ID.*E\.164"):
        provision(sessions, settings("212 555 0100"))


def test_a_database_in_use_is_not_taken_for_a_demo(postgres: embedded.Postgres, database_url: str) -> None:
    with pytest.raises(BadInput, match="DATABASE_URL"):
        provisioning.require_empty(database_url)

    provisioning.require_empty(postgres.database_url("postgres"))
