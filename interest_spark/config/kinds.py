"""Sections of one of several kinds, chosen by their key `kind`: discriminated unions with a default."""

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from interest_spark.config.section import Section


class Kinds:
    """Marks a union of sections, as `Annotated[A | B, Kinds()]`; also a union of one.

    Each section has a key `kind` whose default is its own name. Without that key the first section is meant, which a
    discriminated union of pydantic's own would refuse.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validation as the section that the value's `kind` names."""
        sections = sections_by_kind(source)
        default = next(iter(sections))

        def kind_of(value: Any) -> str:
            return str(value.get("kind", default) if isinstance(value, Mapping) else getattr(value, "kind", default))

        choices = {kind: handler.generate_schema(section) for kind, section in sections.items()}
        return core_schema.tagged_union_schema(choices, discriminator=kind_of)


def sections_by_kind(union: Any) -> dict[str, type[Section]]:
    """The sections of a union by kind, the default first; the union may carry its mark or not."""
    bare = union.__origin__ if hasattr(union, "__metadata__") else union
    return {section.model_fields["kind"].default: section for section in get_args(bare) or (bare,)}
