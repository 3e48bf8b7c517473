"""A connection to PostgreSQL that does not wait for ever.

The server's own timeouts cannot reach a client whose network swallows every byte: no error comes, no end, nothing.
"""

from __future__ import annotations

import time
from typing import TypeVar

import psycopg
from psycopg.abc import PQGen

ANSWER_S = 35.0
"""Longer than the server lets any statement run: after this nobody is there any more."""

T = TypeVar("T")


class Connection(psycopg.Connection[tuple[object, ...]]):
    """Gives up on a server that says nothing for `ANSWER_S` seconds, and is closed then."""

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Wait for the server's answer.

        Raises:
            OperationalError: there was none; what was asked for may have happened or not.
        """
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        began = time.monotonic()
        try:
            return super().wait(gen, interval, ANSWER_S)
        except psycopg.OperationalError as error:
            if time.monotonic() - began < ANSWER_S:
                raise
            self.pgconn.finish()
            raise psycopg.OperationalError(f"no answer from the server for {ANSWER_S:.0f} s") from error
