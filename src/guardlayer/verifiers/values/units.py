"""Units, currencies and counted nouns: tables, and how one unit converts to another."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from guardlayer.verifiers.values.model import ValueType

_D = Decimal

# dimension -> {symbol: factor to the base of the dimension}
_DIMENSIONS: dict[str, dict[str, Decimal]] = {
    "length": {
        "mm": _D("0.001"),
        "cm": _D("0.01"),
        "m": _D(1),
        "km": _D(1000),
        "in": _D("0.0254"),
        "ft": _D("0.3048"),
        "yd": _D("0.9144"),
        "mi": _D("1609.344"),
    },
    "mass": {
        "mg": _D("0.000001"),
        "g": _D("0.001"),
        "kg": _D(1),
        "t": _D(1000),
        "lb": _D("0.45359237"),
        "oz": _D("0.028349523125"),
    },
    # Decimal prefixes as SI has them; the binary ones only where they are written (KiB).
    "data": {
        "B": _D(1),
        "KB": _D(10**3),
        "MB": _D(10**6),
        "GB": _D(10**9),
        "TB": _D(10**12),
        "PB": _D(10**15),
        "KiB": _D(2**10),
        "MiB": _D(2**20),
        "GiB": _D(2**30),
        "TiB": _D(2**40),
    },
    "bandwidth": {"kbps": _D(10**3), "Mbps": _D(10**6), "Gbps": _D(10**9)},
    "area": {
        "m²": _D(1),
        "km²": _D(10**6),
        "ha": _D(10**4),
        "acre": _D("4046.8564224"),
        "ft²": _D("0.09290304"),
        "mi²": _D("2589988.110336"),
    },
    "volume": {"ml": _D("0.001"), "l": _D(1), "m³": _D(1000), "gal": _D("3.785411784")},
    "speed": {"m/s": _D(1), "km/h": _D(1) / _D("3.6"), "mph": _D("0.44704")},
    "frequency": {"Hz": _D(1), "kHz": _D(10**3), "MHz": _D(10**6), "GHz": _D(10**9)},
    "power": {"W": _D(1), "kW": _D(10**3), "MW": _D(10**6), "GW": _D(10**9), "hp": _D("745.69987158227")},
    "energy": {"J": _D(1), "kJ": _D(10**3), "Wh": _D(3600), "kWh": _D(3600) * 10**3, "MWh": _D(3600) * 10**6},
    "clock": {
        "ms": _D("0.001"),
        "second": _D(1),
        "minute": _D(60),
        "hour": _D(3600),
        "day": _D(86400),
        "week": _D(604800),
    },
    # Months have no fixed length, so that these are counted in months and meet the clock only as ranges.
    "calendar": {"month": _D(1), "quarter": _D(3), "year": _D(12), "decade": _D(120), "century": _D(1200)},
}

DIMENSION: dict[str, tuple[str, Decimal]] = {
    symbol: (dimension, factor) for dimension, table in _DIMENSIONS.items() for symbol, factor in table.items()
}
"""Symbol of a unit to its dimension and its factor in that dimension."""

_SPELLED = {
    "mm": "millimetre millimetres millimeter millimeters",
    "cm": "centimetre centimetres centimeter centimeters",
    "m": "metre metres meter meters",
    "km": "kilometre kilometres kilometer kilometers kms",
    "in": "inch inches",
    "ft": "foot feet",
    "yd": "yard yards",
    "mi": "mile miles",
    "mg": "milligram milligrams",
    "g": "gram grams gramme grammes",
    "kg": "kilogram kilograms kilo kilos kgs",
    "t": "tonne tonnes ton tons",
    "lb": "lbs",
    "oz": "ounce ounces",
    "B": "byte bytes",
    "KB": "kilobyte kilobytes",
    "MB": "megabyte megabytes mb",
    "GB": "gigabyte gigabytes gb",
    "TB": "terabyte terabytes tb",
    "PB": "petabyte petabytes pb",
    "kbps": "kbit",
    "Mbps": "mbit megabit megabits",
    "Gbps": "gbit gigabit gigabits",
    "ha": "hectare hectares",
    "acre": "acres",
    "ml": "millilitre millilitres milliliter milliliters",
    "l": "litre litres liter liters",
    "gal": "gallon gallons",
    "km/h": "kmh kph",
    "Hz": "hertz",
    "W": "watt watts",
    "kW": "kilowatt kilowatts",
    "MW": "megawatt megawatts",
    "GW": "gigawatt gigawatts",
    "kWh": "kilowatthour kilowatthours",
    "hp": "horsepower",
    "J": "joule joules",
    "°C": "celsius",
    "°F": "fahrenheit",
    "ms": "millisecond milliseconds msec",
    "second": "seconds sec secs",
    "minute": "minutes min mins",
    "hour": "hours hr hrs",
    "day": "days",
    "week": "weeks wk wks",
    "month": "months mo mos",
    "quarter": "quarters",
    "year": "years yr yrs",
    "decade": "decades",
    "century": "centuries",
}
# Symbols whose lower case is a common word or letter count only as written ("5 in" is no inch, "5 W" is a watt).
_CASED = {"in", "t", "B", "W", "J", "ha", "m", "g", "l"}
ATTACHED_ONLY = {"m", "g", "l", "s", "h", "d", "t"}
"""Letters that are a unit only where they touch their number or stand alone after it: "5m", "5 g"."""

UNITS: dict[str, str] = {symbol.lower(): symbol for symbol in DIMENSION if symbol not in _CASED}
UNITS.update({word: symbol for symbol, words in _SPELLED.items() for word in words.split()})
UNITS.update({"m": "m", "g": "g", "l": "l", "kib": "KiB", "mib": "MiB", "gib": "GiB", "tib": "TiB"})
UNITS.update({"s": "second", "h": "hour", "d": "day"})
"""Folded word to the symbol of the unit it names."""

SQUARE = {"m": "m²", "km": "km²", "ft": "ft²", "mi": "mi²"}
"""Length to its square, for "square kilometres", "sq km" and "km²"."""

SYMBOLS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₩": "KRW", "₽": "RUB", "₺": "TRY", "₿": "BTC"}
"""Currency sign to code. A bare dollar sign is the US dollar, a bare yen sign the Japanese yen."""

SYMBOL_PREFIX = {
    "us": "USD",
    "a": "AUD",
    "au": "AUD",
    "c": "CAD",
    "ca": "CAD",
    "nz": "NZD",
    "hk": "HKD",
    "s": "SGD",
    "sg": "SGD",
    "r": "BRL",
    "mx": "MXN",
}
"""Letters that touch a dollar sign before it, to the currency they make of it."""

_ISO_CODES = (
    "USD EUR GBP JPY CNY INR CHF CAD AUD NZD HKD SGD SEK NOK DKK PLN CZK HUF RON TRY ILS ZAR BRL MXN KRW THB IDR MYR "
    "PHP VND AED SAR RUB UAH BTC ETH"
)
CODES = {code.lower(): code for code in _ISO_CODES.split()}
"""Lower-cased ISO 4217 code to the code."""

CURRENCY_WORDS = {
    "dollar": "USD",
    "dollars": "USD",
    "euro": "EUR",
    "euros": "EUR",
    "sterling": "GBP",
    "quid": "GBP",
    "yen": "JPY",
    "yuan": "CNY",
    "renminbi": "CNY",
    "rmb": "CNY",
    "rupee": "INR",
    "rupees": "INR",
    "rs": "INR",
    "francs": "CHF",
    "rubles": "RUB",
    "roubles": "RUB",
    "kronor": "SEK",
    "kroner": "NOK",
    "zloty": "PLN",
    "bitcoin": "BTC",
    "bitcoins": "BTC",
}
"""Word to currency code; "pounds" is read by its surroundings, since it may be a weight."""

_IRREGULAR = {
    "people": "person",
    "persons": "person",
    "inhabitants": "person",
    "residents": "person",
    "children": "child",
    "men": "man",
    "women": "woman",
    "staff": "employee",
    "series": "series",
    "species": "species",
    "news": "news",
    "feet": "ft",
    "indices": "index",
    "criteria": "criterion",
    "datasets": "dataset",
    "databases": "database",
    "licences": "license",
    "licenses": "license",
    "houses": "house",
    "courses": "course",
    "purchases": "purchase",
    "movies": "movie",
    "cookies": "cookie",
}
_NOT_PLURAL = frozenset(
    """is was has does this its us as plus versus thus less process access address business progress success pass
    class always perhaps across towards besides previous various serious obvious continuous alias analysis basis
    bonus campus census consensus focus gas status virus yes vs times percents says goes gets makes takes comes
    starts ends begins remains becomes applies includes contains means costs needs allows requires rises falls grows
    shows gives runs lets sits stands stays keeps works lasts exceeds equals expires cents dollars euros""".split()  # noqa: SIM905
)


@lru_cache(maxsize=8192)
def counted_noun(word: str) -> str | None:
    """Return the singular of a word that looks like a plural noun, else ``None``.

    Args:
        word: A lower-cased word of the text that is written in lower case there.
    """
    singular = _IRREGULAR.get(word)
    if singular is not None:
        return singular
    if len(word) < 4 or word[-1] != "s" or word in _NOT_PLURAL or word[-2] in "su":
        return None
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses", "zes")):
        return word[:-2]
    return word[:-1]


def convertible(first: str | None, second: str | None) -> Decimal | None:
    """Return the factor that takes an amount in ``first`` to one in ``second``.

    Returns:
        The factor, or ``None`` if the two are not units of one dimension.
    """
    if first == second:
        return Decimal(1)
    left, right = DIMENSION.get(first or ""), DIMENSION.get(second or "")
    if left is None or right is None or left[0] != right[0]:
        return None
    return left[1] / right[1]


def is_calendar(unit: str | None) -> bool:
    """Say whether a duration in ``unit`` is kept in months."""
    entry = DIMENSION.get(unit or "")
    return entry is not None and entry[0] == "calendar"


def is_duration(symbol: str) -> bool:
    """Say whether ``symbol`` is a unit of time."""
    entry = DIMENSION.get(symbol)
    return entry is not None and entry[0] in ("clock", "calendar")


def type_of_unit(unit: str) -> ValueType:
    """Return the type of a value in ``unit``."""
    if unit in ("%", "pp"):
        return ValueType.PERCENT
    if unit in CODES.values():
        return ValueType.MONEY
    return ValueType.DURATION if is_duration(unit) else ValueType.NUMBER
