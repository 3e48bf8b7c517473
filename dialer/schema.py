"""Every table, for whoever needs the whole schema: migrations and tests. Domains import their own models only."""

from dialer.accounts import models as accounts
from dialer.agents import models as agents
from dialer.calls import models as calls
from dialer.campaigns import models as campaigns
from dialer.chats import models as chats
from dialer.clock import ClockJump, ClockOffset
from dialer.crm import models as crm
from dialer.db import Base
from dialer.followups import models as followups
from dialer.knowledge import models as knowledge
from dialer.leads import models as leads
from dialer.outcomes import models as outcomes
from dialer.telephony import models as telephony
from dialer.training import models as training

metadata = Base.metadata

__all__ = [
    "ClockJump",
    "ClockOffset",
    "accounts",
    "agents",
    "calls",
    "campaigns",
    "chats",
    "crm",
    "followups",
    "knowledge",
    "leads",
    "metadata",
    "outcomes",
    "telephony",
    "training",
]
