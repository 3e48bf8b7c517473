"""Named points at which a process can be made to die, to prove that nothing is lost or doubled there.

`DIALER_CRASH_AT=leads.after_t2` kills the process at that point, `leads.after_t2:0.3` three times in ten. Unset, a
point costs one function call.
"""

from __future__ import annotations

import os
import random
import signal

_NAME, _, _SHARE = os.environ.get("DIALER_CRASH_AT", "").partition(":")

if _NAME:

    def crash_point(name: str) -> None:
        """Die here, as by kill -9, if this is the point that `DIALER_CRASH_AT` names."""
        if name == _NAME and random.random() < float(_SHARE or 1):
            os.kill(os.getpid(), signal.SIGKILL)

else:

    def crash_point(name: str) -> None:
        """Do nothing: `DIALER_CRASH_AT` is not set."""
