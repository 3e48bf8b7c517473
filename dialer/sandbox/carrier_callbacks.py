"""Status callbacks: in order, unless a fault says otherwise."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from dialer.sandbox.carrier_calls import Call, rfc2822
from dialer.sandbox.carrier_webhooks import Webhooks, call_parameters
from dialer.sandbox.world import World

_TURN_S = 20.0
"""How long a callback waits for the one before it."""
_NOBODY_FOLLOWS_S = 20.0
"""How long a callback that is to be overtaken waits for another to do so."""


@dataclass(frozen=True, slots=True)
class _Notice:
    """One callback, to be sent `times` times under one idempotency token."""

    call: Call
    event: str
    url: str
    parameters: dict[str, str]
    times: int


class Callbacks:
    """Tells the application how its calls stand."""

    def __init__(self, world: World, webhooks: Webhooks) -> None:
        self._world = world
        self._webhooks = webhooks
        self._last: dict[str, asyncio.Task[None]] = {}
        self._overtakes: dict[str, asyncio.Event] = {}

    def tell(self, call: Call, event: str, *, status: str | None = None) -> None:
        """Send the callback of `event` (initiated, ringing, answered, completed) if it was asked for."""
        url = call.form.get("StatusCallback", "")
        if not url or event not in call.status_events:
            return
        over = event == "completed"
        parameters = call_parameters(
            self._world,
            call,
            Timestamp=rfc2822(datetime.now(UTC)),
            SequenceNumber=call.callbacks,
            CallbackSource="call-progress-events",
            CallDuration=call.duration_s if over else None,
            Duration=-(-call.duration_s // 60) if over else None,
            AnsweredBy=call.answered_by,
            SipResponseCode=call.sip_code if over else None,
        )
        if status is not None:
            parameters["CallStatus"] = status
        call.callbacks += 1
        self._deliver(call, event, url, parameters)

    def tell_amd(self, call: Call, url: str, answered_by: str, duration_ms: int) -> None:
        """Send the verdict of asynchronous answering-machine detection."""
        parameters = call_parameters(self._world, call, AnsweredBy=answered_by, MachineDetectionDuration=duration_ms)
        self._deliver(call, "amd", url, parameters)

    def _deliver(self, call: Call, event: str, url: str, parameters: dict[str, str]) -> None:
        faults, key = self._world.faults, (call.to, len(self._world.calls.to(call.to)), event)
        if faults.hits("callback_missing", *key):
            self._note_missing(call, event, parameters["CallStatus"])
            return
        notice = _Notice(call, event, url, parameters, 2 if faults.hits("callback_duplicate", *key) else 1)
        if faults.hits("callback_late", *key):
            self._world.start(self._late(notice, faults.plan.late_s))
        elif faults.hits("callback_shuffled", *key):
            self._world.start(self._overtaken(notice))
        else:
            task = self._world.start(self._in_order(notice, self._last.get(call.sid)))
            self._last[call.sid] = task
            task.add_done_callback(lambda done: self._forget(call.sid, done))

    async def _in_order(self, notice: _Notice, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait({before}, timeout=_TURN_S)
        await self._post(notice)
        if (overtaken := self._overtakes.pop(notice.call.sid, None)) is not None:
            overtaken.set()

    async def _late(self, notice: _Notice, late_s: float) -> None:
        await asyncio.sleep(late_s)
        await self._post(notice, fault="late")

    async def _overtaken(self, notice: _Notice) -> None:
        next_is_out = self._overtakes.setdefault(notice.call.sid, asyncio.Event())
        with suppress(TimeoutError):
            await asyncio.wait_for(next_is_out.wait(), self._world.options.wait_s(_NOBODY_FOLLOWS_S))
        self._overtakes.pop(notice.call.sid, None)
        await self._post(notice, fault="shuffled")

    async def _post(self, notice: _Notice, fault: str = "") -> None:
        token = str(uuid.uuid4())
        for _ in range(notice.times):
            await self._webhooks.ask(
                notice.call, notice.url, notice.parameters, event=notice.event, token=token, fault=fault
            )

    def _note_missing(self, call: Call, event: str, status: str) -> None:
        self._world.ledger.note(
            "callback",
            carrier_id=call.sid,
            call_id=call.call_id,
            to=call.to,
            from_=call.from_,
            key=event,
            status=status,
            fault="missing",
        )

    def _forget(self, sid: str, task: asyncio.Task[None]) -> None:
        if self._last.get(sid) is task:
            del self._last[sid]
