import pytest

from dialer.leads import consent
from dialer.leads.models import ConsentType
from tests.factories import NOON, other_organization

PHONE = "+12125550123"


@pytest.mark.parametrize(
    ("given", "purpose", "covered"),
    [
        (ConsentType.WRITTEN, "marketing", True),
        (ConsentType.EXPRESS, "marketing", False),
        (ConsentType.WRITTEN, "informational", True),
        (ConsentType.EXPRESS, "informational", True),
        (ConsentType.WRITTEN, "a purpose nobody knows", False),
        (None, "informational", False),
    ],
)
def test_marketing_needs_writing(sessions, factory, given, purpose, covered) -> None:
    with sessions.begin() as session:
        if given:
            consent.grant(session, factory.organization.id, PHONE, given, evidence="form 7", source="api")
        assert consent.covers(session, factory.organization.id, PHONE, purpose) is covered


def test_revoked_consent_covers_nothing(sessions, factory) -> None:
    with sessions.begin() as session:
        consent.grant(session, factory.organization.id, PHONE, ConsentType.WRITTEN, evidence="form 7", source="api")
        assert consent.revoke(session, factory.organization.id, [PHONE], now=NOON) == 1
        assert not consent.covers(session, factory.organization.id, PHONE, "informational")


def test_consent_given_again_covers_again(sessions, factory) -> None:
    with sessions.begin() as session:
        consent.grant(session, factory.organization.id, PHONE, ConsentType.WRITTEN, evidence="form 7", source="api")
        consent.revoke(session, factory.organization.id, [PHONE], now=NOON)
        consent.grant(session, factory.organization.id, PHONE, ConsentType.WRITTEN, evidence="form 9", source="api")
        assert consent.covers(session, factory.organization.id, PHONE, "marketing")


def test_consent_is_the_organizations_own(sessions, factory) -> None:
    other = other_organization(sessions)
    with sessions.begin() as session:
        consent.grant(session, factory.organization.id, PHONE, ConsentType.WRITTEN, evidence="form 7", source="api")
        assert not consent.covers(session, other, PHONE, "informational")
