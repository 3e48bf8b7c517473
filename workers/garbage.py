"""When a call worker looks for garbage: objects in circles, which are not freed as the last reference to them goes.

A search holds up all calls, for some 1.3 ms a thousand objects, living ones too; and what a call was made of is in no
circle (`dialer.conversation.weakly`). So there is none while people talk until there may be much garbage, for there is
some where something fails; but there is one when they have stopped.
"""

from __future__ import annotations

import gc
from typing import Final

OWN: Final = 600
"""Objects that a call is made of: some 400 as it begins, and 13 more for each turn that it remembers."""
LITTLE: Final = 1_000
"""So many more are too few to look for, and half as many for each call that goes on;"""
MUCH: Final = 50_000
"""but not more than these. An object that a failure left has up to 1.4 KB behind it."""


class Search:
    """Stands in for Python's own searches, in the process that makes one."""

    def __init__(self) -> None:
        """Switch those off. What is there now stays for good, and is not gone through again."""
        gc.collect()
        gc.freeze()
        gc.disable()
        self._talked = False
        """Whether there were calls when it was last looked."""

    def look(self, calls: int) -> bool:
        """Search if there is reason to, with so many calls going on; return whether there was."""
        talked, self._talked = self._talked, calls > 0
        made, *_ = gc.get_count()  # more than are gone since the last search, of whatever age
        over = talked and not calls
        if not over and made < OWN * calls + min(LITTLE + LITTLE * calls // 2, MUCH):
            return False
        gc.collect()
        return True
