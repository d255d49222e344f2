"""How popular the items of lists are."""

from interest_spark.metrics.lists.shown import Floats, ShownLists, mean_of_places


def average_popularity(shown: ShownLists) -> Floats:
    """ARP of Yin et al. (2012): the mean number of events of the list's items.

    RecTools' AvgRecPopularity is the same, of the interactions that it is given.
    """
    return mean_of_places(shown.catalogue.events_of(shown.items), shown.filled)
