"""Numbers are kept exactly: as sent, in millionths, and money in cents."""

from decimal import ROUND_HALF_EVEN, Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beforehand.clinical.quantities import (
    Numeral,
    QuantityError,
    cents_of,
    micro_of,
    numeral,
    read_number,
    read_quantity,
    text_of,
    whole_of,
)


def test_millionths_are_exact_where_floats_are_not():
    assert micro_of(0.1) + micro_of(0.2) == micro_of(0.3)
    assert micro_of(7.1) == micro_of(Numeral("7.10")) == 7_100_000


def test_digits_are_kept_as_sent():
    assert text_of(Numeral("7.10")) == "7.10"
    assert text_of(7.1) == "7.1"
    assert text_of(120.0) == "120.0"
    assert text_of(5) == "5"
    assert text_of(0.00001) == "0.00001"


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=6, allow_nan=False))
def test_a_number_of_up_to_six_decimals_has_its_exact_millionths(number):
    literal = format(number, "f")
    assert micro_of(Numeral(literal)) == int(number * 1_000_000)
    read = orjson.loads(literal)
    if isinstance(read, float) and repr(read) == literal:
        assert micro_of(read) == int(number * 1_000_000)


@given(st.floats(min_value=-1e9, max_value=1e9))
def test_more_decimals_are_rounded_half_to_even(value):
    exact = (Decimal(repr(value)) * 1_000_000).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
    assert micro_of(value) == int(exact)


@given(st.integers(-(10**12), 10**12))
def test_dollars_and_cents_are_exact(cents):
    dollars = Decimal(cents) / 100
    assert cents_of(Numeral(format(dollars, "f"))) == cents
    assert cents_of(float(dollars)) == cents


@given(st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-1000, max_value=1000))
def test_a_literal_is_kept_where_a_float_would_change_its_digits(number):
    literal = format(number, "f")
    assert str(numeral(literal)) == literal or repr(numeral(literal)) == literal


@pytest.mark.parametrize("value", [True, None, "7.1", [], {}, 1e30, 10**40, float("inf"), float("nan")])
def test_what_is_no_number_or_too_large_is_refused(value):
    with pytest.raises(QuantityError):
        micro_of(value)


def test_half_a_days_supply_is_not_a_whole_number():
    assert whole_of(30.0) == 30
    assert whole_of(Numeral("30.00")) == 30
    assert whole_of(0.5) is None


def test_a_quantity_is_read_as_people_write_it():
    assert read_quantity("9.1 %") == (9_100_000, "%", "9.1")
    assert read_quantity("120") == (120_000_000, None, "120")
    assert read_quantity("5.40 mmol/L") == (5_400_000, "mmol/L", "5.40")
    with pytest.raises(QuantityError):
        read_number("nine")
