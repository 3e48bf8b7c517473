from re import _parser as parser

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import timezone

from dialer.errors import BadInput
from dialer.leads import phones
from dialer.leads.cells import clean
from dialer.leads.phones import Number, Refusal


def read(cell: str, region: str = "US"):
    number = phones.read(clean(cell), region)
    return number.e164 if isinstance(number, Number) else number


@pytest.mark.parametrize(
    "cell",
    [
        "2125550123", "(212) 555-0123", "212.555.0123", "212 555 0123", "+1 212-555-0123", "1-212-555-0123",
        "tel:+1-212-555-0123", "'2125550123", "'+12125550123", '="2125550123"', '="+1 (212) 555-0123"', "=2125550123",
        "2125550123.0", "12125550123.00", "2125550123,0", "1.2125550123E+10", "1,2125550123e10", "2.125550123E+09",
        "2,125,550,123", "+1\u00a0212\u00a0555\u00a00123", "\u200e+1 212 555 0123\u202c", "\ufeff2125550123",
        "\uff12\uff11\uff12\uff15\uff15\uff15\uff10\uff11\uff12\uff13", "\uff0b1 212 555 0123", "٢١٢٥٥٥٠١٢٣",
        "212\u2013555\u20130123", "001 212 555 0123",
        "212-555-0123 ext. 44", "2125550123x7", "2125550123,44", "\t2125550123 ",
    ],
)  # fmt: skip
def test_ways_of_writing_one_number(cell) -> None:
    assert read(cell) == "+12125550123"


@pytest.mark.parametrize(
    ("cell", "region", "e164"),
    [
        ("020 7946 0123", "GB", "+442079460123"),
        ("2079460123", "GB", "+442079460123"),  # its leading zero was lost, and only one number can be meant
        ("442079460123", "GB", "+442079460123"),
        ("+44 (0)20 7946 0123", "US", "+442079460123"),
        ("0044 20 7946 0123", "US", "+442079460123"),
        ("011 44 20 7946 0123", "US", "+442079460123"),
        ("0491 570 156", "AU", "+61491570156"),
        ("06 1234 5678", "IT", "+390612345678"),  # an Italian zero belongs to the number
        ("0211/1234567", "DE", "+492111234567"),  # a slash after the area code
    ],
)
def test_numbers_of_other_countries(cell, region, e164) -> None:
    assert read(cell, region) == e164


@pytest.mark.parametrize(
    ("cell", "region", "refusal"),
    [
        ("", "US", Refusal.EMPTY),
        ("n/a", "US", Refusal.NOT_A_NUMBER),
        ("1.21256E+10", "US", Refusal.LOST_DIGITS),
        ("1.212555012E+10", "US", Refusal.LOST_DIGITS),
        ("4.41234E+11", "GB", Refusal.LOST_DIGITS),
        ("1E+999", "US", Refusal.LOST_DIGITS),
        ("212-555-0123 / 212-555-0199", "US", Refusal.SEVERAL),
        ("2125550123; 2125550199", "US", Refusal.SEVERAL),
        ("2125550123 or 2125550199", "US", Refusal.SEVERAL),
        ("2125550123\n2125550199", "US", Refusal.SEVERAL),
        ("442079460123", "US", Refusal.NO_PLUS),
        ("555-0123", "US", Refusal.INVALID),
        ("12345678901234567890", "US", Refusal.NOT_A_NUMBER),
        ("1112223333", "US", Refusal.INVALID),
        ("911", "US", Refusal.EMERGENCY),
        ("112", "US", Refusal.EMERGENCY),
        ("999", "GB", Refusal.EMERGENCY),
        ("000", "AU", Refusal.EMERGENCY),
        ("9-1-1", "US", Refusal.EMERGENCY),
        ("411", "US", Refusal.SHORT),
        ("+1 900 555 0123", "US", Refusal.PREMIUM),
        ("09098 790123", "GB", Refusal.PREMIUM),
        ("800 555 0123", "US", Refusal.TOLL_FREE),
        ("212555 ask Bob", "US", Refusal.NOT_A_NUMBER),
        ("911 emergency", "US", Refusal.NOT_A_NUMBER),
        ("070 1234 5678", "GB", Refusal.PERSONAL),
    ],
)
def test_what_is_refused_and_why(cell, region, refusal) -> None:
    assert read(cell, region) is refusal


