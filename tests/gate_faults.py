"""Faults that shops' logs have had, each put into one raw day, with the figures that name it."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.gate_world import Event, RawDay, Spoil


@dataclass(frozen=True)
class Fault:
    """One of `figures` has to be blocked on the spoiled day."""

    name: str
    figures: tuple[str, ...]
    spoil: Spoil

    def is_named(self, blocked: Iterable[str]) -> bool:
        """Whether one of the figures that name it is among those."""
        return not {*self.figures}.isdisjoint(blocked)


def _moved(event: Event, **step: float) -> None:
    try:
        time = datetime.fromisoformat(event["event_time"].replace("Z", "+00:00")) + timedelta(**step)
    except (ValueError, KeyError, AttributeError, OverflowError):
        return  # a line that was faulty before stays as it is
    event["event_time"] = time.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _of_events(change: Callable[[Event], None], share: float = 1.0) -> Spoil:
    def spoil(raw: RawDay, rng: random.Random) -> None:
        for event in raw.events:
            if rng.random() < share:
                change(event)

    return spoil


def _keep(wanted: Callable[[Event, random.Random], bool]) -> Spoil:
    def spoil(raw: RawDay, rng: random.Random) -> None:
        raw.events = [event for event in raw.events if wanted(event, rng)]

    return spoil


def _times_price(factor: float) -> Callable[[Event], None]:
    def change(event: Event) -> None:
        if isinstance(event.get("price"), float | int):
            event["price"] = round(event["price"] * factor, 2)

    return change


def _set(**fields: object) -> Callable[[Event], None]:
    return lambda event: event.update(fields)


def _drop(field: str) -> Callable[[Event], None]:
    def change(event: Event) -> None:
        event.pop(field, None)

    return change


def _rename(field: str, old: str, new: str) -> Callable[[Event], None]:
    def change(event: Event) -> None:
        if event.get(field) == old:
            event[field] = new

    return change


def _reissue(field: str) -> Callable[[Event], None]:
    def change(event: Event) -> None:
        if event.get(field):
            event[field] = f"new-{event[field]}"

    return change


def _empty_catalogue(raw: RawDay, rng: random.Random) -> None:
    raw.catalogue, raw.items_lines = {}, 0


def _reissue_items(raw: RawDay, rng: random.Random) -> None:
    _of_events(_reissue("item_id"))(raw, rng)
    raw.catalogue = {f"new-{item}": category for item, category in raw.catalogue.items()}


def _shuffle_categories(raw: RawDay, rng: random.Random) -> None:
    names = sorted({name for name in raw.catalogue.values() if name})
    others = dict(zip(names, [*names[1:], names[0]], strict=True))
    raw.catalogue = {item: name and others[name] for item, name in raw.catalogue.items()}


def _double_file(raw: RawDay, rng: random.Random) -> None:
    raw.copies = 2


def _lose_server(raw: RawDay, rng: random.Random) -> None:
    raw.servers = raw.servers[:1]


def _replay(raw: RawDay, rng: random.Random) -> None:
    """The events of some days ago once more, under new sessions, so that they are no copies."""
    again = [{**event, "session_id": f"again-{event.get('session_id')}"} for event in raw.events]
    for event in again:
        _moved(event, days=-3)
    raw.events += again


def _crawl(raw: RawDay, rng: random.Random) -> None:
    """As many events as of all people together, by a crawler under thousands of names."""
    raw.events += [
        {**event, "user_id": f"crawler-{rng.randrange(5_000)}", "session_id": f"c{place}", "behavior": "view"}
        for place, event in enumerate(raw.events * 2)
    ]


def _break_lines(raw: RawDay, rng: random.Random) -> None:
    kept = []
    for event in raw.events:
        if rng.random() < 0.1:
            raw.broken.append(str(event))
        else:
            kept.append(event)
    raw.events = kept


def _shifted(**step: float) -> Callable[[Event], None]:
    return lambda event: _moved(event, **step)


def _stop_clock(event: Event) -> None:
    if "event_time" in event:
        event["event_time"] = f"{event['event_time'][:10]}T03:00:00Z"


def _add_unit(event: Event) -> None:
    if event.get("quantity"):
        event["quantity"] = f"{event['quantity']} pcs"


def _hour(event: Event) -> str:
    return str(event.get("event_time", ""))[11:13]


FAULTS = (
    Fault("half the volume", ("events", "lines:events"), _keep(lambda event, rng: rng.random() < 0.5)),
    Fault("a column of nulls", ("nulls:price",), _of_events(_drop("price"))),
    Fault("a column that one event in ten lost", ("nulls:device_id",), _of_events(_drop("device_id"), 0.1)),
    Fault("a stuck clock", ("one_second",), _of_events(_stop_clock)),
    Fault("a doubled file", ("duplicates",), _double_file),
    Fault("a new behavior", ("quarantined:unknown_behavior",), _of_events(_rename("behavior", "favorite", "wish"))),
    Fault("carts sent as purchases", ("drift:behavior",), _of_events(_rename("behavior", "cart", "purchase"))),
    Fault("prices times 100", ("drift:price",), _of_events(_times_price(100))),
    Fault("prices in another currency", ("drift:price",), _of_events(_times_price(7.2))),
    Fault("one platform silent", ("platform:ios",), _keep(lambda event, _: event.get("platform") != "ios")),
    Fault("a platform renamed", ("platform:web", "drift:platform"), _of_events(_rename("platform", "web", "WEB"))),
    Fault("an empty catalogue", ("lines:items", "catalogue"), _empty_catalogue),
    Fault("item ids re-issued", ("new_items",), _reissue_items),
    Fault("user ids re-issued", ("new_users",), _of_events(_reissue("user_id"))),
    Fault("clocks 8 hours slow", ("drift:hour", "late"), _of_events(_shifted(hours=-8))),
    Fault("clocks 8 hours fast", ("drift:hour", "quarantined:time_out_of_range"), _of_events(_shifted(hours=8))),
    Fault("a log that ends at two", ("quiet_end",), _keep(lambda event, _: _hour(event) < "14")),
    Fault("one server's file missing", ("source:app-#.jsonl",), _lose_server),
    Fault("an old day replayed", ("late",), _replay),
    Fault("a crawler under many names", ("events", "users"), _crawl),
    Fault("guests all named alike", ("one_user",), _of_events(_set(user_id="guest"), 0.6)),
    Fault("lines of another serialiser", ("quarantined:not_json",), _break_lines),
    Fault("quantities with a unit", ("quarantined:bad_quantity",), _of_events(_add_unit)),
    Fault("the catalogue's categories mixed up", ("drift:category",), _shuffle_categories),
)  # fmt: skip
