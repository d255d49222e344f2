"""The report as people get it: written by the command, opened from disk by a real browser, in both languages.

The browser is Debian's `chromium` (`apt-get install chromium`, with `fonts-noto-cjk` for the Chinese text), without a
display; its flags stand in tests/chromium.py.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from interest_spark.reports.html.page import SECTIONS
from tests.checkout import ROOT
from tests.chromium import BROWSER, Browser, chromium
from tests.log_files import write_config
from tests.report_world import DAY, write_report_world

WIDTHS, LANGUAGES = (1280, 400), ("en", "zh")


def interest(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "jobs.cli", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("report")
    return write_config(root / "shop.yaml", write_report_world(root))


@pytest.fixture(scope="module")
def page(config: Path) -> Path:
    done = interest("report", "--config", str(config), "--day", DAY)
    assert done.returncode == 0, done.stderr
    *_, told, last = done.stdout.splitlines()
    report = json.loads(last)
    place = config.parent / "warehouse-reports" / f"report-{DAY}.html"
    assert told == f"report of {DAY}: {place}"
    assert (report["status"], report["report"], report["bytes"]) == ("done", str(place), place.stat().st_size)
    return place


@pytest.mark.slow
def test_it_lies_where_it_is_wanted_and_a_day_that_is_not_there_is_refused(config: Path, page: Path) -> None:
    elsewhere = config.parent / "elsewhere" / "today.html"
    done = interest("report", "--config", str(config), "--day", DAY, "--out", str(elsewhere))
    assert done.returncode == 0, done.stderr
    assert elsewhere.stat().st_size > 50_000
    assert [path.name for path in elsewhere.parent.iterdir()] == ["today.html"]
    refused = interest("report", "--config", str(config), "--day", "2026-02-01")
    assert refused.returncode == 2
    assert f"has no day 2026-02-01; it has 2 days from 2026-01-19 to {DAY}: try --day {DAY}" in refused.stderr
    unwritable = interest("report", "--config", str(config), "--day", DAY, "--out", f"{page}/below.html")
    assert unwritable.returncode == 2
    assert "name another file with --out" in unwritable.stderr


@pytest.fixture(scope="module")
def browser(page: Path) -> Iterator[Browser]:
    if BROWSER is None:
        pytest.skip("no Chromium on PATH; install Debian's chromium")
    with chromium() as opened:
        opened.open(page, WIDTHS[0])
        yield opened


def test_the_browser_has_nothing_to_ask_for_and_nothing_to_say(browser: Browser) -> None:
    assert browser.value("document.title") == f"interest_spark {DAY}"
    assert browser.requests() == []
    assert browser.complaints() == []


def test_every_section_is_on_the_page_in_the_chosen_language_alone(browser: Browser) -> None:
    """Chosen as a reader does, by the label of a button: the page runs no script."""
    titles = {}
    for language in LANGUAGES:
        browser.value(f"document.querySelector('label[for=language-{language}]').click()")
        title = "each.querySelector('h2').innerText.trim()"
        found = browser.value(f"[...document.querySelectorAll('section')].map(each => [each.id, {title}])")
        assert [name for name, _ in found] == list(SECTIONS)
        assert all(title for _, title in found)
        titles[language] = dict(found)
    assert titles["en"]["verdict"] == "Verdict"
    assert titles["zh"]["verdict"] == "结论"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_it_fits_the_window(browser: Browser, tmp_path: Path, width: int, language: str) -> None:
    """What is wider than a phone scrolls within its own frame. The screenshots are for people to look at."""
    browser.resize(width)
    browser.value(f"document.querySelector('label[for=language-{language}]').click()")
    assert browser.value("document.documentElement.scrollWidth") == width
    assert browser.value("parseFloat(getComputedStyle(document.body).fontSize)") >= 14
    shot = tmp_path / f"report-{width}-{language}.png"
    browser.screenshot(shot)
    with Image.open(shot) as image:
        assert image.width == width
        assert image.height > 3_000


def test_it_can_be_printed(browser: Browser, tmp_path: Path) -> None:
    browser.pdf(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")
