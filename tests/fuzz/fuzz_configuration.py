"""Configurations nobody would write, and overrides: each loads, or is refused in one line that names what is wrong.

    python -m tests.fuzz.fuzz_configuration --minutes 20

Without Spark: what loads is planned with, which looks at tables and deliveries and touches nothing.
"""

import sys
from contextlib import chdir, redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from pydantic import BaseModel

from interest_spark.config.deployment import Config
from jobs.plan import command
from tests.fuzz import fuzzing

CONF = Path(__file__).parents[2] / "conf"
SECRET = "PlantedS3cretValue"
_SECRETS = f"spark:\n  conf:\n    spark.hadoop.fs.s3a.secret.key: {SECRET}\n    spark.hadoop.some.option: {SECRET}\n"
_SHIPPED = [path.read_text(encoding="utf-8") + _SECRETS for path in sorted(CONF.glob("*.yaml"))]
_LONGEST_LINE = 10_000


@dataclass(frozen=True)
class Case:
    """A file's content, the overrides and the day that a job is started with."""

    content: bytes
    overrides: tuple[str, ...]
    day: str


def _keys(section: type[BaseModel], above: str = "") -> list[str]:
    """Every key of the configuration, as --set names them."""
    found = []
    for name, field in section.model_fields.items():
        found.append(above + name)
        if isinstance(field.default, BaseModel):
            found += _keys(type(field.default), f"{above}{name}.")
    return found


KEYS = [*_keys(Config), *(f"sources.events.{name}" for name in ("path", "format", "header", "columns", "time_format"))]

