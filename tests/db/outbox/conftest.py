"""A CRM, and a lead that it is told of."""

from __future__ import annotations

import pytest

from dialer.leads.models import Lead, LeadState
from tests.db.outbox.rows import FakeCrm
from tests.factories import Factory


@pytest.fixture
def crm() -> FakeCrm:
    return FakeCrm()


@pytest.fixture
def lead(factory: Factory) -> Lead:
    return factory.lead(factory.campaign(), state=LeadState.DONE, last_name="Lee", fields={"city": "Rome"})
