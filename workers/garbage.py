"""When a call worker looks for garbage: objects in circles, which are not freed as the last reference to them goes.

A search holds up all calls, for some 1.3 ms a thousand objects, living ones too; and what a call was made of is in no
circle (`dialer.conversation.weakly`). So there is none until there may be as much garbage as there are living objects,
but for when nobody talks.
"""

from __future__ import annotations

import gc
from typing import Final

OBJECTS_A_CALL: Final = 1_000
"""A call is made of some 400; and so many more are too few to look for."""


def begin() -> None:
    """Leave the search to `look`. What is there now stays for good, and is not gone through again."""
    gc.collect()
    gc.freeze()
    gc.disable()


def look(calls: int) -> bool:
    """Search if there is reason to, with so many calls going on; return whether there was."""
    made, *_ = gc.get_count()  # those that are gone again do not count
    if made < OBJECTS_A_CALL * (1 + calls):
        return False
    gc.collect()
    return True
