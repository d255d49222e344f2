"""One run: its configuration, its day, and the warehouse and Spark session it works with."""

import secrets
import threading
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from functools import cached_property
from typing import TYPE_CHECKING

from interest_spark.config.deployment import Config
from interest_spark.config.names import BACKTEST, COMPARED
from interest_spark.foundation.versions import check_versions
from interest_spark.operations.recorder import Recorder, Unrecorded
from interest_spark.storage.warehouse import Warehouse

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_NEEDED_BY_EVERY_JOB = ("python", "pyspark", "pyarrow", "numpy", "pandas", "deltalake")
_STARTING = threading.Lock()


def new_run_id() -> str:
    """A sortable name for one attempt; every staged file lies below it."""
    return f"{datetime.now(timezone.utc):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


@dataclass(frozen=True)
class RunContext:
    """`force`: steps run even if they are current. `rebuild`: and go on from nothing that an earlier day has made.
    `backtest`: what is made serves a judgement and was never shown to anybody, so models and lists have a name of their
    own and replace nothing that was served. `compared_as`: in the same way for a comparison, in which the model has
    this name. `recorder` tells the journal of runs.
    """

    config: Config
    day: date
    force: bool = False
    backtest: bool = False
    rebuild: bool = False
    compared_as: str | None = None
    run_id: str = field(default_factory=new_run_id)
    recorder: Recorder | Unrecorded = field(default_factory=Unrecorded)

    @property
    def dt(self) -> str:
        """The day as it stands in `dt`."""
        return self.day.isoformat()

    @property
    def served_model(self) -> str:
        """The name of the model whose suggestions the shop shows, or would show in place of it in a comparison."""
        return self.config.model_name if self.compared_as is None else COMPARED + self.compared_as

    @property
    def model(self) -> str:
        """The name that models and lists of this run are published under."""
        return BACKTEST + self.served_model if self.backtest else self.served_model

    @property
    def backtest_model(self) -> str:
        """The name that a backtest's models and lists are published under."""
        return BACKTEST + self.served_model

    def days_before(self, days: int) -> str:
        """The day so many days earlier, as in `dt`."""
        return (self.day - timedelta(days=days)).isoformat()

    def on(self, day: date, *, backtest: bool = False) -> "RunContext":
        """The same run's work for another day, in the same Spark application."""
        return replace(self, day=day, backtest=backtest, run_id=new_run_id())

    @cached_property
    def warehouse(self) -> Warehouse:
        """The deployment's tables."""
        return Warehouse(self.config.warehouse)

    @cached_property
    def spark(self) -> "SparkSession":
        """This process's Spark application, started when it is first asked for."""
        from interest_spark.platform.connectors import check_connector
        from interest_spark.platform.session import start_session
        from interest_spark.platform.stage_progress import show_stages

        check_versions(_NEEDED_BY_EVERY_JOB)  # a wrong library would fail later, and far less clearly
        with _STARTING:  # steps at work side by side ask for it at once
            session = start_session(self.config.spark, "interest_spark")
            check_connector(session, str(self.config.warehouse))
            show_stages(session.sparkContext)
        return session
