"""The sandbox's carrier is Twilio to whoever speaks to it through the real SDK."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from dialer.sandbox.world import World
from tests.contract.phone_sandbox import ATTEMPT, OURS, Phone, phone, until

ANN, BOB, EVE = "+12125550141", "+12125550142", "+12125550143"
PAUSE = '<Response><Pause length="60"/></Response>'


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    with phone(tmp_path_factory.mktemp("world"), media=False, talk_s=0.3) as phone_:
        yield phone_


@pytest.fixture
def sandbox(running: Phone) -> Phone:
    running.reset()
    return running


def statuses(sandbox: Phone, attempt: int) -> list[str]:
    return [h.form["CallStatus"] for h in sandbox.application.at("status") if h.path.endswith(f"{ATTEMPT}{attempt}")]


def test_call_is_dialed_answered_and_over(sandbox: Phone) -> None:
    sandbox.pin(ANN, "interested")
    sandbox.application.answers["answer"] = PAUSE
    call = sandbox.call(ANN, 1)
    assert (call.status, call.direction, call._from, call.start_time) == ("queued", "outbound-api", OURS, None)

    over = sandbox.over(call.sid)

    assert over.status == "completed"
    assert over.start_time is not None
    assert until(lambda: len(statuses(sandbox, 1)) == 4)
    assert statuses(sandbox, 1) == ["initiated", "ringing", "in-progress", "completed"]
    hits = sandbox.application.at("status")
    assert [hit.form["SequenceNumber"] for hit in hits] == ["0", "1", "2", "3"]
    assert all(hit.signed for hit in sandbox.application.hits)
    assert len({hit.token for hit in hits}) == 4
    assert hits[-1].form["CallDuration"] == over.duration


@pytest.mark.parametrize(("kind", "status"), [("busy", "busy"), ("no_answer", "no-answer"), ("unreachable", "failed")])
def test_a_call_that_nobody_takes_says_so(sandbox: Phone, kind: str, status: str) -> None:
    sandbox.pin(BOB, kind)
    call = sandbox.call(BOB, 2)
    assert sandbox.over(call.sid).status == status
    assert until(lambda: statuses(sandbox, 2)[-1:] == [status])
    assert not sandbox.application.at("answer")


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"to": "12"}, 21211),
        ({"to": ""}, 21201),
        ({"from_": "+12125550199"}, 21210),
        ({"from_": "nobody"}, 21212),
        ({"url": "ftp://example.com/a"}, 21205),
        ({"url": ""}, 21205),
        ({"status_callback": "http://a_b.example/x"}, 21609),
        ({"timeout": 601}, 20001),
    ],
)
def test_bad_orders_are_refused_with_the_carriers_code(sandbox: Phone, form: dict[str, object], code: int) -> None:
    before = len(sandbox.ledger("call.accepted"))
    order = {"to": EVE, "from_": OURS, "url": f"{sandbox.application.url}/voice/answer/x", **form}
    with pytest.raises(TwilioRestException) as refused:
        sandbox.client.calls.create(**order)
    assert (refused.value.code, refused.value.status) == (code, 400)
    assert len(sandbox.ledger("call.accepted")) == before
    assert sandbox.ledger("call.refused")[-1]["key"] == str(code)


def test_wrong_credentials_are_turned_away(sandbox: Phone) -> None:
    stranger = Client(sandbox.world.options.account_sid, "wrong")
    stranger.api.base_url = sandbox.client.api.base_url
    with pytest.raises(TwilioRestException) as refused:
        stranger.calls("CA1").fetch()
    assert (refused.value.status, refused.value.code) == (401, 20003)
    stranger.http_client.session.close()


def test_an_accepted_call_is_in_the_ledger_before_the_reply(sandbox: Phone) -> None:
    sandbox.pin(ANN, "busy")
    call = sandbox.call(ANN, 3)
    (line,) = [line for line in sandbox.ledger("call.accepted") if line["carrier_id"] == call.sid]
    assert (line["to"], line["from"], line["call_id"]) == (ANN, OURS, f"{ATTEMPT}3")
    sandbox.over(call.sid)


def test_calls_are_found_by_number_state_and_time_and_paged(sandbox: Phone) -> None:
    sandbox.pin(EVE, "busy")
    began = datetime.now(UTC) - timedelta(seconds=1)
    made = [sandbox.call(EVE, 4).sid for _ in range(5)]
    for sid in made:
        sandbox.over(sid)

    found = sandbox.client.calls.list(to=EVE, from_=OURS, start_time_after=began, page_size=2)

    assert [call.sid for call in found] == made[::-1]
    assert {call.sid for call in sandbox.client.calls.list(to=EVE, status="busy")} == set(made)
    assert sandbox.client.calls.list(to=EVE, status="queued") == []
    assert sandbox.client.calls.list(to=EVE, start_time_after=datetime.now(UTC) + timedelta(hours=1)) == []


def test_events_tell_which_urls_were_asked(sandbox: Phone) -> None:
    sandbox.pin(ANN, "interested")
    call = sandbox.call(ANN, 5)
    sandbox.over(call.sid)
    until(lambda: len(statuses(sandbox, 5)) == 4)
    urls = [event.request["url"] for event in sandbox.client.calls(call.sid).events.list()]
    assert f"{sandbox.application.url}/voice/answer/{ATTEMPT}5" in urls


def test_a_failing_answer_url_is_retried_and_then_the_fallback_is_asked(sandbox: Phone) -> None:
    sandbox.pin(ANN, "interested")
    sandbox.application.answers["answer"] = 503
    call = sandbox.call(ANN, 6)
    sandbox.over(call.sid)
    assert len(sandbox.application.at("answer")) == 4
    assert len({hit.token for hit in sandbox.application.at("answer")}) == 1
    (fallback,) = sandbox.application.at("fallback")
    assert fallback.form["ErrorCode"] == "11200"


def test_a_ringing_call_can_be_cancelled_and_a_finished_one_no_more(sandbox: Phone) -> None:
    sandbox.pin(BOB, "no_answer")
    call = sandbox.call(BOB, 7, timeout=600)
    until(lambda: sandbox.client.calls(call.sid).fetch().status == "ringing")
    assert sandbox.client.calls(call.sid).update(status="canceled").status == "canceled"
    with pytest.raises(TwilioRestException) as refused:
        sandbox.client.calls(call.sid).update(status="completed")
    assert refused.value.code == 21220


def test_a_live_call_can_be_sent_elsewhere(sandbox: Phone) -> None:
    sandbox.pin(ANN, "silent")
    sandbox.application.answers["answer"] = PAUSE
    call = sandbox.call(ANN, 8)
    until(lambda: sandbox.application.at("answer"))
    sandbox.client.calls(call.sid).update(url=f"{sandbox.application.url}/voice/continue/x", method="POST")
    until(lambda: sandbox.application.at("continue"))
    assert sandbox.over(call.sid).status == "completed"


def test_more_calls_than_the_account_may_start_are_queued(tmp_path: Path) -> None:
    with phone(tmp_path, media=False, cps=2.0) as slow:
        for number in (ANN, BOB, EVE):
            slow.pin(number, "busy")
        calls = [slow.call(number, index) for index, number in enumerate((ANN, BOB, EVE))]
        for call in calls:
            slow.over(call.sid)
        dialed = [line for line in slow.ledger("call.status") if line["status"] == "initiated"]
        assert [line["carrier_id"] for line in dialed] == [call.sid for call in calls]
        times = [datetime.fromisoformat(line["at"]) for line in dialed]
        assert all(later - sooner > timedelta(seconds=0.4) for sooner, later in pairwise(times))


def test_a_dropped_reply_leaves_an_accepted_call(sandbox: Phone) -> None:
    sandbox.pin(ANN, "busy")
    sandbox.faults(rates={"drop_reply": 1.0})
    with pytest.raises(requests.ConnectionError):
        sandbox.call(ANN, 9)
    sandbox.faults()
    accepted = [line for line in sandbox.ledger("call.accepted") if line["call_id"] == f"{ATTEMPT}9"]
    assert len(accepted) == 1
    assert accepted[0]["carrier_id"] in {call.sid for call in sandbox.client.calls.list(to=ANN)}


@pytest.mark.parametrize(("fault", "status", "accepted"), [("rate_limited", 429, 0), ("error_after_accept", 500, 1)])
def test_errors_are_as_told(sandbox: Phone, fault: str, status: int, accepted: int) -> None:
    sandbox.pin(EVE, "busy")
    before = len(sandbox.ledger("call.accepted"))
    sandbox.faults(rates={fault: 1.0})
    with pytest.raises(TwilioRestException) as refused:
        sandbox.call(EVE, 1)
    assert refused.value.status == status
    assert len(sandbox.ledger("call.accepted")) == before + accepted


@pytest.mark.parametrize(
    ("fault", "seen"),
    [("callback_missing", []), ("callback_duplicate", ["initiated"] * 2 + ["busy"] * 2)],
)
def test_callbacks_go_wrong_as_told(sandbox: Phone, fault: str, seen: list[str]) -> None:
    sandbox.pin(BOB, "busy")
    sandbox.faults(rates={fault: 1.0})
    call = sandbox.call(BOB, 0)
    sandbox.over(call.sid)
    lines = len(seen) or 2  # one for each that was sent; those that are missing are noted too
    until(lambda: sum(line["carrier_id"] == call.sid for line in sandbox.ledger("callback")) == lines)
    assert statuses(sandbox, 0) == seen


def test_a_shuffled_callback_is_overtaken(tmp_path: Path) -> None:
    with phone(tmp_path, media=False, pace=5.0) as shuffled:
        rates = {"callback_shuffled": 0.5}
        shuffled.faults(rates=rates)
        numbers = [f"+1212555{index:04}" for index in range(150, 170)]
        for index, number in enumerate(numbers):
            shuffled.pin(number, "busy")
            shuffled.call(number, index % 10)
        until(lambda: len(shuffled.application.at("status")) == 2 * len(numbers))
        by_call: dict[str, list[int]] = {}
        for hit in shuffled.application.at("status"):
            by_call.setdefault(hit.form["CallSid"], []).append(int(hit.form["SequenceNumber"]))
        assert any(order != sorted(order) for order in by_call.values())


def test_a_restarted_carrier_still_knows_its_calls(tmp_path: Path) -> None:
    with phone(tmp_path, media=False, pace=1.0) as before:
        before.pin(BOB, "busy")
        done = before.call(BOB, 1)
        before.over(done.sid)
        before.pin(ANN, "no_answer")
        ringing = before.call(ANN, 2, timeout=600)
        until(lambda: before.client.calls(ringing.sid).fetch().status == "ringing")
        before.pin(EVE, "busy")
        requests.put(f"{before.url}/world/clock", json={"offset_s": 3600}, timeout=5).raise_for_status()
        stop = {"from": EVE, "to": OURS, "body": "Stop"}
        requests.post(f"{before.url}/world/sms", json=stop, timeout=5).raise_for_status()
        last = before.world.ledger.seq
        had = before.world.people.had(ANN)
    with phone(tmp_path, media=False) as after:
        assert after.client.calls(done.sid).fetch().status == "busy"
        assert after.client.calls(ringing.sid).fetch().status == "failed"
        assert after.world.ledger.seq > last
        assert after.world.people.had(ANN) == had == 1
        assert after.world.offset_s == pytest.approx(3600)
        assert any("/voice/status/" in event.request["url"] for event in after.client.calls(done.sid).events.list())
        with pytest.raises(TwilioRestException) as refused:
            after.client.messages.create(to=EVE, from_=OURS, body="Hello.")
        assert refused.value.code == 21610


def test_a_call_still_queued_at_a_restart_is_dialed_after_it(tmp_path: Path) -> None:
    with phone(tmp_path, media=False, cps=0.01) as before:
        before.pin(ANN, "busy")
        before.call(ANN, 1)
        waiting = before.call(BOB, 2)
        assert before.client.calls(waiting.sid).fetch().status == "queued"
    with phone(tmp_path, media=False) as after:
        after.pin(BOB, "busy")
        assert after.over(waiting.sid).start_time is not None


def test_a_queued_call_can_be_cancelled_before_it_rings(tmp_path: Path) -> None:
    with phone(tmp_path, media=False, cps=0.01) as slow:
        slow.pin(ANN, "busy")
        slow.call(ANN, 1)
        waiting = slow.call(BOB, 2)
        assert slow.client.calls(waiting.sid).update(status="canceled").status == "canceled"
        assert slow.client.calls(waiting.sid).fetch().start_time is None
        assert slow.world.people.had(BOB) == 0


def test_the_ledger_says_when_a_request_came_however_late_it_was_accepted(sandbox: Phone) -> None:
    sandbox.pin(BOB, "busy")
    sandbox.faults(rates={"latency": 1.0}, latency_s=0.4)
    asked = datetime.now(UTC)
    call = sandbox.call(BOB, 1)
    sandbox.faults()
    (line,) = [line for line in sandbox.ledger("call.accepted") if line["carrier_id"] == call.sid]
    came, accepted = datetime.fromisoformat(line["arrived"]), datetime.fromisoformat(line["at"])
    assert asked - timedelta(seconds=0.05) <= came  # the kernel counts in its own ticks
    assert accepted - came >= timedelta(seconds=0.4)


def test_the_ledger_stamps_campaign_time_too(sandbox: Phone) -> None:
    assert isinstance(sandbox.world, World)
    requests.put(f"{sandbox.url}/world/clock", json={"offset_s": 86400}, timeout=5).raise_for_status()
    sandbox.pin(BOB, "busy")
    sandbox.over(sandbox.call(BOB, 1).sid)
    line = sandbox.ledger("call.accepted")[-1]
    ahead = datetime.fromisoformat(line["campaign_at"]) - datetime.fromisoformat(line["at"])
    assert ahead == timedelta(days=1)
