"""What settling a restore needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialer.calls.gap_settling import Restored
from dialer.leads.journal import Journal
from dialer.leads.models import Lead
from tests.db.engine import SECRET, CampaignEngine
from tests.db.test_cli_leads import dialer  # noqa: F401 - a fixture
from tests.factories import Factory


@pytest.fixture
def restored(engine_room: CampaignEngine, tmp_path: Path) -> Restored:
    journal = Journal(tmp_path / "journal" / "opt-outs.jsonl")
    return Restored(engine_room.settling, journal, tmp_path / "recordings", SECRET)


@pytest.fixture
def lead(factory: Factory) -> Lead:
    return factory.lead(factory.campaign())
