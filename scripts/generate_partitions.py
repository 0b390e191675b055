"""Write src/ringwall/client/partitions.py: Amazon's partitions, from the locked botocore.

`text()` gives the file whole, so that a test can compare it with the committed one.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import botocore
from botocore.loaders import Loader

TARGET = Path(__file__).parent.parent / "src/ringwall/client/partitions.py"

HEADER = '''"""Amazon's partitions, which give the names of EC2's endpoints.

Made by scripts/generate_partitions.py from botocore {version}; `make generate` writes it anew. Don't edit it.
"""

from __future__ import annotations

PARTITIONS: tuple[tuple[str, str, tuple[str, ...], str, str, bool], ...] = (
'''
FOOTER = ''')
"""Name, pattern of its regions, regions beside the pattern, DNS suffix, that of dual-stack names, has EC2 those names.

Each has FIPS endpoints. The first is also that of a region nobody knows.
"""
'''


def text() -> str:
    """The generated file, whole."""
    loader = Loader()
    dual = {part["partition"]: _has_dual_stack(part) for part in loader.load_data("endpoints")["partitions"]}
    rows = []
    for partition in loader.load_data("partitions")["partitions"]:
        outputs, pattern = partition["outputs"], partition["regionRegex"].replace(r"\-", "-")
        assert outputs["supportsFIPS"], "client/endpoints.py takes that for granted"
        beside = tuple(sorted(region for region in partition["regions"] if region.endswith("-global")))
        assert outputs["supportsDualStack"], "as above"
        rows.append(
            f"    ({_quoted(partition['id'])}, {_quoted(pattern)}, {_tuple(beside)}, "
            f"{_quoted(outputs['dnsSuffix'])}, {_quoted(outputs['dualStackDnsSuffix'])}, {dual[partition['id']]}),\n"
        )
    return HEADER.format(version=botocore.__version__) + "".join(rows) + FOOTER


def _has_dual_stack(partition: Any) -> bool:
    return any("dualstack" in variant["tags"] for variant in partition["defaults"].get("variants", ()))


def _quoted(value: str) -> str:
    return json.dumps(value)


def _tuple(values: tuple[str, ...]) -> str:
    return f"({', '.join(map(_quoted, values))}{',' if len(values) == 1 else ''})"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
