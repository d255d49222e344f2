"""Which exceptions are failures that a user can act on."""

from interest_spark.foundation.errors import InterestError


def as_expected(error: Exception) -> InterestError | None:
    """The failure to report for an exception; None for a bug."""
    if isinstance(error, InterestError):
        return error
    from interest_spark.platform.failures import expected_failure  # it needs pyspark, which `interest show` does not

    return expected_failure(error)
