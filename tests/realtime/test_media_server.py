"""Over a real websocket, in real time: the media server, its handshake and its thread's side."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import threading
import wave
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from dialer.agents.definition import AgentDefinition
from dialer.audio import mulaw
from dialer.conversation.facts import (
    Briefing,
    EndReason,
    Fact,
    HandedIn,
    Lapsed,
    OpenerCompleted,
    Reply,
    StreamStarted,
    TurnFinished,
)
from dialer.conversation.hand import SeatHand
from dialer.conversation.server import MediaServer
from dialer.conversation.vendors import LiveVendors
from dialer.errors import BadInput
from tests.garbage import garbage
from tests.realtime.scripted import (
    SILENT_FRAME,
    VOICE_FRAME,
    FakeBrain,
    FakeRecognizer,
    FakeVoice,
    LoudEar,
)

OPENER = "Hi, this is Ada, an AI from Acme."
LONG = "We sell lamps of all kinds, large and small, and we would like to tell you everything about them today."


def briefing(call_id: str = "c1") -> Briefing:
    return Briefing(
        call_id=call_id,
        epoch=1,
        agent=AgentDefinition(name="Ada", seller="Acme", opener=OPENER, goal="Sell a lamp."),
        lead={"first_name": "Pat"},
        organization="o",
        from_number="+12125550100",
        to_number="+12125550101",
        direction="outbound",
        local_time=datetime(2026, 11, 20, 10, tzinfo=UTC),
        answered_s_ago=1.5,
    )


class Seat:
    """The seat's thread: commits everything at once."""

    def __init__(self, hand: SeatHand) -> None:
        self.facts: list[Fact] = []
        self._hand = hand
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _work(self) -> None:
        while not self.facts or not isinstance(self.facts[-1], HandedIn | Lapsed):
            told = self._hand.take(10.0)
            if told is None:
                return
            self.facts.append(told.fact)
            told.answer(Reply())

    def of(self, kind: type) -> list[Any]:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def join(self) -> None:
        self._thread.join(10.0)
        assert not self._thread.is_alive()


