"""One call as the carrier's end of Media Streams plays it: frames in real time, marks, `clear`, and a person who talks.

The person hears out who speaks first, says an utterance, waits for the reply, hears it out, thinks for a moment, and
says the next; every third reply is interrupted a second after it began.
"""

from __future__ import annotations

import random
import time
from enum import Enum
from typing import Any, Final

import orjson
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from bench.tally import Tally
from dialer.audio import mulaw

INTERRUPTS_EVERY: Final = 3
INTERRUPTS_AFTER_S: Final = 1.0
THINKS_S: Final = 0.5
GREETED_S: Final = 5.0
"""Who greets begins within this time, also while many calls begin: then nobody speaks into it."""
PATIENCE_S: Final = 6.0
CLEAR_WITHIN_S: Final = 2.0
BETWEEN_REPLIES_S: Final = 1.0
"""Audio after a longer gap is another reply."""
REST_WITHIN_S: Final = 3.0
"""A reply that stops halfway may go on for so long beyond its length."""

_FRAME_S: Final = mulaw.FRAME_MS / 1000


class Mood(Enum):
    """What the person does."""

    QUIET = "quiet"
    SPEAKING = "speaking"
    WAITING = "waiting"
    LISTENING = "listening"


class Call(WSListener):  # type: ignore[misc, unused-ignore]  # a C class
    """One call; `tick` is called every 20 ms. Frames are in base64 already."""

    def __init__(self, number: int, seed: int, utterances: list[list[bytes]], reply_s: float, tally: Tally) -> None:
        chance = random.Random(seed * 100_003 + number)
        self._stream_id = f"MZ{chance.getrandbits(128):032x}"
        self._call_id = f"CA{chance.getrandbits(128):032x}"
        self._tail = f'"}},"streamSid":"{self._stream_id}"}}'.encode()
        self._utterances, self._reply_s, self._tally = utterances, reply_s, tally
        self._silence = SILENT_FRAME
        self._transport: WSTransport | None = None
        self._sequence = 1
        self._frames_sent = 0
        self.closed = False
        self.hanging_up = False
        # the person
        self._mood = Mood.QUIET
        self._speaks_at_s = time.perf_counter() + GREETED_S + chance.random() * 4.0
        self._utterance = chance.randrange(len(utterances))
        self._at_frame = 0
        self._turn = chance.randrange(INTERRUPTS_EVERY)
        self._interrupts = False
        self._barged_in_s = 0.0  # while a `clear` is waited for
        self._finished_s = 0.0
        # what is heard
        self._reply_began_s = 0.0
        self._playing = False
        self._play_began_s = 0.0
        self._heard_s = 0.0
        self._late_s = 0.0
        self._plays_until_s = 0.0
        self._marks: list[tuple[str, float]] = []

    # The socket

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Say which stream this is."""
        self._transport = transport
        self._send({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        start = {
            "accountSid": "AC" + "0" * 32,
            "streamSid": self._stream_id,
            "callSid": self._call_id,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {},
        }
        self._send({"event": "start", "sequenceNumber": "1", "start": start, "streamSid": self._stream_id})

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The other side is gone: a fault, unless we hung up."""
        self.closed = True
        if not self.hanging_up:
            self._tally.errors["disconnected"] += 1

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """A message of the other side's."""
        now = time.perf_counter()
        if frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()
            return
        message = frame.get_payload_as_bytes()
        at = message.find(b'"payload"')
        if at < 0:
            self._told(orjson.loads(message), now)
            return
        begin = message.find(b'"', at + 9) + 1
        end = message.find(b'"', begin)
        samples = (end - begin) // 4 * 3 - message.count(b"=", end - 2, end)
        self._hear(samples / mulaw.SAMPLE_RATE_HZ, now)

    def hang_up(self) -> None:
        """End the call as a carrier does when the person hangs up."""
        self.hanging_up = True
        if self._transport is not None and not self.closed:
            stop = {"accountSid": "AC" + "0" * 32, "callSid": self._call_id}
            self._send({"event": "stop", "sequenceNumber": "0", "streamSid": self._stream_id, "stop": stop})
            self._transport.send_close(WSCloseCode.OK)

    def drop(self) -> None:
        """Let go of the socket."""
        if self._transport is not None and not self.closed:
            self._transport.disconnect()

    # What is heard

    def _hear(self, seconds: float, now: float) -> None:
        tally = self._tally
        if tally.measuring:
            tally.frames_in += 1
        if self._mood is Mood.WAITING:
            if tally.counts(self._finished_s):
                tally.latency_ms.append((now - self._finished_s) * 1000)
            self._end_reply()
            self._mood, self._reply_began_s, self._plays_until_s = Mood.LISTENING, now, 0.0
        if not self._playing or now > self._plays_until_s + BETWEEN_REPLIES_S:
            self._end_reply()
            self._playing, self._play_began_s = True, now
            self._heard_s = self._late_s = 0.0
        else:
            self._late_s = max(self._late_s, now - self._play_began_s - self._heard_s)
        self._heard_s += seconds
        self._plays_until_s = max(self._plays_until_s, now) + seconds

    def _end_reply(self) -> None:
        if self._playing and self._tally.counts(self._play_began_s):
            self._tally.late_ms.append(self._late_s * 1000)
        self._playing = False

    def _told(self, message: dict[str, Any], now: float) -> None:
        if message.get("event") == "mark":
            self._marks.append((message["mark"]["name"], max(self._plays_until_s, now)))
        elif message.get("event") == "clear":
            if self._barged_in_s:
                if self._tally.counts(self._barged_in_s):
                    self._tally.barge_in_ms.append((now - self._barged_in_s) * 1000)
                self._barged_in_s = 0.0
            self._plays_until_s = now
            self._end_reply()
            for name, _ in self._marks:
                self._mark(name)
            self._marks.clear()

    # What is sent

    def tick(self, now: float) -> None:
        """Send the next 20 ms, and the marks that were played."""
        transport = self._transport
        if transport is None or self.closed:
            return
        while self._marks and self._marks[0][1] <= now:
            self._mark(self._marks.pop(0)[0])
        payload = self._speak(now)
        self._sequence += 1
        self._frames_sent += 1
        transport.send(
            WSMsgType.TEXT,
            b'{"event":"media","sequenceNumber":"%d","media":{"track":"inbound","chunk":"%d","timestamp":"%d","payload":"%b%b'
            % (self._sequence, self._frames_sent, self._frames_sent * mulaw.FRAME_MS, payload, self._tail),
        )
        if self._tally.measuring:
            self._tally.frames_out += 1

    def _speak(self, now: float) -> bytes:
        """The next frame of what the person says, or silence."""
        mood = self._mood
        if mood is Mood.SPEAKING:
            return self._go_on(now)
        if mood is Mood.QUIET and now >= max(self._speaks_at_s, self._plays_until_s + THINKS_S):
            return self._begin(now, interrupting=False)
        if mood is Mood.WAITING and now > self._finished_s + PATIENCE_S:
            self._tally.errors["no reply"] += 1
            self._mood, self._speaks_at_s = Mood.QUIET, now + THINKS_S
        if mood is Mood.LISTENING:
            if self._interrupts and now - self._reply_began_s >= INTERRUPTS_AFTER_S and now < self._plays_until_s:
                return self._begin(now, interrupting=True)
            if now > self._plays_until_s + THINKS_S and self._heard_out(now):
                return self._begin(now, interrupting=False)
        return self._silence

    def _heard_out(self, now: float) -> bool:
        """Whether the whole reply was heard, or no more of it will come."""
        whole = self._heard_s >= self._reply_s * 0.95
        if not whole and self._playing and now < self._reply_began_s + self._reply_s + REST_WITHIN_S:
            return False
        if not whole and self._tally.measuring:
            self._tally.errors["short reply"] += 1
        return True

    def _begin(self, now: float, *, interrupting: bool) -> bytes:
        if not interrupting:
            self._end_reply()
        self._utterance = (self._utterance + 1) % len(self._utterances)
        self._at_frame = 1
        self._turn += 1
        self._interrupts = self._turn % INTERRUPTS_EVERY == 0
        self._mood = Mood.SPEAKING
        self._barged_in_s = now if interrupting else 0.0
        return self._utterances[self._utterance][0]

    def _go_on(self, now: float) -> bytes:
        frames = self._utterances[self._utterance]
        frame = frames[self._at_frame]
        self._at_frame += 1
        finished = self._at_frame == len(frames)
        if self._barged_in_s and (finished or now - self._barged_in_s > CLEAR_WITHIN_S):
            self._barged_in_s = 0.0
            self._tally.errors["no clear"] += 1
        if finished:
            self._mood, self._finished_s = Mood.WAITING, now
        return frame

    def _mark(self, name: str) -> None:
        self._sequence += 1
        number = str(self._sequence)
        self._send({"event": "mark", "sequenceNumber": number, "streamSid": self._stream_id, "mark": {"name": name}})

    def _send(self, message: dict[str, Any]) -> None:
        if self._transport is not None:
            self._transport.send(WSMsgType.TEXT, orjson.dumps(message))


SILENT_FRAME: Final = b"/" * 213 + b"w=="
"""160 bytes of 0xFF in base64."""
