"""What of the histories a training run learns."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Lesson:
    """Targets at `since` (microseconds since 1970) or later, and the whole histories of a `replay_share` of the users,
    others each day. Without `since` all of it.
    """

    since: int | None = None
    replay_share: float = 0.0


WHOLE = Lesson()
