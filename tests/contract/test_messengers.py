"""Text messages and e-mails over the real wire, to the sandbox."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dialer.errors import VendorBusy, VendorRefused, VendorSilent
from dialer.followups import invitation
from dialer.followups.base import Message
from dialer.followups.calendars.base import Booking, Span
from dialer.followups.smtp import Smtp, compose
from dialer.followups.twilio_sms import TwilioSms
from tests.contract.phone_sandbox import OURS, Phone, phone, unused_port

PERSON = "+12125550123"
NINE = datetime(2026, 12, 1, 9, tzinfo=UTC)
TEXT = Message("notice-1", PERSON, OURS, "Here is the link: https://example.com")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    home = Path(tmp_path_factory.mktemp("messages"))
    with phone(home, media=False, smtp_port=unused_port()) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared: Phone) -> Phone:
    shared.reset()
    return shared


@pytest.fixture
def sms(sandbox: Phone) -> Iterator[TwilioSms]:
    options = sandbox.world.options
    made = TwilioSms(
        account_sid=options.account_sid, auth_token=options.auth_token, base_url=f"{options.public_url}/twilio"
    )
    yield made
    made._client.close()


@pytest.fixture
def smtp(sandbox: Phone) -> Smtp:
    port = sandbox.world.options.smtp_port
    return Smtp("127.0.0.1", port, "Loomline <hello@loomline.example>", security="none")


def mail(key: str, **changes: object) -> Message:
    values = {"to_address": "sam@example.com", "from_address": "", "body": "As agreed.\n.\nBye", "subject": "Offer"}
    return Message(key, **(values | changes))  # type: ignore[arg-type]


def test_a_text_is_taken_and_found_again(sandbox: Phone, sms: TwilioSms) -> None:
    since = datetime.now(UTC)

    sid = sms.send(TEXT)

    (line,) = [line for line in sandbox.ledger("sms") if line["key"] == sid]
    assert (line["to"], line["from"], line["body"]) == (PERSON, OURS, TEXT.body)
    assert sms.sent(TEXT, since=since) == sid
    assert sms.sent(TEXT, since=since + timedelta(hours=1)) is None


def test_another_text_to_the_same_person_is_not_taken_for_it(sandbox: Phone, sms: TwilioSms) -> None:
    sms.send(Message("notice-2", PERSON, OURS, "Something else"))

    assert sms.sent(Message("notice-3", PERSON, OURS, "Never sent"), since=datetime.now(UTC)) is None


def test_a_text_whose_reply_was_lost_is_a_silence_that_asking_settles(sandbox: Phone, sms: TwilioSms) -> None:
    since = datetime.now(UTC)
    message = Message("notice-4", PERSON, OURS, "Lost reply")
    sandbox.faults(rates={"sms_error": 1.0})

    with pytest.raises(VendorSilent):
        sms.send(message)

    sandbox.faults()
    assert sms.sent(message, since=since) is not None
    assert len([line for line in sandbox.ledger("sms") if line["body"] == message.body]) == 1


def test_a_text_from_a_number_that_is_not_ours_is_refused(sms: TwilioSms) -> None:
    with pytest.raises(VendorRefused) as refused:
        sms.send(Message("notice-5", PERSON, "+12125550999", "Hi"))

    assert refused.value.code == "21606"


def test_no_carrier_is_busy_for_nothing_was_sent() -> None:
    sms = TwilioSms(account_sid="AC1", auth_token="x", base_url=f"http://127.0.0.1:{unused_port()}")
    with pytest.raises(VendorBusy):
        sms.send(TEXT)
    sms._client.close()


def test_a_mail_arrives_whole_with_its_invitation(sandbox: Phone, smtp: Smtp) -> None:
    booking = Booking("ab" * 16, Span(NINE, NINE + timedelta(minutes=30)), "Demo")
    attached = invitation.event(booking, stamp=NINE, method="PUBLISH")

    message_id = smtp.send(mail("notice-6", invitation=attached))

    (line,) = [line for line in sandbox.ledger("email") if line["key"] == message_id]
    assert message_id == "<notice-6@loomline.example>"
    assert (line["to"], line["from"], line["subject"]) == ("sam@example.com", "hello@loomline.example", "Offer")
    assert line["body"].splitlines() == ["As agreed.", ".", "Bye"]
    assert f"UID:{'ab' * 16}@dialer" in line["calendars"][0]
    assert "DTSTART:20261201T090000Z" in line["calendars"][0]


def test_a_mailbox_that_is_not_there_is_refused(sandbox: Phone, smtp: Smtp) -> None:
    sandbox.faults(rates={"smtp.refused": 1.0})
    with pytest.raises(VendorRefused) as refused:
        smtp.send(mail("notice-7"))

    assert refused.value.code == "550"


def test_greylisting_is_busy_and_nothing_was_sent(sandbox: Phone, smtp: Smtp) -> None:
    sandbox.faults(rates={"smtp.busy": 1.0})
    with pytest.raises(VendorBusy):
        smtp.send(mail("notice-8"))

    assert [line for line in sandbox.ledger("email") if "notice-8" in line["key"]] == []


def test_a_reply_that_is_lost_after_the_last_dot_is_a_silence(sandbox: Phone, smtp: Smtp) -> None:
    sandbox.faults(rates={"smtp.drop_reply": 1.0})
    with pytest.raises(VendorSilent):
        smtp.send(mail("notice-9"))

    assert len([line for line in sandbox.ledger("email") if "notice-9" in line["key"]]) == 1


def test_a_mail_server_cannot_be_asked(smtp: Smtp) -> None:
    with pytest.raises(VendorRefused, match="CANNOT_TELL"):
        smtp.sent(mail("notice-1"), since=NINE)


def test_nobody_listening_is_busy() -> None:
    with pytest.raises(VendorBusy):
        Smtp("127.0.0.1", unused_port(), "a@b.example", security="none").send(mail("notice-1"))


def test_a_server_that_says_nothing_is_busy_for_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dialer.followups.smtp.TIMEOUT_S", 0.2)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        with pytest.raises(VendorBusy):
            Smtp("127.0.0.1", mute.getsockname()[1], "a@b.example", security="none").send(mail("notice-1"))


@pytest.mark.parametrize("answer", ["ok", "354 go on", "999 what"])
def test_an_answer_to_the_last_dot_that_says_nothing_is_a_silence(answer: str) -> None:
    class Odd(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 odd\r\n")
            for line in self.rfile:
                said = line.strip().upper()
                if said == b".":
                    self.wfile.write(f"{answer}\r\n".encode())
                elif said == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                elif said.startswith((b"EHLO", b"MAIL", b"RCPT")):
                    self.wfile.write(b"250 fine\r\n")

    with socketserver.TCPServer(("127.0.0.1", 0), Odd) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        with pytest.raises(VendorSilent):
            Smtp("127.0.0.1", server.server_address[1], "a@b.example", security="none").send(mail("notice-1"))


@pytest.mark.parametrize("subject", ["Offer\r\nBcc: all@example.com", "Offer\nX: y"])
def test_a_subject_cannot_become_a_header(subject: str) -> None:
    written = compose(mail("notice-1", subject=subject), sender="a@b.example", at=NINE)

    assert written["Bcc"] is None
    assert written["X"] is None


def test_the_same_message_has_the_same_id_whenever_it_is_written() -> None:
    first, again = (compose(mail("notice-1"), sender="a@b.example", at=NINE + timedelta(days=n)) for n in (0, 1))

    assert first["Message-ID"] == again["Message-ID"] == "<notice-1@b.example>"


@pytest.mark.parametrize("method", ["PUBLISH", "CANCEL"])
def test_an_invitation_is_labelled_as_what_it_is(method: str) -> None:
    meeting = Booking("meeting-1", Span(NINE, NINE + timedelta(minutes=30)), "Demo", "", "Sam", "sam@example.com")
    attached = invitation.event(meeting, stamp=NINE, method=method, cancelled=method == "CANCEL")

    written = compose(mail("notice-1", invitation=attached), sender="a@b.example", at=NINE)

    (part,) = written.iter_attachments()
    assert part.get_param("method") == method
