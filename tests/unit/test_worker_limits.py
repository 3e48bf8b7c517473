"""A call worker may hold more sockets than a shell's usual limit lets it."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from workers.run import MOST_FILES, open_more_files


@pytest.fixture
def hard() -> Iterator[int]:
    """The hard limit; whatever the test does to the soft one is undone."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield before[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_as_many_files_as_the_system_allows(hard: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))

    open_more_files()

    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (most, hard)


def test_the_highest_limit_stays(hard: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    open_more_files()

    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
