"""Novelty of lists."""

import numpy as np

from interest_spark.metrics.lists.shown import Floats, ShownLists, mean_of_places


def novelty(shown: ShownLists) -> Floats:
    """Mean self-information of the items in bits: Zhou et al. (2010), formula 3.

        novelty = mean over the list's items i of -log2(events of i / all events)

    An item without an event counts as if it had one. Counted in users instead of events it is RecTools'
    MeanInvUserFreq.
    """
    events = np.maximum(shown.catalogue.events_of(shown.items), 1.0)
    return mean_of_places(np.log2(max(shown.catalogue.total, 1.0) / events), shown.filled)
