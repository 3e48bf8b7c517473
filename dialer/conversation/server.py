"""The process's media server: one loop in a thread of its own, one WebSocket server, many conversations."""

from __future__ import annotations

import asyncio
import hmac
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from picows import (
    WSListener,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from dialer import log
from dialer.audio.vad import BatchedEar, CheapEar, Ear, SileroBatch
from dialer.conversation.facts import Briefing, Lapsed
from dialer.conversation.hand import SeatHand
from dialer.conversation.lines import FixedLines
from dialer.conversation.prompt_loop import PromptLoop
from dialer.conversation.recorder import Writer
from dialer.conversation.session import Session
from dialer.conversation.stream import Stream
from dialer.conversation.ticker import Ticker
from dialer.conversation.timings import Opening
from dialer.conversation.vendors import Crew, LiveVendors
from dialer.errors import BadInput
from dialer.llm.base import Brain
from dialer.speech.base import Voice
from dialer.understanding.analyst import Analyst

logger = log.get(__name__)

START_TIMEOUT_S: Final = 20.0
WIND_UP_S: Final = 15.0
"""What a conversation may take to hand in its facts after it was cut; a commit alone may take 10 s."""
MOST_BYTES_A_MESSAGE: Final = 64 * 1024


@dataclass(slots=True)
class _Expected:
    briefing: Briefing
    token: bytes
    hand: SeatHand
    since_s: float
    """`time.monotonic()` as the seat was taken."""
    opening: Opening = field(default_factory=Opening)
    lapse: asyncio.TimerHandle | None = None


class MediaServer:
    """Serves `/media/<name>/<call_id>/<token>` and runs the conversations."""

    def __init__(
        self,
        *,
        name: str,
        host: str,
        port: int,
        vendors: LiveVendors,
        recordings: Path,
        make_ear: Callable[[], Ear] | None = None,
    ) -> None:
        """Describe the server; `start` binds it.

        Args:
            name: this worker's name in media URLs.
            host: the interface to listen on.
            port: 0 for any free port.
            vendors: each role's vendors in the order of preference.
            recordings: the folder that recordings are written to.
            make_ear: makes the voice detector of a call; by default webrtcvad and Silero batched over all calls.
        """
        self._name = name
        self._host, self._port = host, port
        self._vendors = vendors
        self._writer = Writer(recordings)
        self._analyst = Analyst()
        self._make_ear = make_ear
        self._loop = PromptLoop()
        self._thread = threading.Thread(target=self._serve, name="media", daemon=True)
        self._bound: Future[int] = Future()
        self._expected: dict[str, _Expected] = {}
        self._sessions: dict[str, Session] = {}
        self._conversations: set[asyncio.Task[None]] = set()

    # Called from other threads

    def start(self) -> int:
        """Start the loop's thread and listen.

        Returns:
            The bound port.

        Raises:
            BadInput: the port is taken or the host is not ours.
        """
        self._writer.start()
        self._analyst.start()
        self._thread.start()
        return self._bound.result(START_TIMEOUT_S)

    def expect(self, briefing: Briefing, token: str, *, ttl_s: float = 10.0) -> SeatHand:
        """Let one stream connect to `/media/<name>/<call_id>/<token>`, once, within `ttl_s`. Thread-safe.

        The opener is synthesized meanwhile. A call that was expected or is live already is abandoned for this one.
        """
        hand = SeatHand(self._loop)
        expected = _Expected(briefing, token.encode(), hand, since_s=time.monotonic())
        self._loop.call_soon_threadsafe(self._expect, expected, ttl_s)
        return hand

    def abandon(self, call_id: str) -> None:
        """This seat lost the call: fall silent and close at once. Thread-safe; an unknown call is no error."""
        self._loop.call_soon_threadsafe(self._abandon, call_id)

    def lapse(self, call_id: str) -> None:
        """The call is over: if its stream has not come, wait for it no longer. Thread-safe; who has come stays."""
        self._loop.call_soon_threadsafe(self._lapse, call_id)

    def machine(self, call_id: str, verdict: str) -> None:
        """Tell the carrier's `AnsweredBy` of a call. Thread-safe; an unknown call is no error."""
        self._loop.call_soon_threadsafe(self._machine, call_id, verdict)

    def live(self) -> int:
        """How many conversations there are now."""
        return len(self._sessions)

    def lag_s(self) -> float:
        """How late the loop has been lately, in seconds. Above some tens of milliseconds people hear it."""
        return self._ticker.lag_s

    def stop(self, *, timeout_s: float) -> None:
        """Take no new stream, wait for the conversations to end, then cut those that have not after `timeout_s`."""
        if not self._thread.is_alive():
            self._analyst.stop()
            self._writer.stop(1.0)
            return
        stopping = asyncio.run_coroutine_threadsafe(self._drain(timeout_s), self._loop)
        stopping.result(timeout_s + START_TIMEOUT_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_TIMEOUT_S)
        self._analyst.stop()
        self._writer.stop(5.0)

    # The loop's thread

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._listen())
        except OSError as error:
            self._bound.set_exception(
                BadInput(f"The media server cannot listen on {self._host}:{self._port}: {error.strerror or error}")
            )
            return
        except BaseException as error:
            self._bound.set_exception(error)
            raise
        self._loop.run_forever()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _listen(self) -> None:
        self._crew = Crew(self._vendors)
        self._lines = FixedLines(self._crew)
        batch = self._batch() if self._make_ear is None else None
        self._ticker = Ticker(batch.tick if batch is not None else lambda: None)
        if self._make_ear is None:
            self._make_ear = (lambda: BatchedEar(batch)) if batch is not None else CheapEar
        self._server = await ws_create_server(
            self._route,
            self._host,
            self._port,
            max_frame_size=MOST_BYTES_A_MESSAGE,
            logger_name="media",
            backlog=1024,
        )
        self._ticking = self._loop.create_task(self._ticker.run())
        self._bound.set_result(self._server.sockets[0].getsockname()[1])

    @staticmethod
    def _batch() -> SileroBatch | None:
        try:
            return SileroBatch()
        except Exception as error:  # another model than is expected: webrtcvad is there
            logger.warning("no neural voice detection", error=str(error))
            return None

    def _route(self, request: WSUpgradeRequest) -> WSListener | WSUpgradeResponseWithListener:
        """Decide about a handshake. Paths carry tokens and are never logged."""
        parts = request.path.split(b"?")[0].split(b"/")
        call_id = parts[3].decode("ascii", "replace") if len(parts) == 5 else ""
        expected = self._expected.get(call_id)
        token = parts[4] if len(parts) == 5 else b""
        right = hmac.compare_digest(token, expected.token if expected is not None else b"\0")
        if expected is None or not right or parts[1] != b"media" or parts[2] != self._name.encode():
            logger.warning("media stream refused", call_id=call_id)
            return WSUpgradeResponseWithListener(WSUpgradeResponse.create_error_response(403), None)
        del self._expected[call_id]
        if expected.lapse is not None:
            expected.lapse.cancel()
        return Stream(self._converse(expected))

    def _converse(self, expected: _Expected) -> Session:
        briefing = expected.briefing
        assert self._make_ear is not None
        session = Session(
            briefing,
            expected.hand,
            crew=self._crew,
            lines=self._lines,
            ear=self._make_ear(),
            track=self._writer.track(briefing.call_id, briefing.epoch),
            ticker=self._ticker,
            on_over=partial(self._forget, briefing),
            opening=expected.opening,
            analyst=self._analyst,
        )
        self._sessions[briefing.call_id] = session
        task = self._loop.create_task(session.run())
        self._conversations.add(task)
        task.add_done_callback(self._conversations.discard)
        return session

    def _forget(self, briefing: Briefing) -> None:
        session = self._sessions.get(briefing.call_id)
        if session is not None and session.briefing is briefing:
            del self._sessions[briefing.call_id]

    def _expect(self, expected: _Expected, ttl_s: float) -> None:
        briefing = expected.briefing
        self._abandon(briefing.call_id)
        self._expected[briefing.call_id] = expected
        seated_s = expected.opening.seated_s = self._loop.time() - (time.monotonic() - expected.since_s)
        if briefing.answered_s_ago is not None and briefing.epoch == 1:
            expected.opening.answered_s = seated_s - briefing.answered_s_ago
        expected.lapse = self._loop.call_later(ttl_s, self._lapse, briefing.call_id, expected)
        agent = briefing.agent
        first = agent.apology if briefing.opener_done else agent.opener
        rest = (agent.goodbye, agent.opt_out_confirmation, agent.voicemail, agent.still_there, agent.trouble)
        for template in (first, *rest):
            if template:
                text = agent.say(template, dict(briefing.lead))
                self._lines.get(text, voice=agent.cast, language=agent.language)

    def _lapse(self, call_id: str, only: _Expected | None = None) -> None:
        expected = self._expected.get(call_id)
        if expected is not None and only in (None, expected):
            del self._expected[call_id]
            if expected.lapse is not None:
                expected.lapse.cancel()
            expected.hand.post(Lapsed())

    def _abandon(self, call_id: str) -> None:
        self._lapse(call_id)
        if (session := self._sessions.get(call_id)) is not None:
            session.abandon()

    def _machine(self, call_id: str, verdict: str) -> None:
        if (session := self._sessions.get(call_id)) is not None:
            session.machine(verdict)

    async def _drain(self, timeout_s: float) -> None:
        self._server.close()
        for call_id in tuple(self._expected):
            self._lapse(call_id)
        if self._conversations:
            await asyncio.wait(self._conversations, timeout=timeout_s)
        for session in tuple(self._sessions.values()):
            session.abandon()
        if self._conversations:
            await asyncio.wait(self._conversations, timeout=WIND_UP_S)
        for task in (self._ticking, *self._conversations):
            task.cancel()
        await asyncio.gather(self._ticking, *self._conversations, return_exceptions=True)
        await self._lines.close()
        makers: tuple[Voice | Brain, ...] = (*self._vendors.voices, *self._vendors.brains)
        for one in makers:
            try:
                await one.close()
            except Exception as error:  # the others are to be closed, and the loop to be stopped
                logger.warning("not closed", what=type(one).__name__, error=repr(error))
