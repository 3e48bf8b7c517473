from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dialer.conversation.facts import HandedIn
from tests.realtime.calling import Call
from tests.realtime.scripted import run


@pytest.fixture
def play() -> Callable[..., None]:
    def player(scene: Callable[[Call], Any], **parts: Any) -> None:
        async def main() -> None:
            call = Call(**parts)
            try:
                await scene(call)
            finally:
                await call.close()
            assert len(call.hand.of(HandedIn)) == 1
            assert isinstance(call.hand.facts[-1], HandedIn)
            assert call.over == 1

        run(main())

    return player
