"""Figures as each language says them."""

from __future__ import annotations

import pytest

from dialer.languages.known import of


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("It costs $4,000.", "It costs four thousand dollars."),
        ("That is $1.50 each.", "That is one dollar and fifty cents each."),
        ("£0.05", "five pence"),
        ("Rs. 250", "two hundred fifty rupees"),
        ("about 25%", "about twenty-five percent"),
        ("at 3:30 pm", "at three thirty p m"),
        ("at 15:05 tomorrow", "at three oh five p m tomorrow"),
        ("at 9:00", "at nine a m"),
        ("on 2026-11-24", "on November twenty-fourth"),
        ("the 31st, the 12th and the 3rd", "the thirty-first, the twelfth and the third"),
        ("call 2125550142", "call two one two five five five zero one four two"),
        ("1, 2 1 2, 5 5 5", "one, two one two, five five five"),
        (
            "3.5 tons, 1,234,567 people",
            "three point five tons, one million two hundred thirty-four thousand five hundred sixty-seven people",
        ),
        ("room A4, model X100", "room A4, model X100"),
        ("2026-02-31", "2026-02-31"),
        ("no figures here", "no figures here"),
    ],
)
def test_english(written: str, spoken: str) -> None:
    assert of("en-US").read_aloud(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("कीमत ₹45,000 है।", "कीमत पैंतालीस हज़ार रुपये है।"),
        ("₹1,25,50,000", "एक करोड़ पच्चीस लाख पचास हज़ार रुपये"),
        ("₹99.50", "निन्यानवे रुपये पचास पैसे"),
        ("18% छूट", "अठारह प्रतिशत छूट"),
        ("15:30 पर", "दोपहर साढ़े तीन बजे पर"),
        ("9:15", "सुबह सवा नौ बजे"),
        ("1:30 pm", "दोपहर डेढ़ बजे"),
        ("14:30", "दोपहर ढाई बजे"),
        ("16:45", "शाम पौने पाँच बजे"),
        ("21:10", "रात नौ बजकर दस मिनट"),
        ("2026-11-24 को", "चौबीस नवंबर को"),
        ("3.5 किलोवाट", "तीन दशमलव पाँच किलोवाट"),
        ("9876543210", "नौ आठ सात छह पाँच चार तीन दो एक शून्य"),
        ("1, 2 1 2", "एक, दो एक दो"),
        ("79 लोग", "उनासी लोग"),
    ],
)
def test_hindi(written: str, spoken: str) -> None:
    assert of("hi-IN").read_aloud(written) == spoken


def test_hindi_has_a_word_for_each_number_to_ninety_nine() -> None:
    said = [of("hi").read_aloud(str(number)) for number in range(100)]
    assert len(set(said)) == 100


def test_a_language_without_a_module_is_left_to_its_voice() -> None:
    assert of("de-DE").read_aloud("4.000 Euro") == "4.000 Euro"
