"""Several readers of transcripts as one: the next takes over where one cannot, and goes first for a while."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from dialer import log
from dialer.errors import VendorBusy, VendorRefused
from dialer.llm.base import Extractor

logger = log.get(__name__)

REST_S: Final = 60.0
"""A reader that does not answer costs its whole timeout: it is asked again, first, after so long."""


class Readers:
    """An extractor that asks each in order, whoever failed lately last."""

    name = "language model"

    def __init__(self, readers: Sequence[Extractor], clock: Callable[[], float] = time.monotonic) -> None:
        self._readers = readers
        self._clock = clock
        self._rests_until_s: dict[str, float] = {}

    def extract(self, instructions: str, transcript: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return the first object that a reader finds.

        Raises:
            VendorRefused, VendorBusy: what the last one said; busy if any was, for then asking again may help.
        """
        said: VendorBusy | VendorRefused = VendorBusy(self.name, "none is configured")
        now = self._clock()
        for reader in sorted(self._readers, key=lambda each: now < self._rests_until_s.get(each.name, 0.0)):
            try:
                return reader.extract(instructions, transcript, schema)
            except (VendorBusy, VendorRefused) as error:
                if isinstance(error, VendorBusy):
                    self._rests_until_s[reader.name] = self._clock() + REST_S
                logger.warning("transcript not read", vendor=reader.name, error=str(error))
                said = error if isinstance(error, VendorBusy) or reader is self._readers[0] else said
        raise said
