"""JSON Schemas (draft 2020-12) of what the log holds, for those who read it with tools of their own.

A schema tells the shape. Beyond it stand the canonical form of the bytes, hashes and signatures, which this
package verifies, and what a schema cannot say: its `$comment` names that.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Literal, TypeAlias

SchemaName: TypeAlias = Literal["entry", "statement"]
SCHEMAS: tuple[SchemaName, ...] = ("entry", "statement")


def schema(name: SchemaName) -> str:
    """Return a schema as JSON: `entry` of the body of an entry, `statement` of what a person signs."""
    return files(__name__).joinpath(f"{name}.schema.json").read_text()
