"""Status callbacks: in order, unless a fault says otherwise."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime

from dialer.sandbox.carrier_calls import Call, rfc2822
from dialer.sandbox.carrier_webhooks import Webhooks, call_parameters
from dialer.sandbox.world import World

_SHUFFLE_S = 0.5
"""Longer than the next callback takes to follow, at the pace of this world."""


class Callbacks:
    """Tells the application how its calls stand."""

    def __init__(self, world: World, webhooks: Webhooks) -> None:
        self._world = world
        self._webhooks = webhooks
        self._last: dict[str, asyncio.Task[None]] = {}

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
        before = self._last.get(call.sid)
        late_s = 0.0
        if faults.hits("callback_late", *key):
            before, late_s = None, faults.plan.late_s
        elif faults.hits("callback_shuffled", *key):
            before, late_s = None, self._world.options.wait_s(_SHUFFLE_S)
        times = 2 if faults.hits("callback_duplicate", *key) else 1
        task = self._world.start(self._post(call, event, url, parameters, before, late_s, times))
        if late_s == 0.0:
            self._last[call.sid] = task
            task.add_done_callback(lambda done: self._forget(call.sid, done))

    async def _post(
        self,
        call: Call,
        event: str,
        url: str,
        parameters: dict[str, str],
        before: asyncio.Task[None] | None,
        late_s: float,
        times: int,
    ) -> None:
        if before is not None:
            await asyncio.wait({before}, timeout=20)
        if late_s:
            await asyncio.sleep(late_s)
        token = str(uuid.uuid4())
        for _ in range(times):
            fault = "late" if late_s else ""
            await self._webhooks.ask(call, url, parameters, event=event, token=token, fault=fault)

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
