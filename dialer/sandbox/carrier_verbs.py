"""What TwiML's verbs do on a call that is up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin
from xml.etree.ElementTree import Element

import aiohttp

from dialer import log
from dialer.sandbox.carrier_calls import Call, HangUp
from dialer.sandbox.carrier_gather import Gathering
from dialer.sandbox.carrier_legs import Leg
from dialer.sandbox.carrier_twiml import TwimlInvalid
from dialer.sandbox.carrier_webhooks import Webhooks
from dialer.sandbox.media_line import Line
from dialer.sandbox.media_stream import MediaStream, StreamRefused
from dialer.sandbox.world import World

_log = log.get(__name__)
SAY_VOICE = "en-us+f2"
_TRANSFER_TALKS_S = 4.0


@dataclass(frozen=True, slots=True)
class Next:
    """Where to go on: another document, from the URL it names, with what is told there."""

    url: str
    extra: dict[str, str]


class Script:
    """Carries out one document on a call that is up. A new one is made for each document."""

    def __init__(self, world: World, webhooks: Webhooks, call: Call, base_url: str) -> None:
        self._world, self._webhooks, self._call, self._base_url = world, webhooks, call, base_url
        self.leaving: Next | None = None
        """The `action` that is asked even when the call ends under its verb."""
        self._verbs: dict[str, Callable[[Element], Awaitable[Next | None]]] = {
            "Connect": self._connect,
            "Say": self._say,
            "Play": self._play,
            "Pause": self._pause,
            "Hangup": self._hangup,
            "Reject": self._hangup,
            "Redirect": self._redirect,
            "Dial": self._dial,
            "Gather": self._gather,
            "Record": self._record,
        }

    async def run(self, root: Element) -> Next | None:
        """Carry out verb after verb. Returns where to go on; None: the document is over, and so is the call.

        Raises:
            TwimlInvalid: a verb is unknown or misused.
        """
        for verb in root:
            if verb.tag not in self._verbs:
                raise TwimlInvalid(12200, f"<{verb.tag}> is not known")
            if (onward := await self._verbs[verb.tag](verb)) is not None:
                return onward
        return None

    @property
    def _line(self) -> Line:
        assert self._call.line is not None, "TwiML runs on answered calls"
        return self._call.line

    def _next(self, verb: Element, **extra: Any) -> Next | None:
        action = verb.get("action")
        told = {name: str(value) for name, value in extra.items() if value is not None}
        return Next(urljoin(self._base_url, action), told) if action else None

    async def _connect(self, verb: Element) -> Next | None:
        stream = verb.find("Stream")
        if stream is None:
            raise TwimlInvalid(12200, "<Connect> needs a <Stream>")
        parameters = {p.get("name", ""): p.get("value", "") for p in stream.findall("Parameter")}
        media = MediaStream(self._line, self._world.options.account_sid, self._call.sid, parameters)
        error: str | None = None
        media.on_heard = lambda: self._note(media, "heard")
        self.leaving = self._next(verb, StreamSid=media.sid)
        try:
            await media.open(stream.get("url", ""), audio=self._world.options.media)
            self._note(media, "opened")
            await self._until_over(media)
        except StreamRefused as refused:
            error = f"{refused.code}: {refused}"
        finally:
            await asyncio.shield(media.close())
            self._note(media, "closed")
        if media.error is not None:
            error = str(media.error)
        self.leaving = None
        return self._next(verb, StreamSid=media.sid, StreamError=error)

    def _note(self, media: MediaStream, status: str) -> None:
        """Tell the ledger when a stream began, when the person first heard something by it, and when it ended."""
        call = self._call
        self._world.ledger.note(
            "stream",
            carrier_id=call.sid,
            call_id=call.call_id,
            to=call.to,
            from_=call.from_,
            key=media.sid,
            status=status,
        )

    async def _until_over(self, media: MediaStream) -> None:
        faults, call = self._world.faults, self._call
        if not faults.hits("stream_dropped", call.to, len(self._world.calls.to(call.to)), len(call.asked)):
            await media.over.wait()
            return
        try:
            await asyncio.wait_for(media.over.wait(), faults.plan.drop_after_s)
        except TimeoutError:
            media.cut()
            await media.over.wait()

    async def _say(self, verb: Element) -> None:
        text = "".join(verb.itertext()).strip()
        if text and self._world.options.media:
            for _ in range(int(verb.get("loop", "1")) or 1):
                await self._play_out((await self._world.speak(text, voice=SAY_VOICE)).mulaw)

    async def _play(self, verb: Element) -> None:
        if not self._world.options.media:
            return
        try:
            async with self._world.http.get((verb.text or "").strip()) as response:
                audio = await response.read()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            _log.warning("sandbox.play_failed", call=self._call.sid, why=str(error))
            return
        await self._play_out(audio[44:] if audio.startswith(b"RIFF") else audio)

    async def _play_out(self, mulaw: bytes) -> None:
        done = asyncio.Event()
        line = self._line
        line.playout.add(mulaw)
        line.on_played = done.set
        try:
            await done.wait()
        finally:
            line.on_played = None
            line.playout.clear()

    async def _pause(self, verb: Element) -> None:
        await asyncio.sleep(self._patience_s(float(verb.get("length", "1"))))

    async def _hangup(self, _verb: Element) -> None:
        self._call.commands.put_nowait(HangUp(by="application"))
        await asyncio.Event().wait()

    async def _redirect(self, verb: Element) -> Next:
        return Next(urljoin(self._base_url, (verb.text or "").strip()), {})

    async def _dial(self, verb: Element) -> Next | None:
        number = verb.find("Number")
        to = ((verb.text or "") if number is None else (number.text or "")).strip()
        if not to:
            raise TwimlInvalid(13223, "<Dial> needs a number")
        whisper = "" if number is None else number.get("url", "")
        leg = Leg(self._world, self._webhooks, self._call, to, verb.get("callerId", ""))
        self.leaving = self._next(verb, DialCallStatus="completed", DialCallDuration=0)
        try:
            dialed = await leg.ring(float(verb.get("timeout", "30")))
            if dialed is None:
                bridged = not whisper or await leg.whisper(urljoin(self._base_url, whisper), self._elsewhere)
                if bridged:
                    await self._say_text("Hello, sales team speaking, how can I help you?")
                    await asyncio.sleep(self._patience_s(_TRANSFER_TALKS_S))
                dialed = leg.end(bridged=bridged)
        finally:
            leg.cut()
        self.leaving = None
        return self._next(
            verb,
            DialCallStatus=dialed.status,
            DialCallSid=leg.call.sid,
            DialCallDuration=leg.call.duration_s,
            DialBridged=str(dialed.bridged).lower(),
        )

    async def _elsewhere(self, call: Call, url: str, root: Element) -> Next | None:
        """Carry a document out on another call than this one's."""
        return await Script(self._world, self._webhooks, call, url).run(root)

    async def _say_text(self, text: str) -> None:
        if self._world.options.media:
            await self._play_out((await self._world.speak(text, voice="en-us+m3")).mulaw)

    async def _gather(self, verb: Element) -> Next | None:
        gathering = Gathering(self._world, self._line, verb, self._patience_s(1.0))
        got = await gathering.collect(self.run(_only(verb, "Say", "Play", "Pause")))
        if not got and verb.get("actionOnEmptyResult") != "true":
            return None
        return self._next(verb, **got)

    async def _record(self, verb: Element) -> Next | None:
        said = bytearray()

        def tap(spoken: bytes, _heard: bytes) -> None:
            said.extend(spoken)

        self._line.taps.append(tap)
        began = asyncio.get_running_loop().time()
        try:
            longest_s = float(verb.get("maxLength", "3600"))
            quiet_s = float(verb.get("timeout", "5"))
            await _until_quiet(self._line, self._patience_s(longest_s), self._patience_s(quiet_s))
        finally:
            self._line.taps.remove(tap)
        recorded_s = round(asyncio.get_running_loop().time() - began)
        sid = self._world.recordings.keep(self._call.sid, bytes(said), None, "RecordVerb")
        url = self._world.recordings.url(sid)
        return self._next(verb, RecordingSid=sid, RecordingUrl=url, RecordingDuration=recorded_s)

    def _patience_s(self, real_s: float) -> float:
        return real_s if self._world.options.media else self._world.options.wait_s(real_s) / 10


def _only(verb: Element, *tags: str) -> Element:
    root = Element("Response")
    root.extend(child for child in verb if child.tag in tags)
    return root


async def _until_quiet(line: Line, longest_s: float, quiet_s: float) -> None:
    loop = asyncio.get_running_loop()
    ends, last_spoke = loop.time() + longest_s, loop.time()
    while loop.time() < ends and loop.time() - last_spoke < quiet_s:
        await asyncio.sleep(min(0.1, quiet_s))
        if line.speaking:
            last_spoke = loop.time()
