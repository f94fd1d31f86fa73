"""The JSON Schema of policies, published for editors."""

from __future__ import annotations

import importlib.resources
import json

from guardcli.policy.schema import PolicySection

SCHEMA_FILE = importlib.resources.files("guardcli.policy") / "policy.schema.json"
"""The published file, which ships with the package."""


def published_schema() -> str:
    """Return what `SCHEMA_FILE` must hold; a test compares them.

    Write it with ``python -c "from guardcli.policy.schema_file import *; print(published_schema(), end='')"``.
    """
    form = PolicySection.model_json_schema(by_alias=True)
    form = {"$schema": "https://json-schema.org/draft/2020-12/schema", **form}
    return json.dumps(form, indent=2, ensure_ascii=False) + "\n"
