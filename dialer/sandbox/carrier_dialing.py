"""The life of a call at the carrier: queued, dialed, ringing, answered, carried out, over."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from dialer import log
from dialer.sandbox.carrier_amd import Detection
from dialer.sandbox.carrier_callbacks import Callbacks
from dialer.sandbox.carrier_calls import Call, Command, HangUp, Redirect
from dialer.sandbox.carrier_recordings import Tape
from dialer.sandbox.carrier_twiml import TwimlInvalid, parse
from dialer.sandbox.carrier_verbs import Next, Script
from dialer.sandbox.carrier_webhooks import Reply, Webhooks, call_parameters
from dialer.sandbox.faults import chance
from dialer.sandbox.media_line import Line
from dialer.sandbox.people import Meeting
from dialer.sandbox.people_mind import Person
from dialer.sandbox.world import World

_log = log.get(__name__)
_SETUP_S = 0.3
_RING_AT_LEAST_S, _RING_MORE_S = 1.5, 4.5
_MOST_DOCUMENTS = 100


@dataclass(frozen=True, slots=True)
class _Document:
    """TwiML to carry out: inline, or asked for at `url`."""

    url: str
    fallback: str = ""
    twiml: str = ""
    extra: tuple[tuple[str, str], ...] = ()


class Exchange:
    """Runs every call of the world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.webhooks = Webhooks(world)
        self._callbacks = Callbacks(world, self.webhooks)
        self._detection = Detection(world, self._callbacks)
        self._next_slot = 0.0

    def place(self, call: Call) -> None:
        """Dial a call as soon as the account's calls per second allow."""
        loop = asyncio.get_running_loop()
        slot = max(loop.time(), self._next_slot)
        self._next_slot = slot + 1.0 / self._world.options.cps
        call.queue_ms = round((slot - loop.time()) * 1000)
        self._world.start(self._alive(call, self._outbound(call, slot)))

    def receive(self, call: Call, url: str, meeting: Meeting) -> None:
        """Let a person's call come in, to be answered by what `url` says."""
        self._world.start(self._alive(call, self._inbound(call, url, meeting)))

    def resume(self, call: Call) -> None:
        """Take up a call that a restart found unfinished: dial it if it never was, else end it."""
        if call.started_at is None:
            self.place(call)
        else:
            self._finish(call, "failed" if call.answered_at is None else "completed")

    async def _alive(self, call: Call, life: Coroutine[Any, Any, None]) -> None:
        """Whatever goes wrong in a call, it ends."""
        try:
            await life
        except Exception:
            _log.exception("sandbox.call_failed", call=call.sid)
            if not call.over:
                self._finish(call, "failed")

    async def _outbound(self, call: Call, slot: float) -> None:
        wait_s = self._world.options.wait_s
        if await _command(call, slot - asyncio.get_running_loop().time()) is not None:
            self._finish(call, "canceled")
            return
        meeting = self._world.people.meet(call.to)
        call.started_at = datetime.now(UTC)
        self._note(call, "initiated", person=meeting.kind.name, index=meeting.index)
        self._callbacks.tell(call, "initiated", status="initiated")
        if await _command(call, wait_s(_SETUP_S)) is not None:
            self._finish(call, "canceled")
            return
        if meeting.kind.pickup in ("failed", "busy"):
            call.sip_code = 486 if meeting.kind.pickup == "busy" else 404
            self._finish(call, meeting.kind.pickup)
            return
        self._move(call, "ringing")
        self._callbacks.tell(call, "ringing")
        rings_s = _RING_AT_LEAST_S + _RING_MORE_S * chance(self._world.options.seed, call.to, meeting.index, "rings")
        patience_s = float(call.form.get("Timeout", "60"))
        picks_up = meeting.kind.pickup == "answers" and rings_s <= patience_s
        if await _command(call, wait_s(rings_s if picks_up else patience_s)) is not None:
            self._finish(call, "canceled")
        elif not picks_up:
            self._finish(call, "no-answer")
        else:
            await self._talk(call, meeting, _first_document(call))

    async def _inbound(self, call: Call, url: str, meeting: Meeting) -> None:
        self._move(call, "ringing", person=meeting.kind.name)
        reply = await self.webhooks.ask_twiml(call, url, "", call_parameters(self._world, call))
        if not reply.good or "<Reject" in reply.body:
            self._finish(call, "busy" if reply.good else "failed")
            return
        await self._talk(call, meeting, _Document(url, twiml=reply.body))

    async def _talk(self, call: Call, meeting: Meeting, document: _Document) -> None:
        call.answered_at = datetime.now(UTC)
        self._move(call, "in-progress")
        self._callbacks.tell(call, "answered")
        line = call.line = Line()
        person = line.human = Person(self._world, call, line, meeting)
        tape = Tape(line) if call.form.get("Record") == "true" else None
        if self._world.options.media:
            self._world.ticker.add(line)
        else:
            self._world.start(person.visit_briefly())
        try:
            answered_by = await self._detection.run(call, person)
            extra = (("AnsweredBy", answered_by),) if answered_by else ()
            by, leaving = await self._carry_out(call, _Document(document.url, document.fallback, document.twiml, extra))
        finally:
            self._world.ticker.remove(line)
        self._world.ledger.note(
            "hearing", key="person", carrier_id=call.sid, call_id=call.call_id, **asdict(person.heard)
        )
        call.line = None
        self._finish(call, "completed", by=by)
        if leaving is not None:
            parameters = {**call_parameters(self._world, call), **leaving.extra}
            await self.webhooks.ask(call, leaving.url, parameters, event="action")
        if tape is not None:
            await self._keep(call, tape)

    async def _carry_out(self, call: Call, document: _Document) -> tuple[str, Next | None]:
        """Do what documents say until one of the two hangs up.

        Returns:
            Who ended the call, and the `action` that was still to be asked.
        """
        loop = asyncio.get_running_loop()
        ends = loop.time() + float(call.form.get("TimeLimit", "14400"))
        for _ in range(_MOST_DOCUMENTS):
            script_box: list[Script] = []
            playing = asyncio.create_task(self._play(call, document, script_box))
            command = asyncio.create_task(call.commands.get())
            try:
                await asyncio.wait({playing, command}, timeout=ends - loop.time(), return_when="FIRST_COMPLETED")
            finally:
                commanded = command.done() and not command.cancelled()
                leaving = script_box[-1].leaving if script_box else None
                for task in (playing, command):
                    task.cancel()
                await asyncio.gather(playing, command, return_exceptions=True)
            if commanded:
                order = command.result()
                if isinstance(order, HangUp):
                    return order.by, leaving
                document = _Document(order.url, twiml=order.twiml)
            elif playing.cancelled():
                return "time limit", leaving
            elif (onward := playing.result()) is not None:
                document = _Document(onward.url, extra=tuple(onward.extra.items()))
            else:
                return "application", None
        return "too many documents", None

    async def _play(self, call: Call, document: _Document, script_box: list[Script]) -> Next | None:
        body = document.twiml
        if not body:
            parameters = {**call_parameters(self._world, call), **dict(document.extra)}
            reply = await self.webhooks.ask_twiml(call, document.url, document.fallback, parameters)
            body = self._body(call, reply)
        try:
            root = parse(body)
            script_box.append(Script(self._world, self.webhooks, call, document.url))
            return await script_box[-1].run(root)
        except TwimlInvalid as error:
            _log.warning("sandbox.twiml_invalid", call=call.sid, code=error.code, why=str(error))
            self._note(call, "in-progress", error=error.code)
            return None

    def _body(self, call: Call, reply: Reply) -> str:
        if reply.good:
            return reply.body
        self._note(call, "in-progress", error=11200)
        return "<Response><Say>An application error has occurred. Goodbye.</Say><Hangup/></Response>"

    async def _keep(self, call: Call, tape: Tape) -> None:
        sid = await asyncio.to_thread(
            self._world.recordings.keep, call.sid, bytes(tape.said), bytes(tape.heard), "OutboundAPI"
        )
        if url := call.form.get("RecordingStatusCallback"):
            recording = self._world.recordings.get(sid)
            assert recording is not None
            parameters = call_parameters(
                self._world,
                call,
                RecordingSid=sid,
                RecordingUrl=self._world.recordings.url(sid),
                RecordingStatus="completed",
                RecordingDuration=recording.duration_s,
                RecordingChannels=recording.channels,
                RecordingSource=recording.source,
            )
            await self.webhooks.ask(call, url, parameters, event="recording")

    def _move(self, call: Call, status: str, **more: Any) -> None:
        call.status = status
        call.updated_at = datetime.now(UTC)
        self._note(call, status, **more)

    def _finish(self, call: Call, status: str, *, by: str = "carrier") -> None:
        call.ended_at = datetime.now(UTC)
        self._move(call, status, by=by, duration_s=call.duration_s, answered_by=call.answered_by)
        self._callbacks.tell(call, "completed")

    def _note(self, call: Call, status: str, **more: Any) -> None:
        self._world.ledger.note(
            "call.status",
            carrier_id=call.sid,
            call_id=call.call_id,
            to=call.to,
            from_=call.from_,
            status=status,
            direction=call.direction,
            **more,
        )


def redirect(call: Call, *, url: str = "", twiml: str = "") -> None:
    """Ask a live call to leave what it does and do this."""
    call.commands.put_nowait(Redirect(url=url, twiml=twiml))


def _first_document(call: Call) -> _Document:
    form = call.form
    return _Document(form.get("Url", ""), form.get("FallbackUrl", ""), "" if form.get("Url") else form.get("Twiml", ""))


async def _command(call: Call, wait_s: float) -> Command | None:
    if wait_s <= 0:
        return None if call.commands.empty() else call.commands.get_nowait()
    try:
        return await asyncio.wait_for(call.commands.get(), wait_s)
    except TimeoutError:
        return None
