"""Text messages and e-mails: at most once, never to who opted out, and what nobody knows of is settled or shown."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from dialer.calls import gate
from dialer.crm import queries
from dialer.crm.models import OutboxRow, OutboxState
from dialer.db import lock_phone
from dialer.errors import VendorBusy, VendorRefused, VendorSilent
from dialer.followups import sending
from dialer.followups.base import Message
from dialer.followups.models import Channel, Notice
from dialer.followups.sending import Sending
from dialer.leads import suppression
from dialer.leads.models import LeadState
from tests.db.toolroom import Toolroom, seated
from tests.factories import NOON, Factory

SECRET = "secret"


@dataclass
class ScriptedMessenger:
    """A messenger that takes messages, or fails as told, before or after it took them."""

    name: str = "sms"
    fails: list[Exception] = field(default_factory=list)
    takes_it_first: bool = False
    can_tell: bool = True
    babbles: bool = False
    """It answers questions with what nobody can read."""
    taken: list[Message] = field(default_factory=list)

    def send(self, message: Message) -> str:
        error = self.fails.pop(0) if self.fails else None
        if error is None or self.takes_it_first:
            self.taken.append(message)
        if error is not None:
            raise error
        return f"SM{len(self.taken)}"

    def sent(self, message: Message, *, since: datetime) -> str | None:
        if self.babbles:
            raise KeyError("date_created")
        if not self.can_tell:
            raise VendorRefused("email", "CANNOT_TELL", "nobody can be asked")
        return "SM1" if message in self.taken else None

    def check(self) -> str:
        return "scripted"


@dataclass
class Post:
    """A call that texts its person, and the outbox that sends it."""

    room: Toolroom
    messenger: ScriptedMessenger

    @property
    def on(self) -> Sending:
        return Sending(self.room.sessions, {self.messenger.name: self.messenger}, SECRET)

    def send(self, *, age_s: float = 0) -> OutboxRow:
        """Send what is due, once every back-off is over, and began this long ago if it began."""
        with self.room.sessions.begin() as session:
            long_ago = datetime(2020, 1, 1, tzinfo=UTC)
            session.execute(update(OutboxRow).values(next_wall=long_ago, leased_until=long_ago))
            if age_s:
                began = OutboxRow.sending_wall - timedelta(seconds=age_s)
                session.execute(update(OutboxRow).where(OutboxRow.sending_wall.is_not(None)).values(sending_wall=began))
        sending.send_due(self.on)
        with self.room.sessions() as session:
            return session.scalars(select(OutboxRow)).one()


@pytest.fixture
def post(factory: Factory) -> Post:
    lead = factory.lead(factory.campaign(), state=LeadState.IN_FLIGHT, email="sam@example.com")
    return Post(seated(factory, {}, lead=lead), ScriptedMessenger())


def test_a_text_goes_to_the_number_of_this_call_and_no_other(post: Post) -> None:
    reply = post.room.want("send_sms", message="Here is the link.")

    row = post.send()

    assert (reply.text, row.state, row.external_id) == ("It is on its way.", OutboxState.SENT, "SM1")
    (message,) = post.messenger.taken
    assert (message.to_address, message.from_address) == (post.room.call.to_number, post.room.call.from_number)
    assert post.room.woken == [row.id]


def test_the_same_text_wanted_twice_is_sent_once(post: Post) -> None:
    post.room.want("send_sms", message="Here is the link.")
    post.room.want("send_sms", message="Here is the link.")
    post.send()

    assert len(post.messenger.taken) == 1


def test_no_person_is_sent_more_than_a_few(post: Post) -> None:
    replies = [post.room.want("send_sms", message=f"Number {n}.").ok for n in range(5)]

    assert replies == [True, True, True, False, False]


def test_a_number_cannot_be_given(post: Post) -> None:
    assert post.room.want("send_sms", message="Hi", to="+19005550123").ok is False
    with post.room.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Notice)) == 0


def test_an_email_goes_to_the_address_that_the_lead_came_with(post: Post) -> None:
    post.messenger.name = "email"
    post.room.want("send_email", subject="Your offer", message="As agreed.")
    post.send()

    (message,) = post.messenger.taken
    assert (message.to_address, message.subject) == ("sam@example.com", "Your offer")


def test_a_channel_whose_vendor_hangs_holds_up_no_other(post: Post) -> None:
    went = threading.Event()

    class Hanging(ScriptedMessenger):
        def send(self, message: Message) -> str:
            assert went.wait(20), "the e-mail waits for the text message"
            return super().send(message)

    class Quick(ScriptedMessenger):
        def send(self, message: Message) -> str:
            went.set()
            return super().send(message)

    post.room.want("send_sms", message="Here is the link.")
    post.room.want("send_email", subject="Your offer", message="As agreed.")
    channels = {"sms": Hanging("sms"), "email": Quick("email")}

    assert sending.send_due(Sending(post.room.sessions, channels, SECRET)) == 2
    assert [len(channel.taken) for channel in channels.values()] == [1, 1]


def test_a_channel_that_is_not_configured_is_not_offered(post: Post) -> None:
    post.room.channels = frozenset({Channel.EMAIL})

    assert post.room.want("send_sms", message="Hi").ok is False


def test_who_opted_out_meanwhile_is_sent_nothing(post: Post) -> None:
    post.room.want("send_sms", message="Here is the link.")
    call = post.room.call
    with post.room.sessions.begin() as session:
        lock_phone(session, call.to_number, call.organization_id)
        suppression.suppress(
            session,
            call.organization_id,
            [call.to_number],
            reason="STOP",
            source="sms",
            call_id=None,
            now=NOON,
            secret=SECRET,
        )

    row = post.send()

    assert (row.state, row.error, post.messenger.taken) == (OutboxState.PARKED, "The person has opted out.", [])


def test_nothing_is_sent_while_a_restore_is_not_settled(post: Post) -> None:
    """The backup may have as unsent what was sent after it."""
    post.room.want("send_sms", message="Here is the link.")
    with post.room.sessions.begin() as session:
        gate.shut(session, by=gate.RESTORE, why="a restore")
    row = post.send()
    assert (row.state, row.tries, row.sending_wall, post.messenger.taken) == (OutboxState.PENDING, 0, None, [])

    with post.room.sessions.begin() as session:
        gate.open_gate(session, by="test", why="settled")
    assert post.send().state is OutboxState.SENT


def test_what_was_not_sent_is_sent_later(post: Post) -> None:
    post.messenger.fails = [VendorBusy("sms", "429")]
    post.room.want("send_sms", message="Here is the link.")

    assert post.send().state is OutboxState.PENDING
    assert post.send().state is OutboxState.SENT
    assert len(post.messenger.taken) == 1


@pytest.mark.parametrize("error", [VendorSilent("sms", "no answer"), RuntimeError("whatever")])
def test_a_lost_reply_is_settled_by_asking_and_never_sent_again(post: Post, error: Exception) -> None:
    post.messenger.fails, post.messenger.takes_it_first = [error], True
    post.room.want("send_sms", message="Here is the link.")

    assert post.send().state is OutboxState.PENDING
    row = post.send()

    assert (row.state, row.external_id) == (OutboxState.SENT, "SM1")
    assert len(post.messenger.taken) == 1


def test_what_the_vendor_does_not_list_is_shown_and_not_sent(post: Post) -> None:
    post.messenger.fails = [VendorSilent("sms", "no answer")]
    post.room.want("send_sms", message="Here is the link.")

    post.send()
    assert post.send().state is OutboxState.PENDING
    row = post.send(age_s=120)

    assert (row.state, post.messenger.taken) == (OutboxState.PARKED, [])
    assert "not sent" in str(row.error)


def test_an_answer_that_nobody_can_read_is_asked_for_again(post: Post) -> None:
    post.messenger.fails = [VendorSilent("sms", "cut")]
    post.messenger.babbles = True
    post.room.want("send_sms", message="Here is the link.")
    post.send()

    row = post.send()

    assert (row.state, post.messenger.taken) == (OutboxState.PENDING, [])
    assert "Nobody knows" in str(row.error)


def test_a_mail_whose_fate_nobody_knows_is_shown(post: Post) -> None:
    post.messenger = ScriptedMessenger("email", [VendorSilent("email", "cut")], takes_it_first=True, can_tell=False)
    post.room.want("send_email", subject="Your offer", message="As agreed.")

    post.send()
    row = post.send()

    assert (row.state, len(post.messenger.taken)) == (OutboxState.PARKED, 1)
    assert "Nobody knows" in str(row.error)


def test_a_process_that_died_while_sending_sends_nothing_twice(post: Post) -> None:
    """It had begun, and its lease ran out: the next one asks."""
    post.room.want("send_sms", message="Here is the link.")
    with post.room.sessions.begin() as session:
        row = queries.claim(session, "sms", lease_s=0.0)
        assert row is not None
    assert sending._begin(row, post.on) is not None

    later = post.send(age_s=120)

    assert (later.state, post.messenger.taken) == (OutboxState.PARKED, [])


def test_a_sender_that_was_stopped_before_the_first_byte_sends_nothing(post: Post) -> None:
    post.room.want("send_sms", message="Here is the link.")
    times = iter([0.0, 60.0])

    sending.send_due(replace(post.on, monotonic=lambda: next(times)))

    assert post.messenger.taken == []
    assert post.send().state is OutboxState.SENT
    assert len(post.messenger.taken) == 1


def test_one_of_two_senders_of_a_row_sends_it(post: Post) -> None:
    post.room.want("send_sms", message="Here is the link.")
    with post.room.sessions.begin() as session:
        row = queries.claim(session, "sms", lease_s=60.0)
        assert row is not None

    assert sending._begin(row, post.on) is not None
    assert sending._begin(row, post.on) is None


def test_an_operator_may_have_it_sent_again(post: Post) -> None:
    post.messenger.fails = [VendorRefused("sms", "21606", "not a number of ours")]
    post.room.want("send_sms", message="Here is the link.")
    row = post.send()
    assert row.state is OutboxState.PARKED

    with post.room.sessions.begin() as session:
        assert queries.retry(session, [row.id]) == 1

    assert post.send().state is OutboxState.SENT
