"""Errors a user can act on, and the exit code each one stands for."""

EXIT_OK = 0
EXIT_USAGE = 2
EXIT_BAD_DATA = 3
EXIT_BUSY = 75


class InterestError(Exception):
    """An expected failure: its text names the bad value, the rule, and what to type next.

    Jobs print the text without a traceback and leave with `exit_code`. Every other
    exception is a bug and keeps its traceback.
    """

    exit_code = EXIT_USAGE


class ConfigError(InterestError):
    """The command line, the configuration or the environment is wrong; retrying cannot help."""


class BadDataError(InterestError):
    """The input breaks its contract; nothing was published and a retry would fail alike."""

    exit_code = EXIT_BAD_DATA


class BusyError(InterestError):
    """Somebody else holds what is needed, or a service is away; the same command may be retried."""

    exit_code = EXIT_BUSY


class OvertakenError(BusyError):
    """Another run has published what this one was about to replace: only a new look at everything can help."""
