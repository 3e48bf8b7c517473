"""Who may be called of those that an import brings: consent, opt-outs and suppression."""

from sqlalchemy import select, text

from dialer.leads import consent, optout, suppression
from dialer.leads.importing import Attestation
from dialer.leads.models import Consent, ConsentType, LeadMove, LeadState, Suppression
from tests.db.importing.rows import leads
from tests.factories import NOON, definition, other_organization


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
