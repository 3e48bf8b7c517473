import csv
import io
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from dialer.campaigns.models import CampaignPlace
from dialer.errors import BadInput, NotFound
from dialer.leads import consent, importing, optout, suppression
from dialer.leads.importing import Attestation, import_csv
from dialer.leads.models import Consent, ConsentType, Import, Lead, LeadMove, LeadState, Suppression
from tests.factories import NOON, definition, other_organization

WRITTEN = Attestation(ConsentType.WRITTEN, "web form of March", "v3")


@pytest.fixture
def campaign(make_campaign):
    return make_campaign()


@pytest.fixture
def bring(sessions, factory, campaign, tmp_path):
    """Import text or bytes into the campaign; return the report as scripts see it."""

    def bring(content, *, consent=WRITTEN, campaign=campaign, **options):
        data = content if isinstance(content, bytes) else content.encode()
        options = {"organization_id": factory.organization.id, "filename": "leads.csv"} | options
        report = import_csv(
            sessions,
            source=io.BytesIO(data),
            campaign_id=campaign.id,
            consent=consent,
            by="test",
            rejects_dir=tmp_path / "rejects",
            secret="k",
            **options,
        ).as_json()
        assert report["rows"] == report["imported"] + report["unchanged"] + sum(report["rejected"].values())
        return report

    return bring


def leads(sessions):
    with sessions() as session:
        return {lead.phone: lead for lead in session.scalars(select(Lead).order_by(Lead.line))}


