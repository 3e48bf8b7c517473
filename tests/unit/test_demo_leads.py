from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import phonenumbers
import pytest

from dialer.demo import leads


def cells(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, delimiter=leads.DELIMITER))


@pytest.mark.parametrize("rows", [1, 7, 60, 500])
def test_the_list_has_as_many_data_rows_as_asked_for(rows: int, tmp_path: Path) -> None:
    header, *data = cells(leads.write(tmp_path / "leads.csv", rows=rows, seed=7))

    assert header == list(leads.HEADER)
    assert len(data) == rows


def test_a_seed_always_gives_the_same_list(tmp_path: Path) -> None:
    first, again, other = (
        leads.write(tmp_path / f"{number}.csv", rows=60, seed=seed).read_bytes()
        for number, seed in enumerate((7, 7, 8))
    )

    assert first == again != other


def test_the_list_is_as_messy_as_a_spreadsheet_makes_it(tmp_path: Path) -> None:
    path = leads.write(tmp_path / "leads.csv", rows=60, seed=7)
    text = path.read_bytes()
    phones = [row[2] for row in cells(path)[1:]]

    assert text.startswith(b"\xef\xbb\xbf")
    assert b"\r\n" in text
    assert any(phone.startswith("'") for phone in phones)
    assert any(phone.startswith('="') for phone in phones)
    assert "4.47946E+11" in phones
    assert any("\n" in row[-1] for row in cells(path))
    assert any(not row[5] for row in cells(path))


def test_numbers_are_fictional_valid_and_of_at_least_three_countries(tmp_path: Path) -> None:
    dialable = Counter[str]()
    for row in cells(leads.write(tmp_path / "leads.csv", rows=60, seed=7))[1:]:
        try:
            number = phonenumbers.parse(row[2].strip("'=\""), "US")
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            dialable[phonenumbers.region_code_for_number(number) or ""] += 1

    assert len([region for region, count in dialable.items() if count >= 3]) >= 3
