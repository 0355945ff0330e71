"""Promise: what becomes a folder or a key is a plain name, and two pairs never share one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast_pipeline.core.errors import UnknownSymbol
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.symbol import normalise_symbol, pip_size

HOSTILE = (
    *("../x", "..", ".", "/etc/passwd", "*", "a|b", "a,b", "a...b", "EUR\0USD", "EURUSD\n", "\nEURUSD", "A" * 300),
    *("CON", "nul", "com1", "LPT9", "", " ", "A", "EUR💶USD", "ÉURUSD", "eurußd", "EURUSD ", " EURUSD", "EUR//USD"),
    *("EUR/US", "EURO/USD", "E/URUSD", "EUR-USD-X", "EUR\\USD", "EUR.USD", "$HOME", "%2e%2e", "a:b", "EUR\tUSD"),
    *("ＥＵＲＵＳＤ", "EUR\u202eUSD", "'; DROP TABLE candles; --", "<script>", "eur_usd/", "-rf", "EUR/USD\n"),  # noqa: RUF001
)
# Few characters, so that spellings of the same name meet often.
spellings = st.text(st.sampled_from("aAbB12/-_ ."), max_size=8) | st.from_regex(
    re.compile(r"[aAbB]{3}[/_\- ]?[aAbB]{3}"), fullmatch=True
)


def accepted(text):
    try:
        return normalise_symbol(text)
    except UnknownSymbol:
        return None


@pytest.mark.parametrize("text", HOSTILE, ids=repr)
def test_a_hostile_name_is_refused(text):
    """Fault 11."""
    with pytest.raises(UnknownSymbol, match="symbol must be 2 to 12 letters or digits"):
        normalise_symbol(text)


@pytest.mark.parametrize("text", ["EURUSD", "eurusd", "EUR/USD", "eur/usd", "eur-usd", "Eur_Usd", "EUR USD"])
def test_every_spelling_of_a_pair_is_one_symbol(text):
    assert normalise_symbol(text) == "EURUSD"


@pytest.mark.parametrize("text", ["US500", "XAUUSD", "DAX", "BTCUSDT", "A1"])
def test_other_instruments_keep_their_name(text):
    assert normalise_symbol(text) == text


@settings(max_examples=300)
@given(spellings, spellings)
def test_two_different_names_never_meet(first, second):
    """Fault 11: the separator may fall away only between two currencies of three letters."""

    def name(text):
        pair = re.fullmatch(r"([A-Z]{3})[/_\- ]([A-Z]{3})", text.upper())
        return "".join(pair.groups()) if pair else text.upper()

    symbols = accepted(first), accepted(second)

    assert None in symbols or (symbols[0] == symbols[1]) == (name(first) == name(second))


@settings(max_examples=300)
@given(st.text(max_size=20) | spellings)
def test_what_is_accepted_is_plain_and_stays_as_it_is(text):
    """Fault 11."""
    symbol = accepted(text)

    if symbol is not None:
        assert re.fullmatch("[A-Z0-9]{2,12}", symbol)
        assert normalise_symbol(symbol) == symbol
        assert Home(Path("/root")).candles(symbol).parent == Path("/root/lake/candles")


def test_a_pip_is_the_fourth_decimal_but_the_second_of_the_yen():
    assert [pip_size(s) for s in ("EURUSD", "USDJPY", "EURHUF", "JPYUSD")] == [0.0001, 0.01, 0.01, 0.0001]