def rejects(report):
    with open(report["rejects_file"], encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def snapshot(sessions):
    """Everything that an import may touch, but for the record of its run."""
    with sessions() as session:
        return {
            table: session.execute(text(f"SELECT * FROM {table} ORDER BY 1")).all()
            for table in ("leads", "lead_moves", "consents", "suppressions", "campaign_places")
        }


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
        if any(row.line > 5 for row in batch):
            raise RuntimeError("the power went out")
        return real(session, batch, *arguments)

    monkeypatch.setattr(importing.staging, "land", fail_third)
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


def test_no_consent_imports_and_blocks(sessions, bring) -> None:
    report = bring("phone\n2125550123\n", consent=None)
    assert (report["imported"], report["blocked"]) == (1, {"no consent": 1})
    lead = leads(sessions)["+12125550123"]
    assert (lead.state, lead.reason, lead.due_at) == (LeadState.BLOCKED, "no consent", None)
    with sessions() as session:
        assert session.scalars(select(LeadMove.why)).all() == ["no consent"]


def test_express_consent_is_not_enough_for_marketing(bring) -> None:
    report = bring("phone\n2125550123\n", consent=Attestation(ConsentType.EXPRESS, "said so"))
    assert report["blocked"] == {"no written consent": 1}


def test_express_consent_is_enough_to_inform(sessions, factory, bring) -> None:
    with sessions.begin() as session:
        version = session.merge(factory.agent_version)
        version.definition = definition(purpose="informational").model_dump(mode="json")
    report = bring("phone\n2125550123\n", consent=Attestation(ConsentType.EXPRESS, "said so"))
    assert report["blocked"] == {}


def test_consent_of_an_earlier_import_counts(bring, make_campaign) -> None:
    bring("phone\n2125550123\n")
    assert bring("phone\n2125550123\n", campaign=make_campaign(), consent=None)["blocked"] == {}


def test_consent_brought_later_unblocks_and_says_so(sessions, bring) -> None:
    bring("phone\n2125550123\n", consent=None)
    report = bring("phone\n2125550123\n")
    assert (report["imported"], report["unchanged"], report["unblocked"]) == (0, 1, 1)
    assert leads(sessions)["+12125550123"].state is LeadState.DUE
    with sessions() as session:
        assert session.scalars(select(LeadMove.why).order_by(LeadMove.id)).all() == ["no consent", "consent given"]


def test_revoked_consent_does_not_come_back_with_the_same_file(sessions, factory, bring) -> None:
    bring("phone\n2125550123\n")
    with sessions.begin() as session:
        consent.revoke(session, factory.organization.id, ["+12125550123"], now=NOON)
    bring("phone\n2125550123\n")
    with sessions() as session:
        assert not consent.covers(session, factory.organization.id, "+12125550123", "informational")


def test_consent_columns_say_kind_time_evidence_and_text(sessions, bring) -> None:
    report = bring(
        "phone,consent,consent date,consent url,consent version\n"
        "2125550123,written,2026-03-01T10:00:00+02:00,https://example.com/f/7,v2\n"
        "2125550124,express,03/04/2026,https://example.com/f/8,\n"
        "2125550125,no,,,\n"
        "2125550126,maybe,,,\n"
        "2125550127,yes,,,\n",
        consent=None,
    )
    assert report["blocked"] == {"no consent": 2, "no written consent": 2}
    assert report["notes"] == {"consent cannot be read as one": 1}
    with sessions() as session:
        given = {c.phone: c for c in session.scalars(select(Consent))}
    first = given["+12125550123"]
    assert (first.type, first.evidence, first.text_version) == (ConsentType.WRITTEN, "https://example.com/f/7", "v2")
    assert first.given_at is not None
    assert first.given_at.isoformat() == "2026-03-01T08:00:00+00:00"
    second = given["+12125550124"]
    assert (second.given_at, second.evidence) == (None, "https://example.com/f/8 (given: 03/04/2026)")
    assert given["+12125550127"].type is ConsentType.EXPRESS
    assert given["+12125550127"].evidence == 'column "consent" of leads.csv, line 6: yes'
    assert set(given) == {"+12125550123", "+12125550124", "+12125550127"}


def test_no_in_a_row_beats_the_attestation_for_the_list(bring) -> None:
    report = bring("phone,consent\n2125550123,no\n2125550124,\n2125550125,yes\n")
    assert report["blocked"] == {"no consent": 1}


def test_suppressed_numbers_are_rejected_also_after_erasure(sessions, factory, bring) -> None:
    with sessions.begin() as session:
        suppression.suppress(
            session,
            factory.organization.id,
            ["+12125550123", "+12125550124"],
            reason="words",
            source="spoken",
            call_id=None,
            now=NOON,
            secret="k",
        )
        session.execute(text("UPDATE suppressions SET phone = NULL WHERE phone = '+12125550124'"))
    report = bring("phone\n2125550123\n2125550124\n2125550124\n2125550125\n")
    assert (report["imported"], report["rejected"]) == (1, {"duplicate": 0, "suppressed": 3})


def test_who_opted_out_is_not_unblocked_by_new_consent(sessions, factory, bring) -> None:
    bring("phone\n2125550123\n", consent=None)
    optout.opt_out(
        sessions, factory.organization.id, ["+12125550123"], how="words", source="spoken", by="test", secret="k"
    )
    report = bring("phone\n2125550123\n")
    assert report["rejected"] == {"duplicate": 0, "suppressed": 1}
    assert leads(sessions)["+12125550123"].state is LeadState.BLOCKED


def test_suppression_of_another_organization_does_not_count(sessions, factory, bring) -> None:
    with sessions.begin() as session:
        session.add(
            Suppression(
                organization_id=other_organization(sessions),
                phone="+12125550123",
                phone_hash=suppression.phone_hash("k", "+12125550123"),
                reason="words",
                source="spoken",
                at=NOON,
            )
        )
    assert bring("phone\n2125550123\n")["imported"] == 1


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


def test_bad_rows_come_back_with_line_column_value_and_reason(sessions, bring) -> None:
    report = bring(
        "Name,Mobile\nAnn,2125550123\nBob,1.21256E+10\n\nCid,911\nDee,+1 900 555 0123\nEve,\nFay,2125550124\n"
    )
    assert report["imported"] == 2
    assert [(r["line"], r["column"], r["value"], r["reason"], r["Name"]) for r in rejects(report)] == [
        ("3", "Mobile", "1.21256E+10", "number has lost digits", "Bob"),
        ("5", "Mobile", "911", "emergency number", "Cid"),
        ("6", "Mobile", "'+1 900 555 0123", "premium-rate number", "Dee"),
        ("7", "Mobile", "", "no phone number", "Eve"),
    ]


def test_formulas_in_rejected_rows_are_harmless(bring) -> None:
    report = bring('phone,=HYPERLINK("x")\n=1+1,"=cmd|\' /C calc\'!A0"\n@SUM(1),-2+3\n2125550123,x\n')
    with open(report["rejects_file"], encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@")]


def test_rejects_file_can_be_mended_and_imported(bring, tmp_path) -> None:
    report = bring("phone,name\n1.21256E+10,Ann Lee\n")
    mended = Path(report["rejects_file"]).read_text(encoding="utf-8").replace("1.21256E+10", "+12125550123")
    assert bring(mended)["imported"] == 1


def test_rejects_file_is_for_its_owner_only_and_absent_without_rejects(bring) -> None:
    assert Path(bring("phone\n911\n")["rejects_file"]).stat().st_mode & 0o777 == 0o600
    assert bring("phone\n2125550123\n")["rejects_file"] == ""


@pytest.mark.parametrize(
    ("content", "options", "says"),
    [
        ("", {}, "empty"),
        ("\n\n \n", {}, "empty"),
        ("phone\n", {}, "no rows"),
        ("name,colour\nAnn,green\n", {}, r"No column holds phone numbers.*name, colour"),
        ("phone\n2125550123\n", {"mapping": {"phone": "Mobile"}}, 'no column "Mobile".*phone'),
        ("phone\n2125550123\n", {"mapping": {"fone": "phone"}}, 'no field "fone"'),
        (b"PK\x03\x04" + bytes(range(256)) * 20, {}, "workbook"),
        (bytes(range(256)) * 20, {}, "not a CSV"),
        (",".join(f"c{n}" for n in range(600)) + "\n2125550123\n", {}, "600 columns"),
    ],
)
def test_bad_input_is_refused_and_changes_nothing(sessions, bring, content, options, says) -> None:
    with pytest.raises(BadInput, match=f"(?s){says}"):
        bring(content, **options)
    assert not any(snapshot(sessions).values())
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Import)) == 0


def test_missing_file_is_bad_input(sessions, factory, campaign, tmp_path) -> None:
    with pytest.raises(BadInput, match=r"nowhere\.csv cannot be read"):
        import_csv(
            sessions,
            source=tmp_path / "nowhere.csv",
            filename="nowhere.csv",
            organization_id=factory.organization.id,
            campaign_id=campaign.id,
            by="test",
            rejects_dir=tmp_path,
            secret="k",
        )


def test_campaign_of_another_organization_is_not_found(sessions, bring) -> None:
    with pytest.raises(NotFound):
        bring("phone\n2125550123\n", organization_id=other_organization(sessions))


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
