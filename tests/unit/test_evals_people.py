"""What a person says whom a language model plays."""

from __future__ import annotations

import asyncio

from dialer.conversation.vendors import Crew, LiveVendors
from dialer.errors import VendorBusy
from dialer.evals.cases import Line, Person
from dialer.evals.people import Simulated
from tests.realtime.scripted import FakeBrain


def test_who_is_broken_off_says_nothing_twice() -> None:
    brain = FakeBrain(["I see. I think that ", VendorBusy("brain", "cut")], ["I think that is fine. [hang up]"])
    pat = Simulated(Person(persona="Pat."), Crew(LiveVendors((), (), (brain,))))

    assert asyncio.run(pat.next("Hello.")) == Line(says="I see. I think that is fine.", hangs_up=True)
