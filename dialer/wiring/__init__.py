"""Who is who: the only package that names vendors. Built from settings where a process starts.

Vendors' files are imported when they are used, for their SDKs take seconds.
"""

from dialer.wiring.brains import reader
from dialer.wiring.carriers import carrier
from dialer.wiring.destinations import crms
from dialer.wiring.live import live_vendors
from dialer.wiring.messaging import messengers
from dialer.wiring.process import Wiring, broker

__all__ = ["Wiring", "broker", "carrier", "crms", "live_vendors", "messengers", "reader"]
