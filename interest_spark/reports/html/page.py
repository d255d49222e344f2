"""A day's report as one page: each section gathers its own data and has a template and texts of its own.

The page runs no script and asks for nothing: its policy forbids both, whatever the data hold. Both languages stand in
it, and a choice of two buttons hides one of them by style alone.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from interest_spark.foundation.errors import BadDataError
from interest_spark.foundation.shown import shown, shown_error
from interest_spark.reports.html.drawings import sparkline
from interest_spark.reports.html.numbers import FILTERS
from interest_spark.reports.html.source import AbsentError, ReportSource
from interest_spark.reports.html.texts import LANGUAGES, text

SECTIONS = (
    "summary",
    "verdict",
    "funnel",
    "gates",
    "drift",
    "training",
    "network",
    "metrics",
    "slices",
    "diversity",
    "scores",
    "users",
    "profiles",
    "audiences",
    "coupons",
    "churn",
    "steps",
    "promotions",
    "versions",
)
"""In the order of the page. A further section is its name here, a module `sections/<name>.py` whose `gather` makes what
its template `templates/<name>.html` shows, and a title `<name>.title` in each file of texts.
"""

Gather = Callable[[ReportSource], Mapping[str, Any]]


def build_page(source: ReportSource) -> str:
    """The whole page. A section without data says why in one line, and so does one whose data cannot be read."""
    templates = _environment()
    sections = [(name, _section(templates, name, source)) for name in SECTIONS]
    return templates.get_template("page.html").render(dt=source.dt, languages=LANGUAGES, sections=sections)


def _section(templates: Environment, name: str, source: ReportSource) -> Markup:
    gather: Gather = import_module(f"interest_spark.reports.html.sections.{name}").gather
    try:
        return Markup(templates.get_template(f"{name}.html").render(gather(source)))
    except AbsentError as absent:
        return Markup('<p class="absent">{}</p>').format(text(absent.reason, **absent.values))
    except BadDataError as error:
        return Markup('<p class="bad">{}</p>').format(text("page.unreadable", reason=shown_error(error)))


def _environment() -> Environment:
    templates = Environment(
        loader=PackageLoader("interest_spark.reports.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals.update(t=text, sparkline=sparkline)
    templates.filters.update(FILTERS, shown=shown)
    return templates
