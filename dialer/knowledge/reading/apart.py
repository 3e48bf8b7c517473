"""Reads a document in a process of its own, with limits of time and memory.

A document made to hurt costs its uploader an error. It also takes the work off this process's interpreter, where others
wait: web requests, outcomes.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import threading
from dataclasses import asdict
from typing import Final

from dialer.errors import BadInput
from dialer.knowledge import reading
from dialer.knowledge.sections import Section

READ_S: Final = 60.0
MEMORY_BYTES: Final = 2 << 30
MOST_BYTES: Final = 20_000_000
MOST_CHARACTERS: Final = 5_000_000
_BAD_INPUT: Final = 2
_AT_ONCE = threading.BoundedSemaphore(2)


def read(name: str, body: bytes) -> list[Section]:
    """Return the sections of a document.

    Raises:
        BadInput: it cannot be read; the message says what is wrong and where in the document.
    """
    format_ = reading.format_of(name)
    if len(body) > MOST_BYTES:
        raise BadInput(f"{name}: {len(body):,} bytes are more than the {MOST_BYTES:,} that are taken.")
    with _AT_ONCE:
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-m", __name__, format_],
                env={},
                input=body,
                capture_output=True,
                timeout=READ_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise BadInput(f"{name}: it could not be read within {READ_S:.0f} s.") from error
    if done.returncode == _BAD_INPUT:
        raise BadInput(f"{name}: {done.stdout.decode(errors='replace')}")
    if done.returncode != 0:
        raise BadInput(f"{name}: it cannot be read; the reader gave up on it.")
    sections = [Section(**found) for found in json.loads(done.stdout)]
    if (characters := sum(len(found.text) for found in sections)) > MOST_CHARACTERS:
        raise BadInput(f"{name}: {characters:,} characters are more than the {MOST_CHARACTERS:,} that are taken.")
    return sections


def main() -> int:
    """Read a document from standard input and write its sections, or what is wrong with it, to standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (int(READ_S), int(READ_S)))
    try:
        sections = reading.reader(sys.argv[1]).read(sys.stdin.buffer.read())
    except BadInput as error:
        sys.stdout.write(str(error))
        return _BAD_INPUT
    json.dump([asdict(found) for found in sections], sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
