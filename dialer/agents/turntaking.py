"""When a turn is over, when the agent yields, and how long anybody waits: an agent's own settings.

What each costs is measured in docs/latency.md.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Turntaking(BaseModel):
    """One agent's settings. Milliseconds and seconds, as their names say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoint_ms: int = Field(default=500, ge=100, le=3000)
    """Silence after which a turn is over if the words do not say so sooner."""
    endpoint_sure_ms: int = Field(default=200, ge=50, le=2000)
    """The same when the recognizer or the words say that the sentence is complete."""
    endpoint_open_ms: int = Field(default=1000, ge=100, le=5000)
    """The same after words that promise more ("and", "because", "um")."""
    eager: bool = True
    """Whether the model is asked once a turn is probably over; its answer is thrown away if the person goes on."""
    eager_ms: int = Field(default=120, ge=20, le=1000)
    """Silence after which a turn is probably over, unless its words promise more. One of which the recognizer says
    that it is over is so at once."""
    eager_most: int = Field(default=3, ge=1, le=20)
    """Times that the model is asked so within one turn; after that it waits for the turn's end."""
    barge_in_ms: int = Field(default=80, ge=40, le=1000)
    """Confirmed speech after which the agent falls silent."""
    verdict_ms: int = Field(default=700, ge=200, le=3000)
    """Time in which a voice must prove, after the agent fell silent for it, to be more than a nod or a noise."""
    filler_after_ms: int = Field(default=800, ge=200, le=10_000)
    """A tool that takes longer is bridged with the agent's filler line."""
    digits_gap_s: float = Field(default=2.0, ge=0.5, le=10)
    """Without another key for so long, a number is complete; # completes it at once."""
    silence_prompt_s: float = Field(default=6.0, ge=2, le=60)
    silence_prompts: int = Field(default=2, ge=0, le=5)
    max_call_s: int = Field(default=600, ge=30, le=3600)
