from sqlalchemy import select, update

from dialer.leads import suppression
from dialer.leads.models import Suppression
from tests.factories import NOON, other_organization

PHONE = "+12125550123"


def suppress(session, organization_id, *phones):
    return suppression.suppress(
        session, organization_id, phones, reason="words", source="spoken", call_id=None, now=NOON, secret="k"
    )


def test_suppressed_number_is_suppressed(sessions, factory) -> None:
    with sessions.begin() as session:
        suppress(session, factory.organization.id, PHONE)
        assert suppression.is_suppressed(session, factory.organization.id, PHONE, "k")
        assert not suppression.is_suppressed(session, factory.organization.id, "+12125550124", "k")


def test_suppressing_twice_adds_one_row(sessions, factory) -> None:
    with sessions.begin() as session:
        assert suppress(session, factory.organization.id, PHONE, PHONE) == 1
        assert suppress(session, factory.organization.id, PHONE, "+12125550124") == 1
        assert len(session.scalars(select(Suppression)).all()) == 2


def test_suppressing_nothing_is_nothing(sessions, factory) -> None:
    with sessions.begin() as session:
        assert suppress(session, factory.organization.id) == 0


def test_hash_alone_suppresses_after_erasure(sessions, factory) -> None:
    with sessions.begin() as session:
        suppress(session, factory.organization.id, PHONE)
        session.execute(update(Suppression).values(phone=None))
        assert suppression.is_suppressed(session, factory.organization.id, PHONE, "k")


def test_number_suppresses_even_if_the_key_was_lost(sessions, factory) -> None:
    with sessions.begin() as session:
        suppress(session, factory.organization.id, PHONE)
        assert suppression.is_suppressed(session, factory.organization.id, PHONE, "another key")


def test_suppression_is_the_organizations_own(sessions, factory) -> None:
    other = other_organization(sessions)
    with sessions.begin() as session:
        suppress(session, factory.organization.id, PHONE)
        assert not suppression.is_suppressed(session, other, PHONE, "k")
