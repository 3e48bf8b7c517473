"""How an agent finds its way through a phone menu, if it has the tool press_digits."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Menus(BaseModel):
    """One agent's settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    wants: tuple[str, ...] = (
        "operator",
        "representative",
        "reception",
        "front desk",
        "speak",
        "talk to",
        "someone",
        "all other",
        "anything else",
        "english",
    )
    """Words of the choice that is wanted, the dearest first: of those offered, the first is taken."""
    ask_model: bool = True
    """Whether the model chooses where none of these words is offered."""
    max_presses: int = Field(default=5, ge=1, le=12)
    max_s: int = Field(default=120, ge=15, le=600)
    """Menus, music and waiting together; then the call is ended."""
