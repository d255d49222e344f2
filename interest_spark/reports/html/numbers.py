"""Numbers as the page shows them."""


def whole(value: float | None) -> str:
    """Without digits after the point.

    >>> whole(1234567.2), whole(None)
    ('1,234,567', '')
    """
    return "" if value is None else f"{value:,.0f}"


def figure(value: float | None) -> str:
    """Four digits, as many as an interval of some thousand users has.

    >>> figure(0.123456), figure(12345.6), figure(None)
    ('0.1235', '12,346', '')
    """
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def signed(value: float | None) -> str:
    """A difference, with its sign.

    >>> signed(0.01), signed(-2.0)
    ('+0.01', '-2')
    """
    return "" if value is None else f"{value:+.4g}"


def percent(share: float | None) -> str:
    """A share of one.

    >>> percent(0.1234), percent(0.0004)
    ('12.3 %', '0.04 %')
    """
    if share is None:
        return ""
    return f"{100 * share:.1f} %" if abs(share) >= 0.001 or share == 0 else f"{100 * share:.2f} %"


def interval(low: float | None, high: float | None) -> str:
    """From low to high.

    >>> interval(0.1, 0.25), interval(None, None)
    ('0.1 … 0.25', '')
    """
    return "" if low is None or high is None else f"{figure(low)} … {figure(high)}"


def mib(size: float | None) -> str:
    """In MiB, of a size in bytes.

    >>> mib(3 * 2**20)
    '3.0'
    """
    return "" if size is None else f"{size / 2**20:,.1f}"


FILTERS = {each.__name__: each for each in (whole, figure, signed, percent, interval, mib)}
"""By the names that templates know them by."""