class Carrier:
    """Twilio's side of a stream: sends 20 ms frames, plays what it gets in real time, returns marks."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.frame = SILENT_FRAME
        self.frames = 0
        self.clears = 0
        self._plays_until = 0.0
        self._marks: list[asyncio.TimerHandle] = []
        self._names: list[str] = []
        self._tasks = [asyncio.create_task(self._receive()), asyncio.create_task(self._send())]

    async def start(self) -> None:
        await self.socket.send('{"event":"connected","protocol":"Call","version":"1.0.0"}')
        await self.socket.send(
            json.dumps(
                {
                    "event": "start",
                    "sequenceNumber": "1",
                    "streamSid": "MZ1",
                    "start": {"streamSid": "MZ1", "callSid": "CA1", "tracks": ["inbound"], "customParameters": {}},
                }
            )
        )

    async def _send(self) -> None:
        await self.start()
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            payload = base64.b64encode(self.frame).decode()
            body = {"event": "media", "streamSid": "MZ1", "media": {"track": "inbound", "payload": payload}}
            try:
                await self.socket.send(json.dumps(body, separators=(",", ":")))
            except ConnectionClosed:
                return
            due += 0.02
            await asyncio.sleep(max(due - loop.time(), 0))

    async def _receive(self) -> None:
        loop = asyncio.get_running_loop()
        async for raw in self.socket:
            body = json.loads(raw)
            if body["event"] == "media":
                frames = len(base64.b64decode(body["media"]["payload"])) // mulaw.FRAME_BYTES
                self.frames += frames
                self._plays_until = max(self._plays_until, loop.time()) + frames * 0.02
            elif body["event"] == "mark":
                name = body["mark"]["name"]
                self._names.append(name)
                self._marks.append(loop.call_at(self._plays_until, self._return, name))
            elif body["event"] == "clear":
                self.clears += 1
                self._plays_until = loop.time()
                for handle in self._marks:
                    handle.cancel()
                for name in tuple(self._names):
                    self._return(name)

    def _return(self, name: str) -> None:
        if name in self._names:
            self._names.remove(name)
            task = asyncio.ensure_future(
                self.socket.send(json.dumps({"event": "mark", "streamSid": "MZ1", "mark": {"name": name}}))
            )
            task.add_done_callback(lambda done: done.exception())

    async def hang_up(self) -> None:
        for handle in self._marks:
            handle.cancel()
        await self.socket.send('{"event":"stop","streamSid":"MZ1","stop":{"callSid":"CA1"}}')
        await self.close()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.socket.close()


async def until(condition: Any, limit_s: float = 10.0) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in another thread
            await asyncio.sleep(0.02)


@pytest.fixture
def recognizer() -> FakeRecognizer:
    return FakeRecognizer()


@pytest.fixture
def server(tmp_path: Path, recognizer: FakeRecognizer) -> Iterator[MediaServer]:
    server = MediaServer(
        name="w1",
        host="127.0.0.1",
        port=0,
        vendors=LiveVendors((recognizer,), (FakeVoice(),), (FakeBrain([LONG]),)),
        recordings=tmp_path / "recordings",
        make_ear=LoudEar,
    )
    server.port = server.start()  # type: ignore[attr-defined]
    yield server
    server.stop(timeout_s=0)


def url(server: Any, token: str, call_id: str = "c1", worker: str = "w1") -> str:
    return f"ws://127.0.0.1:{server.port}/media/{worker}/{call_id}/{token}"


def test_a_conversation(server: MediaServer, recognizer: FakeRecognizer, tmp_path: Path) -> None:
    seat = Seat(server.expect(briefing(), "right"))

    async def person() -> None:
        async with connect(url(server, "right")) as socket:
            carrier = Carrier(socket)
            await until(lambda: seat.of(OpenerCompleted))  # the greeting comes first
            assert server.live() == 1
            assert isinstance(seat.facts[0], StreamStarted)
            told = seat.of(TurnFinished)[0].timings_ms
            assert told["answer_to_first_audio_ms"] == pytest.approx(told["seat_to_first_audio"] + 1500, abs=1)
            assert told["seat_to_first_audio"] > told["stream_to_first_audio"] >= 0

            carrier.frame = VOICE_FRAME
            await asyncio.sleep(0.4)
            carrier.frame = SILENT_FRAME
            say = recognizer.opened[0].queue._loop.call_soon_threadsafe  # the queue lives on the media loop
            say(recognizer.opened[0].hear, "What do you sell?")
            before = carrier.frames
            await until(lambda: carrier.frames > before + 60)  # the person's words are answered

            carrier.frame = VOICE_FRAME
            await until(lambda: carrier.clears == 1)  # and the answer yields to the person
            say(recognizer.opened[0].hear, "wait a moment")
            await until(lambda: len(seat.of(TurnFinished)) >= 3)
            await carrier.hang_up()

    async def main() -> None:
        recognizer.opened.clear()
        await person()

    asyncio.run(main())
    seat.join()
    turns = {(turn.speaker.value, turn.kind): turn for turn in seat.of(TurnFinished)[:3]}
    assert turns["agent", "opener"].text == OPENER
    assert turns["person", "talk"].text == "What do you sell?"
    answer = turns["agent", "talk"]
    assert answer.interrupted
    assert LONG.startswith(answer.text)
    assert answer.text != LONG
    assert len(seat.of(HandedIn)) == 1
    assert seat.facts[-1].reason is EndReason.PERSON
    with wave.open(str(tmp_path / "recordings" / seat.facts[-1].recording)) as recording:
        assert recording.getnchannels() == 2
        assert recording.getframerate() == 8000
        assert recording.getnframes() / 8000 == pytest.approx(seat.facts[-1].talk_s, abs=0.5)
    asyncio.run(until(lambda: server.live() == 0))


def test_conversations_leave_no_garbage_however_they_end(server: MediaServer, recognizer: FakeRecognizer) -> None:
    async def person(number: int) -> None:
        call_id = f"c{number}"
        seat = Seat(server.expect(briefing(call_id), "right"))
        async with connect(url(server, "right", call_id)) as socket:
            carrier = Carrier(socket)
            await until(lambda: seat.of(OpenerCompleted))
            words = ("What do you sell?", "Never call me again!")[number % 2]
            recognizer.opened[-1].queue._loop.call_soon_threadsafe(recognizer.opened[-1].hear, words)
            before = carrier.frames
            await until(lambda: carrier.frames > before + 20)
            if number % 2:  # we hang up on whoever wants no call
                await until(lambda: seat.of(HandedIn))
                await carrier.close()
            else:
                await carrier.hang_up()
        await until(lambda: seat.of(HandedIn))
        await until(lambda: not server.live())
        seat.join()
        recognizer.opened.clear()

    async def main() -> None:
        await person(0)  # what is made once in a process
        with garbage() as left:
            await person(1)
            await person(2)
            await asyncio.sleep(0.2)
        assert not left

    asyncio.run(main())


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": "wrong"},
        {"token": "right", "call_id": "c2"},
        {"token": "right", "worker": "w2"},
        {"token": ""},
        {"token": "right/more"},
    ],
)
def test_a_wrong_token_is_refused_and_does_not_use_the_right_one_up(server: MediaServer, wrong: dict[str, str]) -> None:
    seat = Seat(server.expect(briefing(), "right"))

    async def main() -> None:
        with pytest.raises(InvalidStatus) as refused:
            await connect(url(server, **wrong))
        assert refused.value.response.status_code == 403
        async with connect(url(server, "right")):
            pass

    asyncio.run(main())
    seat.join()
    assert [type(fact) for fact in seat.facts] == [HandedIn]


def test_a_token_opens_one_stream(server: MediaServer) -> None:
    seat = Seat(server.expect(briefing(), "right"))

    async def main() -> None:
        async with connect(url(server, "right")):
            with pytest.raises(InvalidStatus) as refused:
                await connect(url(server, "right"))
            assert refused.value.response.status_code == 403

    asyncio.run(main())
    seat.join()


def test_an_expectation_lapses(server: MediaServer) -> None:
    seat = Seat(server.expect(briefing(), "right", ttl_s=0.05))
    seat.join()
    assert seat.facts == [Lapsed()]

    async def main() -> None:
        with pytest.raises(InvalidStatus):
            await connect(url(server, "right"))

    asyncio.run(main())


def test_of_a_call_that_is_over_no_stream_is_expected(server: MediaServer) -> None:
    coming, waiting = Seat(server.expect(briefing(), "right")), Seat(server.expect(briefing("c2"), "other", ttl_s=60))

    async def main() -> None:
        async with connect(url(server, "right")) as socket:
            carrier = Carrier(socket)
            await until(lambda: carrier.frames > 5)
            for call_id in ("c1", "c2", "c3"):
                server.lapse(call_id)
            await asyncio.to_thread(waiting.join)
            before = carrier.frames
            await until(lambda: carrier.frames > before + 5)  # whoever has come is talked with
            await carrier.close()

    asyncio.run(main())
    coming.join()
    assert waiting.facts == [Lapsed()]
    assert isinstance(coming.facts[-1], HandedIn)


def test_an_abandoned_call_is_closed_at_once(server: MediaServer) -> None:
    seat = Seat(server.expect(briefing(), "right"))

    async def main() -> None:
        async with connect(url(server, "right")) as socket:
            carrier = Carrier(socket)
            await until(lambda: carrier.frames > 5)
            server.abandon("c1")
            await asyncio.wait_for(socket.wait_closed(), 2.0)
            await carrier.close()

    asyncio.run(main())
    seat.join()
    assert seat.facts[-1].reason is EndReason.LOST


def test_stopping_hands_in_what_is_live(server: MediaServer) -> None:
    seat, waiting = Seat(server.expect(briefing(), "right")), Seat(server.expect(briefing("c2"), "other"))

    async def main() -> None:
        async with connect(url(server, "right")) as socket:
            carrier = Carrier(socket)
            await until(lambda: carrier.frames > 5)
            await asyncio.to_thread(server.stop, timeout_s=0.1)
            await carrier.close()

    asyncio.run(main())
    seat.join()
    waiting.join()
    assert isinstance(seat.facts[-1], HandedIn)
    assert waiting.facts == [Lapsed()]


def test_a_port_in_use_is_said_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = MediaServer(
            name="w1",
            host="127.0.0.1",
            port=port,
            vendors=LiveVendors((), (), ()),
            recordings=tmp_path,
            make_ear=LoudEar,
        )
        with pytest.raises(BadInput, match=str(port)):
            server.start()
        server.stop(timeout_s=0)


def test_a_vendor_that_cannot_be_closed_keeps_no_other_open(tmp_path: Path) -> None:
    closed = []

    class Stubborn(FakeVoice):
        async def close(self) -> None:
            raise RuntimeError("nobody foresaw it")

    class Closes(FakeVoice):
        async def close(self) -> None:
            closed.append(self.name)

    server = MediaServer(
        name="w1",
        host="127.0.0.1",
        port=0,
        vendors=LiveVendors((), (Stubborn("first"), Closes("second")), ()),
        recordings=tmp_path,
        make_ear=LoudEar,
    )
    server.start()
    server.stop(timeout_s=0)
    assert closed == ["second"]
