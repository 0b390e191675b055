"""Write src/ringwall/client/partitions.py: Amazon's partitions, from the locked botocore.

`text()` gives the file whole, so that a test can compare it with the committed one.
"""

from __future__ import annotations

import json
from pathlib import Path

import botocore
from botocore.exceptions import EndpointVariantError
from botocore.loaders import Loader
from botocore.regions import EndpointResolver

TARGET = Path(__file__).parent.parent / "src/ringwall/client/partitions.py"

HEADER = '''"""Amazon's partitions, which give the names of EC2's endpoints.

Made by scripts/generate_partitions.py from botocore {version}; `make generate` writes it anew. Don't edit it.
"""

from __future__ import annotations

PARTITIONS: tuple[tuple[str, str, tuple[str, ...], str, str, tuple[str, ...]], ...] = (
'''
FOOTER = ''')
"""Name, pattern of its regions, regions beside the pattern, DNS suffix, that of dual-stack names, regions without.

Each has FIPS endpoints. The first is also that of a region nobody knows.
"""
'''


def text() -> str:
    """The generated file, whole."""
    loader = Loader()
    resolver = EndpointResolver(loader.load_data("endpoints"))
    rows = []
    for partition in loader.load_data("partitions")["partitions"]:
        outputs, pattern = partition["outputs"], partition["regionRegex"].replace(r"\-", "-")
        assert outputs["supportsFIPS"], "client/endpoints.py takes that for granted"
        beside = tuple(sorted(region for region in partition["regions"] if region.endswith("-global")))
        assert outputs["supportsDualStack"], "as above"
        cells = (
            _quoted(partition["id"]),
            _quoted(pattern),
            _tuple(beside),
            _quoted(outputs["dnsSuffix"]),
            _quoted(outputs["dualStackDnsSuffix"]),
            _tuple(tuple(region for region in partition["regions"] if _has_single_stack(resolver, region))),
        )
        rows.append("    (\n" + "".join(f"        {cell},\n" for cell in cells) + "    ),\n")
    return HEADER.format(version=botocore.__version__) + "".join(rows) + FOOTER


def _has_single_stack(resolver: EndpointResolver, region: str) -> bool:
    """Whether botocore refuses to name a dual-stack endpoint of EC2's, though the partition has a suffix for it."""
    try:
        resolver.construct_endpoint("ec2", region, use_dualstack_endpoint=True)
    except EndpointVariantError:
        return True
    return False


def _quoted(value: str) -> str:
    return json.dumps(value)


def _tuple(values: tuple[str, ...]) -> str:
    return f"({', '.join(map(_quoted, values))}{',' if len(values) == 1 else ''})"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