def test_extension_is_kept_apart() -> None:
    number = phones.read("212-555-0123 ext. 44", "US")
    assert isinstance(number, Number)
    assert (number.e164, number.extension) == ("+12125550123", "44")


@pytest.mark.parametrize(
    ("e164", "region", "zones"),
    [
        ("+12125550123", "US", ("America/New_York",)),
        ("+14165550123", "CA", ("America/Toronto",)),
        ("+442079460123", "GB", ("Europe/London",)),
    ],
)
def test_region_and_zones_of_a_number(e164, region, zones) -> None:
    number = phones.read(e164, "US")
    assert isinstance(number, Number)
    assert (number.region, number.zones) == (region, zones)


def test_all_candidate_zones_are_kept() -> None:
    number = phones.read("+61491570156", "US")
    assert isinstance(number, Number)
    assert {"Australia/Perth", "Australia/Sydney"} <= set(number.zones)


def _free_tail(pattern) -> int:
    """How many positions at the end of a parsed pattern take any digit, in every alternative."""
    free = 0
    for kind, value in reversed(list(pattern)):
        if kind is parser.MAX_REPEAT and value[0] == value[1] and _is_any_digit(list(value[2])):
            free += value[0]
        elif _is_any_digit([(kind, value)]):
            free += 1
        elif kind is parser.SUBPATTERN:
            return free + _free_tail(value[3])
        elif kind is parser.BRANCH:
            return free + min(map(_free_tail, value[1]))
        else:
            return free
    return free


def _is_any_digit(parsed) -> bool:
    return parsed == [(parser.IN, [(parser.CATEGORY, parser.CATEGORY_DIGIT)])]


def test_rules_of_us_and_canada_do_not_look_at_the_last_four_digits() -> None:
    looked_at = 0
    for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[1]:
        metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
        if metadata.leading_digits:  # numbers of this country are told by these alone
            assert parser.parse(metadata.leading_digits).getwidth()[1] <= 6
            continue
        assert region in ("US", "CA", "DO", "PR")
        for desc in (value for value in vars(metadata).values() if isinstance(value, phonenumbers.PhoneNumberDesc)):
            if desc.national_number_pattern:
                looked_at += 1
                assert _free_tail(parser.parse(desc.national_number_pattern)) >= 4, (region, desc)
    assert looked_at >= 10
    assert max(len(key) for key in timezone.TIMEZONE_DATA if key.startswith("1")) <= 7


@settings(max_examples=400, deadline=None)
@given(st.integers(200_000_0000, 999_999_9999), st.sampled_from(["{}", "+1{}", "1{}", "({0:.3}) {0}"]))
def test_short_cut_agrees_with_the_library(digits, template) -> None:
    text = str(digits)
    cell = f"({text[:3]}) {text[3:6]}-{text[6:]}" if template.startswith("(") else template.format(text)
    parsed = phonenumbers.parse(cell, "US")
    mine = phones.read(cell, "US")
    assert isinstance(mine, Number) == (
        phonenumbers.is_valid_number(parsed) and phonenumbers.number_type(parsed) not in phones.REFUSED_TYPES
    )
    if isinstance(mine, Number):
        assert mine.e164 == phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
        assert mine.region == phonenumbers.region_code_for_number(parsed)
        assert mine.zones == tuple(z for z in timezone.time_zones_for_number(parsed) if z != "Etc/Unknown")


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)), st.data())
def test_zones_agree_with_the_library_everywhere(region, data) -> None:
    kind = data.draw(st.sampled_from([phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE]))
    example = phonenumbers.example_number_for_type(region, kind)
    if example is None:
        return
    mine = phones.read(phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164), "US")
    assert isinstance(mine, Number)
    assert mine.zones == tuple(z for z in timezone.time_zones_for_number(example) if z != "Etc/Unknown")


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=40), st.sampled_from(["US", "GB", "AU", "IT"]))
def test_any_text_is_a_number_or_a_reason(cell, region) -> None:
    number = phones.read(clean(cell), region)
    if isinstance(number, Number):
        assert phonenumbers.is_valid_number(phonenumbers.parse(number.e164))
    else:
        assert number.value


def test_unknown_region_is_bad_input() -> None:
    assert phones.known_region("uk") == "GB"
    with pytest.raises(BadInput, match="Narnia"):
        phones.known_region("Narnia")
