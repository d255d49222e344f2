"""Generating a shop: day by day, so that memory does not grow with the number of days."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from interest_spark.foundation.log import Progress, progress
from interest_spark.sources.synthetic.bots import bot_visits
from interest_spark.sources.synthetic.browsing import Browsing
from interest_spark.sources.synthetic.campaigns import Campaigns
from interest_spark.sources.synthetic.catalogue import Catalogue
from interest_spark.sources.synthetic.delivery import Delivery
from interest_spark.sources.synthetic.folder import ShopDraft, draft_shop, find_shop
from interest_spark.sources.synthetic.interests import Interests
from interest_spark.sources.synthetic.lines import BROKEN, DUPLICATE, GOOD, LINES_PER_FILE, LineWriter
from interest_spark.sources.synthetic.plan import ShopPlan
from interest_spark.sources.synthetic.sessions import plan_sessions
from interest_spark.sources.synthetic.shoppers import Shoppers
from interest_spark.sources.synthetic.truth import TruthBook, event_file
from interest_spark.sources.synthetic.visits import together


@dataclass(frozen=True)
class Shop:
    """A finished shop in `path`; `counts` of lines by what they are, and of what was planted."""

    path: Path
    plan: ShopPlan
    content_hash: str  # over the bytes of all files but the manifest
    counts: Mapping[str, int]
    created: bool  # False: it was there already


def generate_shop(plan: ShopPlan, out: Path) -> Shop:
    """Write the plan's shop into the folder `out`, or find it there.

        <out>/events/dt=<day>/part-00000.jsonl.gz     what arrived that day
        <out>/items/dt=<day>/items.jsonl.gz           new items, and changed prices
        <out>/users/dt=<day>/users.jsonl.gz           new users, and changed ages
        <out>/campaigns/dt=<day>/campaigns.jsonl.gz   who was sent which coupon, where the plan has campaigns
        <out>/truth/<table>.parquet                   what was planted: truth.TRUTH_TABLES
        <out>/shop.json                               plan, content hash, counts; written last

    Raises ConfigError when `out` holds anything else or cannot be written, BadDataError when the plan's
    shop is there but its files were changed, BusyError while another run writes there.
    """
    out = Path(out)
    manifest, created = find_shop(out, plan), False
    if manifest is None:
        with draft_shop(out) as draft, progress("synthetic shop", "days") as report:
            manifest, created = draft.seal(plan, _write_shop(plan, draft, report)), True
    return Shop(out, plan, manifest["content_hash"], manifest["counts"], created)


def _write_shop(plan: ShopPlan, draft: ShopDraft, report: Progress) -> Counter[str]:
    catalogue, shoppers = Catalogue(plan), Shoppers(plan)
    interests = Interests(plan, catalogue.categories)
    browsing, delivery = Browsing(plan, catalogue, interests), Delivery(plan)
    writer = LineWriter(plan, catalogue, shoppers)
    campaigns = Campaigns(plan, shoppers, catalogue, interests) if plan.campaigns else None
    counts = Counter(users=plan.users, items=plan.items, bots=shoppers.bots.size)
    with TruthBook(plan, draft, catalogue, shoppers) as truth:
        truth.write_roles()
        if campaigns:
            campaigns.write_truth(draft)
        for day in range(plan.days):
            moved = interests.drift(day) if day else np.arange(plan.users)
            truth.write_interests(interests, moved, day)
            _write_attributes(draft, truth, plan, day, catalogue, shoppers)
            sessions = plan_sessions(plan, shoppers, day)
            people = (sessions, browsing.events(sessions, day))
            visits = together(people, bot_visits(plan, shoppers, catalogue, day))
            if campaigns:
                _write_lines(draft, truth, plan, day, "campaigns", campaigns.send(day))
                visits = together(visits, campaigns.visits(day))
            delivery.send(writer.write_lines(*visits, day))
            counts.update(_write_log(draft, truth, plan, day, delivery))
            report.update(day + 1, plan.days, events=counts["good"])
        truth.write_top_categories(interests)
    return counts


def _write_attributes(
    draft: ShopDraft, truth: TruthBook, plan: ShopPlan, day: int, catalogue: Catalogue, shoppers: Shoppers
) -> None:
    lines = {
        "items": [catalogue.item_line(item) for item in catalogue.open_day(day).tolist()],
        "users": [shoppers.user_line(user) for user in shoppers.open_day(day).tolist()],
    }
    for kind, texts in lines.items():
        _write_lines(draft, truth, plan, day, kind, texts)


def _write_lines(draft: ShopDraft, truth: TruthBook, plan: ShopPlan, day: int, kind: str, texts: list[str]) -> None:
    name = f"{kind}/dt={plan.day(day)}/{kind}.jsonl.gz"
    draft.write_lines(name, texts)
    truth.write_plain_file(name, len(texts))


def _write_log(draft: ShopDraft, truth: TruthBook, plan: ShopPlan, day: int, delivery: Delivery) -> Counter[str]:
    log = delivery.receive(day)
    texts = log["text"].tolist()
    for part, first in enumerate(range(0, max(1, len(texts)), LINES_PER_FILE)):
        draft.write_lines(event_file(plan, day, part), texts[first : first + LINES_PER_FILE])
    truth.write_log(log, day)
    label = log["label"]
    kinds = {"good": GOOD, "duplicates": DUPLICATE, "broken": BROKEN}
    found = {name: int((label == code).sum()) for name, code in kinds.items()}
    return Counter(event_lines=len(log), late=int(((label == GOOD) & (log["days_late"] > 0)).sum()), **found)
