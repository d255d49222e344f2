"""BG/NBD: how often and for how long customers without a contract buy, from three numbers each.

While alive a customer buys at the rate λ, and after each purchase stays away for ever with probability p; λ differs
among customers as Gamma(r, α), p as Beta(a, b). Fader, Hardie and Lee, "Counting your customers the easy way: an
alternative to the Pareto/NBD model", Marketing Science 24 (2005). The classical baseline of every churn model.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LOGS = (-6.0, 8.0)
"""Where the logarithms of the parameters are looked for, times in units of the mean T."""


@dataclass(frozen=True)
class Purchases:
    """Of n customers: `x` repeat purchases, the last one `t_x` after the first, `T` from the first to the cut-off.

    Each float64[n], times in one unit; purchases of one day are one.
    """

    x: Floats
    t_x: Floats
    T: Floats


@dataclass(frozen=True)
class BgNbd:
    """The fitted parameters; `alpha` in the unit of the times."""

    r: float
    alpha: float
    a: float
    b: float

    def as_json(self) -> Mapping[str, float]:
        return asdict(self)

    def alive(self, of: Purchases) -> Floats:
        """P(the customer has not left for ever): float64[n], 1 where nothing was bought again."""
        return 1 / (1 + self._left(of))

    def expected(self, of: Purchases, days: float) -> Floats:
        """E(purchases in as much time after the cut-off): float64[n], formula 10 of the paper."""
        from scipy.special import hyp2f1  # in tasks alone: no command is to wait for it

        rate, until = self.r + of.x, self.alpha + of.T
        many = hyp2f1(rate, self.b + of.x, self.a + self.b + of.x - 1, days / (until + days))
        grown = 1 - (until / (until + days)) ** rate * many
        return (self.a + self.b + of.x - 1) / (self.a - 1) * grown / (1 + self._left(of))

    def stays_away(self, of: Purchases, gap: Floats | float, horizon: Floats | float) -> Floats:
        """P(no purchase in (gap, gap + horizon] after the cut-off): float64[n].

        Who is alive at the cut-off has λ from Gamma(r + x, α + T) and p from Beta(a, b + x), leaves within the gap at
        the rate λp, and buys within the horizon with 1 - exp(-λ horizon):
        P = 1 - P(alive) (E(exp(-λp gap)) - E(exp(-λ (p gap + horizon)))), both of them functions 2F1.
        """
        from scipy.special import hyp2f1

        rate, until = self.r + of.x, self.alpha + of.T

        def mean(time: Floats) -> Floats:
            found: Floats = (until / time) ** rate * hyp2f1(rate, self.a, self.a + self.b + of.x, -gap / time)
            return found

        buys = self.alive(of) * (mean(until) - mean(until + horizon))
        return np.clip(1 - buys, 0, 1)

    def _left(self, of: Purchases) -> Floats:
        """The odds of having left."""
        again = of.x > 0
        growth = ((self.alpha + of.T) / (self.alpha + of.t_x)) ** (self.r + of.x)
        return np.where(again, self.a / (self.b + np.maximum(of.x, 1) - 1) * growth, 0.0)


def log_likelihood(model: BgNbd, of: Purchases) -> Floats:
    """Of each customer: float64[n], formula 6 of the paper."""
    from scipy.special import gammaln

    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    rate = gammaln(r + of.x) - gammaln(r) + r * np.log(alpha)
    stay = gammaln(a + b) + gammaln(b + of.x) - gammaln(b) - gammaln(a + b + of.x)
    alive = -(r + of.x) * np.log(alpha + of.T)
    left = np.log(a) - np.log(b + np.maximum(of.x, 1) - 1) - (r + of.x) * np.log(alpha + of.t_x)
    found: Floats = rate + stay + np.where(of.x > 0, np.logaddexp(alive, left), alive)
    return found


def fit_bgnbd(of: Purchases) -> BgNbd:
    """Maximum likelihood. Raises ValueError where nobody bought again: then no rhythm can be learnt."""
    from scipy.optimize import minimize

    if not len(of.x) or not of.x.max() > 0:
        raise ValueError("nobody bought twice")
    alike, counts = np.unique(np.stack([of.x, of.t_x, of.T]), axis=1, return_counts=True)
    unit = float(alike[2].mean()) or 1.0
    scaled = Purchases(alike[0], alike[1] / unit, alike[2] / unit)

    def cost(logs: Floats) -> float:
        return -float(counts @ log_likelihood(BgNbd(*np.exp(logs)), scaled)) / len(of.x)

    start = np.log([1.0, 1.0, 1.0, 2.0])
    found = minimize(cost, start, method="L-BFGS-B", bounds=[_LOGS] * 4, options={"ftol": 1e-13, "gtol": 1e-9})
    found = minimize(cost, found.x, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-12, "maxiter": 4_000})
    r, alpha, a, b = np.exp(np.clip(found.x, *_LOGS)).tolist()
    return BgNbd(r, alpha * unit, a, b)
