"""The section `operations` of the configuration: who is told how a run went."""

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from interest_spark.config.section import Section, SomeDays
from interest_spark.foundation.credentials import without_credentials

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class NotifyConfig(Section):
    """Who gets word of a run that did not succeed: a command, a web address, or both.

    An address that is itself a secret, as those of chat services are, is named by the environment variable that holds
    it. `on`: the kinds of ends that are told; `blocked` is bad data (exit 3), `busy` is temporary (exit 75), `failed`
    is all else.
    """

    command: tuple[str, ...] | None = Field(default=None, min_length=1)
    url: str | None = None
    url_variable: str | None = None
    on: tuple[Literal["failed", "blocked", "busy", "done"], ...] = ("failed", "blocked")
    timeout_seconds: float = Field(default=20.0, gt=0, le=300)

    @field_validator("url")
    @classmethod
    def _a_web_address(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("http://", "https://")):
            raise ValueError("write a web address, http://… or https://…")
        if url is not None and without_credentials(url) != url:
            raise ValueError("an address with a secret in it belongs in the environment, as url_variable says")
        return url

    @field_validator("url_variable")
    @classmethod
    def _a_variable(cls, name: str | None) -> str | None:
        if name is not None and not _VARIABLE.fullmatch(name):
            raise ValueError("name an environment variable, for example INTEREST_NOTIFY_URL")
        return name

    @model_validator(mode="after")
    def _somebody_is_told(self) -> "NotifyConfig":
        if self.command is None and self.url is None and self.url_variable is None:
            raise ValueError("nobody is told: set command, url or url_variable")
        if self.url is not None and self.url_variable is not None:
            raise ValueError("set url or url_variable, not both")
        return self


class OperationsConfig(Section):
    """Figures for monitoring, word of failures, and how long the journal of runs is kept.

    `metrics_folder`: where the node exporter of Prometheus looks for text files, null for none. `mlflow_folder`: where
    MLflow keeps its files of experiments, each training a run of them; null for none.
    """

    metrics_folder: Path | None = None
    mlflow_folder: Path | None = None
    notify: NotifyConfig | None = None
    journal_days: SomeDays = 400
