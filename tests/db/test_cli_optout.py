"""`dialer leads opt-out`: a list or a number is never called again."""

from __future__ import annotations

import json
from pathlib import Path

from sqlalchemy import func, select

from dialer.db import Sessions
from dialer.leads.journal import Journal
from dialer.leads.models import LeadState, Suppression
from tests.db.engine import CampaignEngine
from tests.db.test_cli_leads import dialer  # noqa: F401 - a fixture
from tests.factories import Factory


def test_list_is_suppressed_and_its_leads_are_blocked(
    dialer,  # noqa: F811
    factory: Factory,
    engine_room: CampaignEngine,
    tmp_path: Path,
) -> None:
    lead = factory.lead(factory.campaign())
    more = [f"(212) 555-{number:04}" for number in range(300)]
    path = tmp_path / "list.csv"
    path.write_text("\n".join(["Name;Mobile", f"Sam;{lead.phone}", "Nobody;12", *(f"Ann;{phone}" for phone in more)]))

    code, out, _ = dialer("leads", "opt-out", path, "--why", "the client's list", "--json")

    result = json.loads(out)
    assert code == 0
    assert (result["suppressed"], result["blocked"], len(result["unreadable"])) == (301, 1, 1)
    assert engine_room.lead(lead.id).state is LeadState.BLOCKED
    assert engine_room.claim() == []
    assert len(list(Journal(tmp_path / "data" / "journal" / "opt-outs.jsonl").entries())) == 301


def test_one_number_is_suppressed(dialer, sessions: Sessions) -> None:  # noqa: F811
    assert dialer("leads", "opt-out", "212 555 0123", "--why", "called the office")[0] == 0

    with sessions() as session:
        row = session.scalars(select(Suppression)).one()
    assert (row.phone, row.reason, row.source) == ("+12125550123", "called the office", "operator")


def test_what_is_neither_file_nor_number_changes_nothing(dialer, sessions: Sessions) -> None:  # noqa: F811
    code, _, err = dialer("leads", "opt-out", "212 555 0123", "list.csv", "--why", "test")

    assert code == 2
    assert "list.csv" in err
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Suppression)) == 0


def test_a_number_without_a_country_is_suppressed_wherever_it_may_be_meant(
    dialer,  # noqa: F811
    factory: Factory,
    engine_room: CampaignEngine,
    sessions: Sessions,
    tmp_path: Path,
) -> None:
    lead = factory.lead(factory.campaign(region="IN"), phone="+917012345678")
    path = tmp_path / "list.csv"
    path.write_text("Mobile,Country\n7012345678,\n7012345679,India\n")

    assert dialer("leads", "opt-out", path, "--why", "the client's list")[0] == 0

    with sessions() as session:
        phones = set(session.scalars(select(Suppression.phone)))
    assert phones == {"+17012345678", "+917012345678", "+917012345679"}
    assert engine_room.lead(lead.id).state is LeadState.BLOCKED
