"""Tastes are made where they are asked for, once the lists are, by the model that serves, and by no backtest."""

from dataclasses import replace
from datetime import date
from pathlib import Path

from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import made_from
from interest_spark.pipeline.step import Inputs
from interest_spark.steps.nightly import nightly, steps_of
from interest_spark.steps.profiles import PROFILES_STEP, profile_rules
from interest_spark.steps.score import SCORE, SCORE_BY_CHAMPION
from interest_spark.steps.tastes import TASTES_BY_CHAMPION, TASTES_STEP
from tests.integration.warehouse_world import config_of

ASKED = {"tastes": {"clusters": 8}}


def test_they_follow_the_lists_of_the_model_that_serves(tmp_path: Path) -> None:
    config = config_of(tmp_path, profiles=ASKED, evaluate={"backtest": False})
    names = [step.name for step, _ in nightly(RunContext(config, date(2026, 1, 10)))]
    assert names[names.index("score") + 1] == "tastes"
    assert steps_of("score", config) == (SCORE, TASTES_STEP)
    champion = config_of(tmp_path, profiles=ASKED, promote={})
    assert steps_of("score", champion) == (SCORE_BY_CHAMPION, TASTES_BY_CHAMPION)


def test_they_are_off_by_default_and_in_what_is_never_served(tmp_path: Path) -> None:
    assert steps_of("score", config_of(tmp_path)) == (SCORE,)
    assert steps_of("score", config_of(tmp_path, profiles={})) == (SCORE,)
    assert steps_of("score", config_of(tmp_path, profiles=ASKED), backtest=True) == (SCORE,)


def test_profiles_do_not_depend_on_them(tmp_path: Path) -> None:
    """Neither are they made anew when tastes are turned on, nor do their rules get another name."""
    contexts = [RunContext(config_of(tmp_path, profiles=each), date(2026, 1, 10)) for each in ({}, ASKED)]
    inputs: Inputs = {}
    without = replace(PROFILES_STEP, reads=())
    assert made_from(without, contexts[0], inputs) == made_from(without, contexts[1], inputs)
    sections = [context.config.profiles for context in contexts]
    assert len({profile_rules(each).version for each in sections if each}) == 1
