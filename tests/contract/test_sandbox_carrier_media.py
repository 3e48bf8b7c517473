"""The sandbox's media streams and people, over real sockets in real time."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import httpx
import pytest
from fastapi import WebSocketDisconnect

from dialer.sandbox.heard import WordHeard
from dialer.sandbox.hearing import Ear
from dialer.sandbox.voices import Voices
from dialer.sandbox.world import World
from tests.contract.phone_sandbox import OURS, Media, Phone, pause, phone, until

ANN = "+12125550151"
TEN_SECONDS = b"\x55" * 80_000


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    with phone(tmp_path_factory.mktemp("world"), webhook_secret="whsec_" + "QUFB" * 10) as phone_:
        yield phone_


@pytest.fixture
def sandbox(running: Phone) -> Phone:
    running.reset()
    running.application.answers["answer"] = running.application.connect("/voice/continue/x")
    return running


LINES = {
    "interested": ("Hi, do you have a minute?", "Thank you for your time. Goodbye."),
    "callback": ("Hi, do you have a minute?", "Sure, we will call you again on Tuesday."),
    "presses_nine": ("Press nine to opt out.", "You will not be called again."),
    "interrupts": (
        "Hello there.",
        "We have a very good offer, and I would like to tell you all about it at length, if I may do so now.",
        "It is free. Goodbye.",
    ),
}


@dataclass
class Talk:
    """What somebody said, turn by turn, which of it over our own words, and all that came over the socket."""

    turns: list[str]
    over_ours: str
    media: Media


async def speak_in_turn(world: World, media: Media, lines: tuple[str, ...]) -> Talk:
    """Speak a line whenever the person has said something and stopped."""
    voices, ear, turns, waiting = Voices(world.registry), Ear(world.registry), [""], list(lines)
    over_ours = ""
    heard, speaking_until = False, 0.0
    with suppress(WebSocketDisconnect):
        while True:
            message = await media.next("media")
            for event in ear.feed(base64.b64decode(message["media"]["payload"])):
                if isinstance(event, WordHeard):
                    heard = True
                    turns[-1] += f" {event.text}"
                    over_ours += f" {event.text}" if time.monotonic() < speaking_until else ""
            if not heard or ear.silent_ms < 600 or time.monotonic() < speaking_until:
                continue
            if not waiting:
                await media.socket.close()
                break
            utterance = voices.speak(waiting.pop(0))
            await media.play(utterance.mulaw, "line")
            heard, speaking_until = False, time.monotonic() + utterance.seconds
            turns.append("")
    return Talk([turn.strip() for turn in turns], over_ours, media)


@pytest.fixture(scope="module")
def talks(running: Phone) -> dict[str, Talk]:
    """Several people, called at once."""
    held: dict[str, Talk] = {}
    kinds = {f"+121255501{index:02}": kind for index, kind in enumerate(LINES)}

    async def converse(media: Media) -> None:
        start = (await media.next("start"))["start"]
        call = running.world.calls.get(start["callSid"])
        assert call is not None
        kind = kinds[call.to]
        held[kind] = await speak_in_turn(running.world, media, LINES[kind])

    running.reset()
    running.application.answers["answer"] = running.application.connect()
    running.application.converse = converse
    for number, kind in kinds.items():
        running.pin(number, kind)
    calls = [running.call(number) for number in kinds]
    for call in calls:
        until(lambda sid=call.sid: running.client.calls(sid).fetch().end_time, 60)
    until(lambda: len(held) == len(kinds))
    return held


def test_a_stream_starts_carries_frames_and_stops(sandbox: Phone) -> None:
    sandbox.pin(ANN, "silent")

    async def converse(media: Media) -> None:
        for _ in range(60):
            await media.next()

    sandbox.application.converse = converse
    call = sandbox.call(ANN)
    (media,) = until(lambda: sandbox.application.medias)
    until(lambda: len(media.seen) > 55)
    sandbox.client.calls(call.sid).update(status="completed")
    until(lambda: media.seen[-1]["event"] == "stop")

    connected, start, first, second = media.seen[:4]
    assert connected == {"event": "connected", "protocol": "Call", "version": "1.0.0"}
    assert start["sequenceNumber"] == "1"
    assert start["start"]["callSid"] == call.sid
    assert start["start"]["streamSid"] == start["streamSid"]
    assert start["start"]["mediaFormat"] == {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    assert start["start"]["customParameters"] == {"call": "42"}
    assert [frame["media"]["timestamp"] for frame in (first, second)] == ["0", "20"]
    assert [frame["media"]["chunk"] for frame in (first, second)] == ["1", "2"]
    assert [frame["sequenceNumber"] for frame in (first, second)] == ["2", "3"]
    assert len(base64.b64decode(first["media"]["payload"])) == 160
    assert media.seen[-1]["stop"] == {"accountSid": sandbox.world.options.account_sid, "callSid": call.sid}
    (action,) = until(lambda: sandbox.application.at("continue"))
    assert (action.form["CallStatus"], action.form["StreamSid"]) == ("completed", media.sid)


def test_marks_come_back_when_played_and_at_once_when_cleared(sandbox: Phone) -> None:
    sandbox.pin(ANN, "silent")
    came: dict[str, float] = {}

    async def converse(media: Media) -> None:
        await media.next("start")
        await media.play(TEN_SECONDS[:8000], "played")
        began = asyncio.get_running_loop().time()
        assert (await media.next("mark"))["mark"]["name"] == "played"
        came["played"] = asyncio.get_running_loop().time() - began
        await media.play(TEN_SECONDS, "first")
        await media.play(TEN_SECONDS, "second")
        await pause(0.2)
        began = asyncio.get_running_loop().time()
        await media.send("clear")
        for name in ("first", "second"):
            assert (await media.next("mark"))["mark"]["name"] == name
        came["cleared"] = asyncio.get_running_loop().time() - began

    sandbox.application.converse = converse
    call = sandbox.call(ANN)
    until(lambda: "cleared" in came)
    assert came["played"] > 0.9
    assert came["cleared"] < 5
    sandbox.client.calls(call.sid).update(status="completed")
    sandbox.over(call.sid)


def test_a_closed_stream_asks_the_action_what_to_do(sandbox: Phone) -> None:
    sandbox.pin(ANN, "silent")
    sandbox.application.answers["continue"] = "<Response><Hangup/></Response>"

    async def converse(media: Media) -> None:
        await media.next("media")
        await media.socket.close()

    sandbox.application.converse = converse
    call = sandbox.call(ANN)
    assert sandbox.over(call.sid).status == "completed"
    (action,) = sandbox.application.at("continue")
    assert action.form["CallStatus"] == "in-progress"


@pytest.mark.parametrize("url", ["{ws}/media/one?token=1", "http{rest}/media/one", "{ws}/nowhere"])
def test_streams_that_cannot_be_opened_end_at_once(sandbox: Phone, url: str) -> None:
    ws_url = sandbox.application.ws_url
    url = url.format(ws=ws_url, rest=ws_url.removeprefix("ws"))
    connect = f'<Response><Connect action="/voice/continue/x"><Stream url="{url}"/></Connect></Response>'
    sandbox.application.answers["answer"] = connect
    sandbox.pin(ANN, "silent")
    sandbox.over(sandbox.call(ANN).sid)
    (action,) = sandbox.application.at("continue")
    assert action.form["StreamError"].startswith("319")
    assert not sandbox.application.medias


def test_a_malformed_message_ends_the_stream(sandbox: Phone) -> None:
    sandbox.pin(ANN, "silent")

    async def converse(media: Media) -> None:
        await media.next("start")
        await media.send("media", media={"payload": "not base64!"})

    sandbox.application.converse = converse
    sandbox.over(sandbox.call(ANN).sid)
    (action,) = sandbox.application.at("continue")
    assert action.form["StreamError"] == "31951"


def test_a_dropped_stream_ends_without_a_stop(sandbox: Phone) -> None:
    sandbox.pin(ANN, "silent")
    sandbox.faults(rates={"stream_dropped": 1.0}, drop_after_s=0.3)
    sandbox.over(sandbox.call(ANN).sid)
    (media,) = sandbox.application.medias
    assert media.seen[-1]["event"] == "media"
    assert sandbox.application.at("continue")


def test_somebody_interested_says_so_and_says_goodbye(talks: dict[str, Talk]) -> None:
    said = talks["interested"].turns
    assert said[0].lower().startswith(("hello", "yes"))
    assert "interest" in said[1]
    assert "bye" in said[2].lower()


def test_who_is_busy_names_a_time(talks: dict[str, Talk]) -> None:
    assert "Tuesday" in talks["callback"].turns[1]


def test_who_wants_out_presses_nine(talks: dict[str, Talk]) -> None:
    seen = talks["presses_nine"].media.seen
    assert [message["dtmf"]["digit"] for message in seen if message["event"] == "dtmf"] == ["9"]


def test_an_interrupter_speaks_while_the_agent_does(talks: dict[str, Talk]) -> None:
    assert "wait a moment" in talks["interrupts"].over_ours
    assert "Tuesday" not in talks["callback"].over_ours


def test_voicemail_greets_beeps_and_is_told_by_the_carrier(sandbox: Phone) -> None:
    sandbox.pin(ANN, "voicemail")
    base = sandbox.application.url
    call = sandbox.call(
        ANN,
        machine_detection="DetectMessageEnd",
        async_amd="true",
        async_amd_status_callback=f"{base}/voice/amd/x",
    )
    (amd,) = until(lambda: sandbox.application.at("amd"), 20)
    assert amd.form["AnsweredBy"] == "machine_end_beep"
    assert int(amd.form["MachineDetectionDuration"]) > 1000
    assert until(lambda: sandbox.client.calls(call.sid).fetch().answered_by) == "machine_end_beep"
    sandbox.client.calls(call.sid).update(status="completed")
    sandbox.over(call.sid)


def test_say_gather_and_dial_are_carried_out(sandbox: Phone) -> None:
    gather = '<Gather numDigits="1" timeout="8" action="/voice/digits/x"><Say>Press nine.</Say></Gather>'
    dial = '<Dial action="/voice/dialed/x"><Number>+12125550199</Number></Dial>'
    sandbox.application.answers["answer"] = f"<Response>{gather}</Response>"
    sandbox.application.answers["digits"] = f"<Response>{dial}</Response>"
    sandbox.pin(ANN, "presses_nine")
    call = sandbox.call(ANN)
    (digits,) = until(lambda: sandbox.application.at("digits"), 20)
    assert digits.form["Digits"] == "9"
    until(lambda: [line for line in sandbox.ledger("call.status") if line["key"] == "transfer"])
    until(lambda: sandbox.client.calls(call.sid).fetch().end_time, 30)


def test_recordings_have_both_sides_and_can_be_fetched(sandbox: Phone) -> None:
    sandbox.pin(ANN, "hangs_up")
    url = f"{sandbox.application.url}/voice/recording/x"
    call = sandbox.call(ANN, record=True, recording_status_callback=url)
    (told,) = until(lambda: sandbox.application.at("recording"))
    assert told.form["RecordingChannels"] == "2"
    assert [r.sid for r in sandbox.client.recordings.list(call_sid=call.sid)] == [told.form["RecordingSid"]]
    options = sandbox.world.options
    media_url = told.form["RecordingUrl"] + ".wav"
    media = httpx.get(media_url, auth=(options.account_sid, options.auth_token), trust_env=False)
    assert media.content.startswith(b"RIFF")
    assert httpx.get(media_url, trust_env=False).status_code == 401


def test_a_person_can_call_us(sandbox: Phone) -> None:
    sandbox.application.answers["inbound"] = "<Response><Say>Hello.</Say><Hangup/></Response>"
    order = {"from": ANN, "to": OURS, "kind": "curious"}
    sid = httpx.post(f"{sandbox.url}/world/calls", json=order, trust_env=False).json()["sid"]
    call = until(lambda: (c := sandbox.client.calls(sid).fetch()).end_time and c)
    assert (call.direction, call._from, call.to, call.status) == ("inbound", ANN, OURS, "completed")
    (asked,) = sandbox.application.at("inbound")
    assert asked.signed
    assert asked.form["CallStatus"] == "ringing"
