"""Who may be addressed follows from the lists alone, whatever their order."""

from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.applications.addressees import Addressees, held_out
from interest_spark.config.audiences import HoldOut

USERS = st.lists(st.text(min_size=1, max_size=4), unique=True, max_size=12)


def listed(folder: Path, name: str, users: list[str]) -> tuple[str, ...]:
    path = folder / f"{name}.parquet"
    pl.DataFrame({"user_id": users}, schema={"user_id": pl.String}).write_parquet(path)
    return (str(path),)


@given(USERS, st.data(), st.floats(0, 1))
def test_nobody_who_objects_has_not_agreed_or_is_held_out_is_among_them(
    users: list[str], data: st.DataObject, share: float
) -> None:
    some = st.lists(st.sampled_from(users), max_size=12) if users else st.just([])
    opted_out, agreed = data.draw(some), data.draw(st.none() | some)
    hold_out = HoldOut(share=share, salt="spring")
    with TemporaryDirectory() as name:
        folder = Path(name)
        consents = None if agreed is None else listed(folder, "consents", agreed)
        who = Addressees(listed(folder, "opt_outs", opted_out), consents, hold_out)
        kept = who.among(pl.DataFrame({"user_id": users, "place": range(len(users))}, schema_overrides=TYPES))
    apart = dict(zip(users, held_out(users, hold_out), strict=True))
    expected = [
        user for user in users if user not in opted_out and (agreed is None or user in agreed) and not apart[user]
    ]
    assert kept["user_id"].to_list() == expected
    assert kept["place"].is_sorted()


TYPES = {"user_id": pl.String, "place": pl.Int64}
