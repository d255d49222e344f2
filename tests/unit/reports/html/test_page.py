"""The page of a planted day: every section shows what was planted, and nothing in the data acts on it."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from interest_spark.config.deployment import Config
from interest_spark.reports.html.page import SECTIONS, build_page
from interest_spark.reports.html.source import ReportSource
from tests.log_files import shop_config
from tests.report_world import DAY, MODEL, SCRIPT, VERSION, write_report_world

SHOWN = {
    "summary": (
        "120",
        "after 100 the day before (+20.0 %)",
        "ndcg@5 0.25, after 0.2",
        "1 figures of the quality gates",
    ),
    "verdict": ("The model loses to something simpler", "own_frequency", "ndcg@5 -0.35", "wins"),
    "funnel": ("125", "bad_time", "users with suggestions", "12"),
    "gates": ("blocked", "platform:&lt;b onclick", "2026-01-19 to 2026-01-20"),
    "drift": ("PSI", "0.3", "10.0 % → 30.0 %"),
    "training": (VERSION, "3 epochs", "epoch 2, with NDCG@10 0.3", "2 ranks: 0.65 to 0.6833", "learns by heart"),
    "network": ("layer_0/expand", "4 × 8", "72"),
    "metrics": ("popularity", "0.05", "0.2 … 0.3", "+0.2", "0.004"),
    "slices": ("model:platform=&lt;b onclick",),
    "diversity": ("coverage@5", "0.75"),
    "scores": ("12 lists with 8 different items", "100.0 %", "popularity 8.3 %", "保温杯"),
    "users": ("保温杯", "kitchen", "purchase 01-19 12:03", "data:image/jpeg;base64,"),
    "audiences": (">16<", ">4<", "20.0 %", "50.0 %", "0.875", "&lt;script&gt;", "spark"),
    "profiles": (
        *("category", "75.0 %", ">9<", "-0.25", "&lt;b onclick"),
        *("kitchen: 保温杯", ">10<", ">5<", VERSION, "kitchen: &lt;script"),
    ),
    "churn": (
        *(VERSION, "judged by 120 users", "0.05 … 0.19", "64.0 %", "high", ">3<", "&lt;b onclick", "&lt;script"),
        *("came true", ">2025-12-02<", ">401<", "30.0 %", "0.53 … 0.63", "0.56"),
        *("27.0 % from 2025-12-01 to 2025-12-02", "validation promised 72.0 %", "--day 2026-01-20 --force"),
    ),
    "steps": ("events", "901", "300", "5.0", "2 steps failed"),
    "promotions": ("refused", "worse &lt;script&gt;", "-0.2 … -0.02", "first"),
    "versions": ("pyspark", "recommendations", VERSION),
}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return write_report_world(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def page(config: Config) -> str:
    return build_page(ReportSource(config, DAY))


def section(page: str, name: str) -> str:
    """What stands in it."""
    found = re.search(rf'<section id="{name}">(.*?)</section>', page, re.DOTALL)
    assert found, f"section {name} is missing"
    return found[1]


@pytest.mark.parametrize("name", SHOWN)
def test_a_section_shows_what_was_planted(page: str, name: str) -> None:
    shown = section(page, name)
    assert 'class="absent"' not in shown
    assert 'class="bad"' not in shown
    for text in SHOWN[name]:
        assert text in shown, text


def test_all_sections_are_there_in_their_order(page: str) -> None:
    assert tuple(re.findall(r'<section id="(\w+)">', page)) == SECTIONS


class _Tags(HTMLParser):
    """All elements and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def test_nothing_acts_and_nothing_is_loaded(page: str) -> None:
    assert SCRIPT not in page
    assert "&lt;script&gt;document.title" in page
    read = _Tags()
    read.feed(page)
    assert not {"script", "iframe", "object", "embed", "form", "base"} & {*read.tags}
    assert read.tags.count("link") == 1
    assert [name for name, _ in read.attributes if name.startswith("on")] == []
    places = [value for name, value in read.attributes if name in ("src", "href", "xlink:href", "data", "action")]
    assert places
    assert [place for place in places if not place.startswith(("#", "data:"))] == []
    assert re.findall(r"url\((?!#)[^)]*\)|@import|https?://", page) == ["https://"] * page.count("https://shop.example")
    assert "https://shop.example" not in page
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in page


def test_ten_users_are_shown_also_some_whom_the_model_does_not_serve(page: str) -> None:
    shown = section(page, "users")
    assert shown.count('class="user"') == 10
    assert "<code>u0&lt;script&gt;" in shown


def test_the_page_is_small_and_the_same_each_time(config: Config, page: str) -> None:
    assert len(page.encode()) < 1 << 20
    assert build_page(ReportSource(config, DAY)) == page


def test_a_section_without_its_data_says_why(tmp_path: Path) -> None:
    page = build_page(ReportSource(shop_config(tmp_path), DAY))
    for name in set(SECTIONS) - {"versions"}:
        assert re.search(r'class="absent"><span lang="en">[^<]', section(page, name)), name
    assert f"There is no model <code>{MODEL}</code> up to {DAY}" in section(page, "training")


def test_warnings_that_were_judged_again_are_shown_as_they_are_now(page: str) -> None:
    shown = section(page, "churn")
    assert shown.count(">2025-12-01<") == 1
    assert "1.1 %" not in shown
    assert shown.count('<figure class="drawing">') == 2
    assert re.search(r'2025-11-30</td><td colspan="12" class="note">&lt;script&gt;', shown)


def test_a_damaged_file_hides_no_other_section(tmp_path: Path) -> None:
    config = write_report_world(tmp_path)
    (curve,) = (tmp_path / "warehouse" / "bundles").glob("*/curve.jsonl")
    curve.write_text("{half")
    page = build_page(ReportSource(config, DAY))
    assert "curve.jsonl cannot be read" in section(page, "training")
    assert "layer_0/expand" in section(page, "network")


def test_a_day_that_nobody_has_judged_or_served_is_shown_as_far_as_it_went(tmp_path: Path) -> None:
    config = write_report_world(tmp_path)
    page = build_page(ReportSource(config, "2026-01-21"))
    assert "Nothing of 2026-01-21 is committed" in section(page, "summary")
    assert VERSION in section(page, "training")  # the newest model up to the day
