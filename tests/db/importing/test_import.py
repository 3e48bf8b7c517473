"""An import of leads: what a row becomes, and that doing it again, half or twice at once changes nothing."""

import io
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from dialer.campaigns.models import CampaignPlace
from dialer.errors import BadInput
from dialer.leads import importing
from dialer.leads.importing import import_csv
from dialer.leads.models import Consent, ConsentType, Import, LeadMove, LeadState
from tests.db.importing.rows import leads, rejects, snapshot
from tests.factories import NOON


def test_lead_has_what_its_row_says(sessions, campaign, bring) -> None:
    report = bring(
        "Company,First Name,Last Name,Mobile,E-Mail,State,Favourite Colour\n"
        'Acme,Ann,"O\'Neil",(212) 555-0123,ann@example.com,ny,green\n'
    )
    assert (report["rows"], report["imported"]) == (1, 1)
    assert report["mapping"] == {
        "phone": "Mobile",
        "first_name": "First Name",
        "last_name": "Last Name",
        "company": "Company",
        "email": "E-Mail",
        "state": "State",
    }
    lead = leads(sessions)["+12125550123"]
    assert (lead.first_name, lead.last_name, lead.company, lead.email) == ("Ann", "O'Neil", "Acme", "ann@example.com")
    assert lead.fields == {"Favourite Colour": "green"}
    assert lead.place == "US-NY|America/New_York"
    assert (lead.state, lead.due_at, lead.line, lead.campaign_id) == (LeadState.DUE, lead.moved_at, 2, campaign.id)
    assert abs((lead.due_at - NOON).total_seconds()) < 120


def test_import_writes_moves_places_consents_and_its_own_row(sessions, campaign, bring) -> None:
    report = bring("phone\n2125550123\n2125550124\n+442079460123\n911\n")
    with sessions() as session:
        moves = session.execute(select(LeadMove.state, LeadMove.by, LeadMove.why)).all()
        assert moves == [(LeadState.DUE, "test", "imported")] * 3
        places = session.scalars(select(CampaignPlace.place).where(CampaignPlace.campaign_id == campaign.id)).all()
        assert sorted(places) == ["GB|Europe/London", "US|America/New_York"]
        given = session.scalars(select(Consent)).all()
        assert {(c.type, c.evidence, c.text_version, c.source) for c in given} == {
            (ConsentType.WRITTEN, "web form of March", "v3", report["import_id"])
        }
        run = session.scalars(select(Import)).one()
        assert (run.rows, run.imported, run.unchanged, run.rejected) == (4, 3, 0, {"emergency number": 1})
        assert (run.filename, run.by, run.mapping) == ("leads.csv", "test", {"phone": "phone"})
        assert run.rejects_file == report["rejects_file"]


def test_importing_again_changes_nothing(sessions, bring) -> None:
    content = "phone,name\n2125550123,Ann Lee\n2125550123,Ann again\n+442079460123,Bob\n911,Cid\n+883510000000094,Dee\n"
    first = bring(content)
    before = snapshot(sessions)
    again = bring(content)
    assert snapshot(sessions) == before
    assert (again["imported"], again["unchanged"]) == (0, first["imported"])
    assert again["rejected"] == first["rejected"]


def test_row_that_says_something_else_changes_nothing(sessions, bring) -> None:
    bring("phone,name\n2125550123,Ann Lee\n")
    before = snapshot(sessions)
    report = bring("phone,name\n2125550123,Somebody Else\n")
    assert (report["imported"], report["unchanged"]) == (0, 1)
    assert snapshot(sessions) == before


def test_half_an_import_is_completed_by_the_whole(sessions, bring) -> None:
    bring("phone\n2125550123\n")
    report = bring("phone\n2125550123\n2125550124\n")
    assert (report["imported"], report["unchanged"]) == (1, 1)


def test_failure_in_the_middle_keeps_batches_that_were_done(sessions, bring, monkeypatch) -> None:
    monkeypatch.setattr(importing, "BATCH_ROWS", 2)
    content = "phone\n" + "".join(f"21255501{n:02}\n" for n in range(6))
    real = importing.staging.land

    def fail_third(session, batch, *arguments):
        if any(row.line > 5 for row in batch.candidates):
            raise RuntimeError("the power went out")
        return real(session, batch, *arguments)

    with monkeypatch.context() as failing:
        failing.setattr(importing.staging, "land", fail_third)
        with pytest.raises(RuntimeError):
            bring(content)
    assert len(leads(sessions)) == 4
    report = bring(content)
    assert (report["imported"], report["unchanged"]) == (2, 4)


def test_duplicates_across_batches_are_found(sessions, bring, monkeypatch) -> None:
    monkeypatch.setattr(importing, "BATCH_ROWS", 2)
    report = bring("phone\n2125550123\n2125550124\n(212) 555-0123\n+1 212 555 0125\n12125550125\n")
    assert (report["imported"], report["rejected"]) == (3, {"duplicate": 2})
    assert [(row["line"], row["value"], row["reason"]) for row in rejects(report)] == [
        ("4", "(212) 555-0123", "duplicate"),
        ("6", "12125550125", "duplicate"),
    ]


