"""The section `compare` of the configuration."""

import re
from typing import Any

from pydantic import Field, field_validator

from interest_spark.config.section import Section

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,40}")


class CompareConfig(Section):
    """Variants of this deployment's model, by a name of their own, for `interest compare --models`.

    A variant is what is set otherwise than in the rest of the configuration: keys as in `--set`, with their values.
    """

    models: dict[str, dict[str, Any]] = Field(default={})

    @field_validator("models")
    @classmethod
    def _are_named(cls, models: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for name, settings in models.items():
            if not _NAME.fullmatch(name):
                raise ValueError("a variant's name is made of a-z, 0-9, '_', '.' and '-'")
            other = [key for key in settings if not key.startswith(("train.", "blocks.", "collaborative."))]
            if other:
                raise ValueError(
                    f"{other}: a variant sets keys of train, blocks and collaborative alone, since all are judged alike"
                )
        return models
