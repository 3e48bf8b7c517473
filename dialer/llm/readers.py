"""Several readers of transcripts as one: the next takes over where one cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dialer import log
from dialer.errors import VendorBusy, VendorRefused
from dialer.llm.base import Extractor

logger = log.get(__name__)


class Readers:
    """An extractor that asks each in order."""

    name = "language model"

    def __init__(self, readers: Sequence[Extractor]) -> None:
        self._readers = readers

    def extract(self, instructions: str, transcript: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return the first object that a reader finds.

        Raises:
            VendorRefused, VendorBusy: what the last one said; busy if any was, for then asking again may help.
        """
        said: VendorBusy | VendorRefused = VendorBusy(self.name, "none is configured")
        for reader in self._readers:
            try:
                return reader.extract(instructions, transcript, schema)
            except (VendorBusy, VendorRefused) as error:
                logger.warning("transcript not read", vendor=reader.name, error=str(error))
                said = error if isinstance(error, VendorBusy) or reader is self._readers[0] else said
        raise said