def test_same_number_in_another_campaign_is_another_lead(sessions, make_campaign, bring) -> None:
    bring("phone\n2125550123\n")
    assert bring("phone\n2125550123\n", campaign=make_campaign())["imported"] == 1


def test_number_without_a_zone_is_imported_and_blocked(sessions, bring) -> None:
    report = bring("phone\n+883510000000094\n")
    assert (report["imported"], report["blocked"]) == (1, {"no time zone": 1})


@pytest.mark.parametrize(
    ("phone", "zone", "place", "notes"),
    [
        ("2125550123", "", "US|America/New_York", {}),
        ("2125550123", "America/New_York", "US|America/New_York", {}),
        ("2125550123", "EST", "US|America/New_York", {}),
        ("2125550123", "Eastern Time (US & Canada)", "US|America/New_York", {}),
        ("+61491570156", "Australia/Perth", "AU|Australia/Perth", {}),
        (
            "2125550123",
            "Pacific",
            "US|America/Los_Angeles,America/New_York",
            {"time zone is not one of the number's; both are kept": 1},
        ),
        (
            "2125550123",
            "somewhere",
            "US|America/New_York",
            {"time zone cannot be read; those of the number are used": 1},
        ),
    ],
)
def test_zones_of_a_lead(sessions, bring, phone, zone, place, notes) -> None:
    report = bring(f"phone,timezone\n{phone},{zone}\n")
    assert [lead.place for lead in leads(sessions).values()] == [place]
    assert report["notes"] == notes


def test_country_column_says_how_numbers_are_read(sessions, bring) -> None:
    report = bring(
        "phone,country\n020 7946 0123,United Kingdom\n0491 570 156,AU\n2125550123,\n2125550124,Narnia\n"
        "+1 212 555 0125,Narnia\n"
    )
    assert list(leads(sessions)) == ["+442079460123", "+61491570156", "+12125550123", "+12125550125"]
    assert report["rejected"] == {"duplicate": 0, "unknown country": 1}


def test_campaigns_region_says_how_numbers_are_read(sessions, make_campaign, bring) -> None:
    bring("phone\n020 7946 0123\n", campaign=make_campaign(region="GB"))
    assert list(leads(sessions)) == ["+442079460123"]


def test_stream_that_cannot_go_back_is_read(sessions, factory, campaign, tmp_path) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    report = import_csv(
        sessions,
        source=Pipe(b"phone\n2125550123\n"),
        filename="-",
        organization_id=factory.organization.id,
        campaign_id=campaign.id,
        by="test",
        rejects_dir=tmp_path,
        secret="k",
    )
    assert report.imported == 1


def test_characters_that_copy_treats_specially_arrive_whole(sessions, bring) -> None:
    bring('phone,first name,company,note\n2125550123,"A\\nn\tn","Back\\slash\\N","two\nlines\r\nthree"\n')
    lead = leads(sessions)["+12125550123"]
    assert (lead.first_name, lead.company) == ("A\\nn\tn", "Back\\slash\\N")
    assert lead.fields["note"].split() == ["two", "lines", "three"]


def test_connection_goes_back_to_its_pool_without_our_tables(sessions, bring) -> None:
    bring("phone\n2125550123\n")
    with sessions() as session:
        assert session.scalar(text("SELECT to_regclass('pg_temp.seen_phones')")) is None


def test_forty_thousand_rows_take_no_more_memory_than_ten_thousand(bring) -> None:
    def peak(rows: int) -> int:
        content = "phone,name\n" + "".join(f"+1415{200 + n // 10_000}{n % 10_000:04},Ann Lee\n" for n in range(rows))
        data = content.encode()
        tracemalloc.start()
        report = bring(data)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert report["rows"] == rows
        return most - len(data)  # the stream holds its own copy of the file

    peak(1_000)  # what is remembered for good: zones, countries, compiled statements
    assert peak(40_000) < peak(10_000) + 3_000_000


def test_two_imports_of_one_file_at_once_bring_each_number_once(bring, sessions, monkeypatch) -> None:
    monkeypatch.setattr(importing, "BATCH_ROWS", 100)
    content = "phone\n" + "".join(f"+1415555{n:04}\n" for n in range(1_000))
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(bring, [content, content]))
    assert sum(report["imported"] for report in reports) == len(leads(sessions)) == 1_000
    assert sum(report["unchanged"] for report in reports) == 1_000


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda rest: f"phone,x\n2125550123,{rest}".encode()))
)
def test_any_bytes_are_accounted_for_or_bad_input(bring, content) -> None:
    try:
        report = bring(content)
    except BadInput:
        return
    assert report["rows"] == report["imported"] + report["unchanged"] + sum(report["rejected"].values())
    assert report["imported"] + report["unchanged"] <= len(content.splitlines())
