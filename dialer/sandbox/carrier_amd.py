"""Answering-machine detection, as right and as slow as the carrier's."""

from __future__ import annotations

import asyncio

from dialer.sandbox.carrier_callbacks import Callbacks
from dialer.sandbox.carrier_calls import Call
from dialer.sandbox.people_mind import Person
from dialer.sandbox.world import World

_HUMAN_S, _MACHINE_S, _UNKNOWN_S = 1.5, 3.0, 5.0
_BEEP_TIMEOUT_S = 30.0
_NO_MEDIA = 20.0
"""How much faster verdicts come when there is no audio to listen to."""


class Detection:
    """Decides who answered."""

    def __init__(self, world: World, callbacks: Callbacks) -> None:
        self._world, self._callbacks = world, callbacks

    async def run(self, call: Call, person: Person) -> str | None:
        """Detect as the call's form asks: before the call goes on (returns the verdict), or beside it (None)."""
        mode = call.form.get("MachineDetection", "")
        if mode not in ("Enable", "DetectMessageEnd"):
            return None
        if call.form.get("AsyncAmd") == "true":
            self._world.start(self._beside(call, person, mode))
            return None
        return await self._verdict(call, person, mode)

    async def _beside(self, call: Call, person: Person, mode: str) -> None:
        began = asyncio.get_running_loop().time()
        verdict = await self._verdict(call, person, mode)
        if not call.over and (url := call.form.get("AsyncAmdStatusCallback")):
            took_ms = round((asyncio.get_running_loop().time() - began) * 1000)
            self._callbacks.tell_amd(call, url, verdict, took_ms)

    async def _verdict(self, call: Call, person: Person, mode: str) -> str:
        verdict = person.kind.amd
        takes_s = {"human": _HUMAN_S, "unknown": _UNKNOWN_S}.get(verdict, _MACHINE_S)
        await asyncio.sleep(takes_s if self._world.options.media else takes_s / _NO_MEDIA / self._world.options.pace)
        if verdict == "machine_start" and mode == "DetectMessageEnd":
            try:
                await asyncio.wait_for(person.beeped.wait(), _BEEP_TIMEOUT_S)
                verdict = "machine_end_beep"
            except TimeoutError:
                verdict = "machine_end_other"
        if not call.over:
            call.answered_by = verdict
        return verdict