_BOMB = (
    "[&a [x,x,x,x,x,x,x,x], &b [*a,*a,*a,*a,*a,*a,*a,*a], &c [*b,*b,*b,*b,*b,*b,*b,*b], &d [*c,*c,*c,*c,*c,*c,*c,*c]"
)
ODD = st.sampled_from(
    [
        *(
            "",
            "~",
            "null",
            "[]",
            "{}",
            "-",
            "?",
            "|",
            ">",
            "'",
            '"',
            "''",
            "*a",
            "&a x",
            "&a [*a]",
            "!x y",
            "%",
            "@",
            "`",
        ),
        *(
            "!!int foo",
            "!!binary eA==",
            "!!timestamp x",
            "!!float y",
            "!!set {a}",
            "!!python/name:os.system",
            "!!str 5",
        ),
        *("2026-13-45", "0000-00-00", "9999-12-31", "0001-01-01", "2026-01-01T25:00:00", "12:30:45", "-0", "0x", "0b_"),
        *(".nan", ".inf", "-.inf", "1e999", "-1", "0", "1", "0.5", "1e-320", "2147483648", "9" * 30, "7" * 5000),
        *("0x" + "f" * 5000, "1:" * 300 + "1", "[" * 5000, "{a: " * 500, "- " * 500, "? " * 500, "x" * 100_000),
        *('"\\0"', '"\\ud800"', '"\\U0010FFFF"', '"\\e[31m"', '"\\u202e"', "\x00", "\x07", "\x85", "\u2028", "\ufeff"),
        *(_BOMB + "]", _BOMB + ", *d, *d, *d, *d, *d, *d, *d, *d]", "<<: *a", "{<<: {a: 1}}", "{<<: [1]}", "=", "<<"),
        *("{5: x}", "{~: x}", "{[a]: x}", "{a: 1, a: 2}", "{yes: 1}", "[[[[]]]]", "{kind: sasrek}", "{kind: [x]}"),
        *("s3://a:b@c/d", "memory://a/{day}/*", "unknown://x", "file:///{day}", "a::b", "simplecache::memory://x/*"),
        *("/dev/null", "/dev/zero", "/" + "x" * 300, "/proc/1/fd/*", "[[]", "[z-a]", "**/**", "{day}{day}", "../*"),
        *("yyyy-MM-dd", "'", "yyyyyyyy", "[[[", "]", "Q", "UTC", "../../etc/passwd", "Europe", "\\", "csv", "true"),
    ]
)
NUMBER = st.integers(-(2**70), 2**70).map(str) | st.floats().map(str)
TEXT = st.text(st.characters(codec="utf-8"), max_size=60)
VALUE = st.one_of(ODD, ODD, NUMBER, TEXT, st.dates().map(str), st.datetimes().map(str))
FITTING = st.sampled_from(
    ["train.epochs=3", "score.k=5", "train.name=m", "shop.time_zone=Asia/Shanghai", "warehouse=w"]
)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A shipped configuration with some of its lines broken."""
    lines = draw(st.sampled_from(_SHIPPED)).splitlines()
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(lines) - 1))
        key, colon, _value = lines[place].partition(":")
        how = draw(st.integers(0, 5))
        if how == 0:
            lines[place] = f"{key}{colon} {draw(VALUE)}"
        elif how == 1:
            lines.insert(place, lines[place])
        elif how == 2:
            lines[place] = " " * draw(st.integers(0, 5)) + lines[place].strip()
        elif how == 3 and SECRET not in lines[place]:  # else it would be the value of another key, which is quoted
            lines[place] = f"{key}{colon} &b {_value}"
            lines.append(f"{draw(st.sampled_from(KEYS)).partition('.')[0]}: *b")
        elif how == 4:
            cut = draw(st.integers(0, len(lines[place])))
            lines[place] = lines[place][:cut] + draw(VALUE) + lines[place][cut:]
        else:
            lines.append(f"{draw(st.sampled_from(KEYS)).partition('.')[0]}: {draw(VALUE)}")
    return "\n".join(lines) + "\n"


ENCODINGS = st.sampled_from(["utf-16", "utf-32", "latin-1", "utf-8-sig"])
CONTENTS = st.one_of(
    st.sampled_from(_SHIPPED).map(str.encode),
    mutated().map(str.encode),
    mutated().map(str.encode),
    st.builds(lambda text, name: text.encode(name, "replace"), mutated(), ENCODINGS),
    st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.text("[]{}:,-?&*!|>'\"%@`#~ \n\tab01.<=", max_size=200).map(str.encode),
    st.binary(max_size=200),
)  # fmt: skip
OVERRIDES = st.lists(
    FITTING
    | FITTING
    | st.builds("{}={}".format, st.sampled_from(KEYS), VALUE)
    | st.builds("{}={}".format, TEXT, VALUE)
    | TEXT,
    max_size=3,
)
DAYS = st.just("2026-01-02") | st.just("2026-01-02") | st.dates().map(str) | TEXT
CASES: SearchStrategy[Case] = st.builds(Case, CONTENTS, OVERRIDES.map(tuple), DAYS)


def exit_code_of(case: Case, folder: Path) -> int:
    """What `interest plan` makes of it; told is what is wrong, in one clean line without the planted secret."""
    (folder / "shop.yaml").write_bytes(case.content)
    told = StringIO()
    arguments = ["--config", "shop.yaml", "--day", case.day, *(f"--set={each}" for each in case.overrides)]
    try:
        with chdir(folder), redirect_stderr(told):
            command.main(arguments, standalone_mode=False)
    finally:
        print(told.getvalue(), file=sys.stderr)
        _check(told.getvalue())
    return 0


def _check(told: str) -> None:
    assert SECRET not in told, "the secret is told"
    errors = [line for line in told.split("\n") if line.startswith("error: ")]
    assert all(char.isprintable() or char.isspace() for line in errors for char in line), "an error acts on terminals"
    assert not {"\x1b", "\x9b", "\u2028", "\x85", "\r"} & set(told), "what is told acts on terminals"
    assert all(len(line) <= _LONGEST_LINE for line in told.split("\n")), "a line is endless"


if __name__ == "__main__":
    fuzzing.main("configuration", CASES, exit_code_of)
