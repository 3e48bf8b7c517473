"""The peer: a Pipecat bot with the same fake vendors, in Pipecat's own environment. Imports nothing of ours.

`python peer_bot.py SPEECH_FOLDER PORT`. Silero in its user aggregator and its usual stop strategy by timeout, Twilio's
serializer on its FastAPI transport; metrics, turn tracking and RTVI off. No recording, no database.
"""

# mypy: ignore-errors

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

import uvicorn
from fastapi import FastAPI, WebSocket
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import (
    InterimTranscriptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.services.llm_service import LLMService
from pipecat.services.settings import LLMSettings, STTSettings, TTSSettings
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.utils.time import time_now_iso8601
from pipecat.workers.runner import WorkerRunner

FOLDER = Path(sys.argv[1])
TOLD = json.loads((FOLDER / "speech.json").read_text())
AUDIO = {text: (FOLDER / f"reply_{n:02}.pcm").read_bytes() for n, text in enumerate(TOLD["REPLY"])}
RATE_HZ = 8000
FRAME_MS = 20
SPEECH_TIMEOUT_S = 0.2


async def until(moment: float) -> None:
    """Sleep until a moment of the monotonic clock."""
    await asyncio.sleep(max(0.0, moment - time.monotonic()))


class Recognizer(STTService):
    """Final words a while after the last frame that is no digital silence."""

    def __init__(self, **options):
        settings = STTSettings(model="fake", language=None)
        super().__init__(ttfs_p99_latency=TOLD["STT_FINAL_MS"] / 1000, settings=settings, **options)
        self.spoken_ms, self.last_speech, self.final = 0, 0.0, None

    async def run_stt(self, audio):
        """Take 20 ms of linear samples."""
        if any(audio):
            self.last_speech = time.monotonic()
            self.spoken_ms += FRAME_MS
            if self.final:
                self.final.cancel()
                self.final = None
            if self.spoken_ms % TOLD["INTERIM_MS"] == 0:
                await self.push_frame(InterimTranscriptionFrame("words so far", "", time_now_iso8601()))
        elif self.spoken_ms and self.final is None:
            self.final = self.create_task(self._finish(self.last_speech))
        yield None

    async def _finish(self, last_speech):
        await until(last_speech + TOLD["STT_FINAL_MS"] / 1000)
        self.spoken_ms, self.final = 0, None
        await self.push_frame(TranscriptionFrame(TOLD["HEARD"], "", time_now_iso8601(), finalized=True))


class Model(LLMService):
    """The reply, word by word."""

    def __init__(self, **options):
        names = "temperature max_tokens top_p top_k frequency_penalty presence_penalty seed user_turn_completion_config"
        settings = LLMSettings(
            model="fake",
            system_instruction=None,
            filter_incomplete_user_turns=False,
            **dict.fromkeys(names.split()),
        )
        super().__init__(settings=settings, **options)

    async def process_frame(self, frame, direction):
        """Answer a context; pass the rest on."""
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        began = time.monotonic() + TOLD["FIRST_TOKEN_MS"] / 1000
        try:
            await self.push_frame(LLMFullResponseStartFrame())
            for number, token in enumerate(TOLD["TOKENS"]):
                await until(began + number / TOLD["TOKENS_PER_S"])
                await self.push_frame(LLMTextFrame(token))
        finally:
            await self.push_frame(LLMFullResponseEndFrame())


class Voice(TTSService):
    """The reply's audio, five times as fast as it is spoken."""

    def __init__(self, **options):
        settings = TTSSettings(model="fake", voice="fake", language=None)
        super().__init__(
            push_start_frame=True, push_stop_frames=True, sample_rate=RATE_HZ, settings=settings, **options
        )

    async def run_tts(self, text, context_id):
        """Yield the audio of a sentence."""
        audio = AUDIO.get(text.strip(), AUDIO[TOLD["REPLY"][0]])
        step = TOLD["CHUNK_MS"] * RATE_HZ // 1000 * 2
        began = time.monotonic() + TOLD["FIRST_AUDIO_MS"] / 1000
        for number, at in enumerate(range(0, len(audio), step)):
            await until(began + number * TOLD["CHUNK_MS"] / TOLD["SPEED"] / 1000)
            yield TTSAudioRawFrame(audio[at : at + step], RATE_HZ, 1, context_id=context_id)


app = FastAPI()


@app.websocket("/{path:path}")
async def call(socket: WebSocket, path: str) -> None:
    """Hold one call."""
    await socket.accept()
    await socket.receive_text()
    start = json.loads(await socket.receive_text())
    serializer = TwilioFrameSerializer(
        stream_sid=start["streamSid"],
        call_sid=start["start"]["callSid"],
        params=TwilioFrameSerializer.InputParams(auto_hang_up=False),
    )
    transport = FastAPIWebsocketTransport(
        websocket=socket,
        params=FastAPIWebsocketParams(
            audio_in_enabled=True, audio_out_enabled=True, add_wav_header=False, serializer=serializer
        ),
    )
    stop = SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=SPEECH_TIMEOUT_S)
    pair = LLMContextAggregatorPair(
        LLMContext([{"role": "system", "content": "You are a helpful phone agent."}]),
        user_params=LLMUserAggregatorParams(
            vad_analyzer=SileroVADAnalyzer(), user_turn_strategies=UserTurnStrategies(stop=[stop])
        ),
    )
    stages = [transport.input(), Recognizer(), pair.user(), Model(), Voice(), transport.output(), pair.assistant()]
    worker = PipelineWorker(
        Pipeline(stages),
        params=PipelineParams(audio_in_sample_rate=RATE_HZ, audio_out_sample_rate=RATE_HZ),
        enable_rtvi=False,
        enable_turn_tracking=False,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)

    @transport.event_handler("on_client_disconnected")
    async def gone(_transport, _client):
        await worker.cancel()

    await runner.run()


if __name__ == "__main__":
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[2]),
        log_level="warning",
        loop="uvloop",
        http="httptools",
        ws_ping_interval=None,
        backlog=2048,
    )
