from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from dialer import db
from dialer.accounts import keys, passwords, queries, users
from dialer.accounts import sessions as logins
from dialer.accounts.models import ApiKey, AuditEvent, Role, User
from dialer.accounts.principal import NotLoggedIn
from dialer.accounts.throttle import PER_USER, Counts, LoginThrottle, TooManyTries
from dialer.db import Sessions
from dialer.errors import BadInput, Conflict, NotAllowed, NotFound

SECRET = "s" * 32
PASSWORD = "correct horse battery"
EMAIL = "ada@example.com"


@pytest.fixture
def user(sessions: Sessions) -> User:
    with db.transaction(sessions) as tx:
        organization_id = queries.organization(tx.session, "default")
        return users.create(tx.session, organization_id, EMAIL.upper(), PASSWORD, Role.MANAGER, by="test")


def link(sessions: Sessions) -> str:
    with sessions() as session:
        url = logins.login_link(session, SECRET, email=EMAIL, base_url="http://127.0.0.1:8000/")
    assert url.startswith("http://127.0.0.1:8000/login/link?")
    return parse_qs(urlsplit(url).query)["token"][0]


def test_password_is_kept_only_as_a_hash(user: User) -> None:
    assert PASSWORD not in user.password_hash
    assert user.password_hash.startswith("$argon2id$")
    assert passwords.matches(PASSWORD, user.password_hash)
    assert not passwords.matches(PASSWORD + "!", user.password_hash)


def test_short_password_is_refused() -> None:
    with pytest.raises(BadInput, match="12"):
        passwords.hashed("short")


def test_right_password_logs_in_and_is_written_down(sessions: Sessions, user: User) -> None:
    with db.transaction(sessions) as tx:
        assert users.log_in(tx.session, "Ada@example.com ", PASSWORD).id == user.id

    with sessions() as session:
        assert "user.login" in session.scalars(select(AuditEvent.what)).all()


@pytest.mark.parametrize(("email", "password"), [(EMAIL, "wrong"), ("nobody@example.com", PASSWORD)])
def test_wrong_user_and_wrong_password_are_told_alike(
    sessions: Sessions, user: User, email: str, password: str
) -> None:
    with sessions() as session, pytest.raises(NotLoggedIn, match="E-mail address or password is wrong"):
        users.log_in(session, email, password)


def test_disabled_user_cannot_log_in(sessions: Sessions, user: User) -> None:
    with sessions.begin() as session:
        session.merge(user).disabled_at = datetime.now(UTC)

    with sessions() as session, pytest.raises(NotLoggedIn):
        users.log_in(session, EMAIL, PASSWORD)


def test_address_of_another_user_is_refused(sessions: Sessions, user: User) -> None:
    with sessions() as session, pytest.raises(Conflict):
        users.create(session, user.organization_id, EMAIL, PASSWORD, Role.VIEWER, by="test")


def test_session_cookie_names_its_user(sessions: Sessions, user: User) -> None:
    cookie = logins.open_cookie(SECRET, user)

    with sessions() as session:
        assert logins.read_cookie(session, SECRET, cookie).user.id == user.id


def test_new_password_ends_old_sessions(sessions: Sessions, user: User) -> None:
    cookie = logins.open_cookie(SECRET, user)
    with sessions.begin() as session:
        session.merge(user).password_hash = passwords.hashed("another good password")

    with sessions() as session, pytest.raises(NotLoggedIn):
        logins.read_cookie(session, SECRET, cookie)


def test_cookie_signed_with_another_key_is_refused(sessions: Sessions, user: User) -> None:
    cookie = logins.open_cookie("another key", user)

    with sessions() as session, pytest.raises(NotLoggedIn):
        logins.read_cookie(session, SECRET, cookie)


def test_form_token_of_another_session_is_refused(sessions: Sessions, user: User) -> None:
    with sessions() as session:
        mine, other = (logins.read_cookie(session, SECRET, logins.open_cookie(SECRET, user)) for _ in range(2))

    logins.check_form(mine, mine.form_token)
    with pytest.raises(NotAllowed):
        logins.check_form(mine, other.form_token)
    with pytest.raises(NotAllowed):
        logins.check_form(mine, None)


def test_login_link_works_once(sessions: Sessions, user: User) -> None:
    token = link(sessions)

    with db.transaction(sessions) as tx:
        assert logins.redeem(tx.session, SECRET, token).id == user.id
    with sessions() as session, pytest.raises(NotLoggedIn, match="used already"):
        logins.redeem(session, SECRET, token)


def test_login_link_ends_after_its_time(sessions: Sessions, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    token = link(sessions)
    monkeypatch.setattr(logins, "LINK_S", -1)

    with sessions() as session, pytest.raises(NotLoggedIn, match="older than"):
        logins.redeem(session, SECRET, token)


def test_session_cookie_is_no_login_link(sessions: Sessions, user: User) -> None:
    with sessions() as session, pytest.raises(NotLoggedIn):
        logins.redeem(session, SECRET, logins.open_cookie(SECRET, user))


def test_login_link_needs_a_user(sessions: Sessions) -> None:
    with sessions() as session, pytest.raises(NotFound):
        logins.login_link(session, SECRET, email="nobody@example.com", base_url="http://127.0.0.1")


def test_key_is_kept_only_as_a_hash_and_names_its_holder(sessions: Sessions) -> None:
    with db.transaction(sessions) as tx:
        organization_id = queries.organization(tx.session, "default")
        key = keys.create(tx.session, organization_id, "crm sync", Role.VIEWER, by="test")

    assert key.startswith("dk_")
    with db.transaction(sessions) as tx:
        assert key not in tx.session.scalars(select(ApiKey.key_hash)).all()
        holder = keys.principal(tx.session, key)
    assert (holder.organization_id, holder.by, holder.role) == (organization_id, "key:crm sync", Role.VIEWER)


def test_revoked_key_is_refused(sessions: Sessions) -> None:
    with db.transaction(sessions) as tx:
        organization_id = queries.organization(tx.session, "default")
        key = keys.create(tx.session, organization_id, "old", Role.ADMIN, by="test")
    with sessions.begin() as session:
        session.scalars(select(ApiKey)).one().revoked_at = datetime.now(UTC)

    with sessions() as session, pytest.raises(NotLoggedIn):
        keys.principal(session, key)


def test_two_keys_of_one_name_are_refused(sessions: Sessions) -> None:
    with db.transaction(sessions) as tx:
        organization_id = queries.organization(tx.session, "default")
        keys.create(tx.session, organization_id, "one", Role.ADMIN, by="test")
        with pytest.raises(Conflict):
            keys.create(tx.session, organization_id, "one", Role.ADMIN, by="test")


def test_password_cannot_be_searched_for(redis_url: str) -> None:
    throttle = LoginThrottle(Counts(redis_url))
    for _ in range(PER_USER.amount):
        throttle.check("198.51.100.1", "searched@example.com")

    with pytest.raises(TooManyTries):
        throttle.check("198.51.100.2", "Searched@example.com")
    throttle.check("198.51.100.3", "somebody.else@example.com")


def test_login_does_not_depend_on_redis() -> None:
    throttle = LoginThrottle(Counts("redis://127.0.0.1:1/0"))

    for _ in range(PER_USER.amount):
        throttle.check("198.51.100.1", EMAIL)
    with pytest.raises(TooManyTries):
        throttle.check("198.51.100.1", EMAIL)
