"""How Hindi says numbers, times, dates and amounts of money."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import Final

from babel.dates import format_date

from dialer.languages.writing import Reading

_TO_99_TEXT: Final = (
    "शून्य एक दो तीन चार पाँच छह सात आठ नौ दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस बीस इक्कीस बाईस तेईस "
    "चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस तीस इकतीस बत्तीस तैंतीस चौंतीस पैंतीस छत्तीस सैंतीस अड़तीस उनतालीस चालीस "
    "इकतालीस बयालीस तैंतालीस चवालीस पैंतालीस छियालीस सैंतालीस अड़तालीस उनचास पचास इक्यावन बावन तिरपन चौवन पचपन छप्पन "
    "सत्तावन अट्ठावन उनसठ साठ इकसठ बासठ तिरसठ चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर सत्तर इकहत्तर बहत्तर तिहत्तर चौहत्तर "
    "पचहत्तर छिहत्तर सतहत्तर अठहत्तर उनासी अस्सी इक्यासी बयासी तिरासी चौरासी पचासी छियासी सत्तासी अट्ठासी नवासी नब्बे "
    "इक्यानवे बानवे तिरानवे चौरानवे पचानवे छियानवे सत्तानवे अट्ठानवे निन्यानवे"
)
_TO_99: Final = tuple(_TO_99_TEXT.split())
"""Hindi has a word of its own for each number to ninety-nine."""
_SCALES: Final = ((10**7, "करोड़"), (10**5, "लाख"), (1000, "हज़ार"), (100, "सौ"))
_ORDINALS: Final = {1: "पहला", 2: "दूसरा", 3: "तीसरा", 4: "चौथा", 6: "छठा"}
_CURRENCIES: Final = {"$": ("डॉलर", "सेंट"), "€": ("यूरो", "सेंट"), "£": ("पाउंड", "पेंस"), "₹": ("रुपये", "पैसे")}
_PARTS: Final = ((4, "रात"), (12, "सुबह"), (16, "दोपहर"), (20, "शाम"), (24, "रात"))
"""The part of the day until each hour."""


def _cardinal(value: int) -> str:
    for scale, name in _SCALES:
        if value >= scale:
            rest = value % scale
            return f"{_cardinal(value // scale)} {name}{f' {_cardinal(rest)}' if rest else ''}"
    return _TO_99[value]


def _number(value: Decimal) -> str:
    whole, _, part = f"{value:f}".partition(".")
    return f"{_cardinal(int(whole))} दशमलव {_digits(part)}" if part else _cardinal(int(whole))


def _ordinal(value: int) -> str:
    return _ORDINALS.get(value) or f"{_cardinal(value)}वाँ"


def _digits(written: str) -> str:
    return " ".join(_TO_99[int(digit)] for digit in written)


def _money(sign: str, amount: Decimal) -> str:
    whole, part = int(amount), round(amount % 1 * 100)
    unit, cent = _CURRENCIES[sign]
    said = [f"{_cardinal(whole)} {unit}"] if whole or not part else []
    return " ".join([*said, *([f"{_cardinal(part)} {cent}"] if part else [])])


def _percent(value: Decimal) -> str:
    return f"{_number(value)} प्रतिशत"


def _time(at: time) -> str:
    part = next(name for until, name in _PARTS if at.hour < until)
    return f"{part} {_clock(at.hour % 12 or 12, at.minute)}"


def _clock(hour: int, minute: int) -> str:
    match hour, minute:
        case _, 0:
            return f"{_TO_99[hour]} बजे"
        case 1, 30:
            return "डेढ़ बजे"
        case 2, 30:
            return "ढाई बजे"
        case _, 30:
            return f"साढ़े {_TO_99[hour]} बजे"
        case _, 15:
            return f"सवा {_TO_99[hour]} बजे"
        case 12, 45:
            return "पौन बजे"
        case _, 45:
            return f"पौने {_TO_99[hour + 1]} बजे"
        case _:
            return f"{_TO_99[hour]} बजकर {_TO_99[minute]} मिनट"


def _date(day: date) -> str:
    return f"{_TO_99[day.day]} {format_date(day, 'MMMM', locale='hi')}"


READING: Final = Reading(_number, _ordinal, _digits, _money, _percent, _time, _date)
