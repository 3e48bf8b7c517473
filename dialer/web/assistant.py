"""Speech and language for requests: the vendors of live calls, on the web process's own loop."""

from __future__ import annotations

import asyncio
from typing import Final

from dialer import wiring
from dialer.audio.mulaw import FRAME_BYTES, SILENCE
from dialer.conversation.vendors import Crew, LiveVendors
from dialer.settings import Settings

FEED_FACTOR: Final = 8
"""How much faster than it was spoken a recording goes to the recognizer."""
FRAMES_AT_ONCE: Final = 10
SILENT_FRAMES: Final = 25
"""Half a second of silence behind a recording lets a recognizer end its turn."""
LAST_WORDS_S: Final = 3.0
"""How long the last words may take after the last of the audio."""


class Assistant:
    """Makes the vendors when they are first needed: their SDKs take seconds to import."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = asyncio.Lock()
        self._vendors: LiveVendors | None = None
        self._crew: Crew | None = None

    async def crew(self) -> Crew:
        """Return the vendors.

        Raises:
            BadInput: a vendor is named in the settings that there is not.
        """
        async with self._lock:
            if self._crew is None:
                self._vendors = await asyncio.to_thread(wiring.live_vendors, self._settings)
                self._crew = Crew(self._vendors)
        return self._crew

    async def transcribe(self, mulaw: bytes, *, language: str) -> str:
        """Return the words of a recording: 8 kHz mu-law, one person.

        Raises:
            VendorBusy, VendorRefused: nobody could listen to its end.
        """
        crew = await self.crew()
        _, recognition = await crew.listen(language=language, hints=())
        words: list[str] = []

        async def hear() -> None:
            async for heard in recognition:
                if heard.is_final and heard.text:
                    words.append(heard.text)

        hearing = asyncio.create_task(hear())
        try:
            audio = mulaw + SILENCE * (SILENT_FRAMES * FRAME_BYTES + -len(mulaw) % FRAME_BYTES)
            step = FRAME_BYTES * FRAMES_AT_ONCE
            for at in range(0, len(audio), step):
                for frame in range(at, min(at + step, len(audio)), FRAME_BYTES):
                    recognition.feed(audio[frame : frame + FRAME_BYTES])
                await asyncio.sleep(step / 8000 / FEED_FACTOR)
                if hearing.done():
                    break
            recognition.finalize()
            await self._last_words(hearing, words)
        finally:
            await recognition.close()
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)
        return " ".join(words)

    async def close(self) -> None:
        """Let go of connections."""
        if self._vendors is not None:
            for voice in self._vendors.voices:
                await voice.close()
            for brain in self._vendors.brains:
                await brain.close()

    @staticmethod
    async def _last_words(hearing: asyncio.Task[None], words: list[str]) -> None:
        """Wait until no more words come.

        Raises:
            VendorBusy, VendorRefused: the stream broke.
        """
        ends_s = asyncio.get_running_loop().time() + LAST_WORDS_S
        known = -1
        while asyncio.get_running_loop().time() < ends_s and (len(words) != known or not words):
            known = len(words)
            await asyncio.wait({hearing}, timeout=LAST_WORDS_S / 5)
            if hearing.done():
                hearing.result()
                return
