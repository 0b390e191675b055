"""Amazon's partitions, which give the names of EC2's endpoints.

Made by scripts/generate_partitions.py from botocore 1.44.5; `make generate` writes it anew. Don't edit it.
"""

from __future__ import annotations

PARTITIONS: tuple[tuple[str, str, tuple[str, ...], str, str, tuple[str, ...]], ...] = (
    (
        "aws",
        "^(us|eu|ap|sa|ca|me|af|il|mx)-\\w+-\\d+$",
        ("aws-global",),
        "amazonaws.com",
        "api.aws",
        (),
    ),
    (
        "aws-cn",
        "^cn-\\w+-\\d+$",
        ("aws-cn-global",),
        "amazonaws.com.cn",
        "api.amazonwebservices.com.cn",
        (),
    ),
    (
        "aws-eusc",
        "^eusc-(de)-\\w+-\\d+$",
        (),
        "amazonaws.eu",
        "api.amazonwebservices.eu",
        (),
    ),
    (
        "aws-iso",
        "^us-iso-\\w+-\\d+$",
        ("aws-iso-global",),
        "c2s.ic.gov",
        "api.aws.ic.gov",
        (),
    ),
    (
        "aws-iso-b",
        "^us-isob-\\w+-\\d+$",
        ("aws-iso-b-global",),
        "sc2s.sgov.gov",
        "api.aws.scloud",
        (),
    ),
    (
        "aws-iso-e",
        "^eu-isoe-\\w+-\\d+$",
        ("aws-iso-e-global",),
        "cloud.adc-e.uk",
        "api.cloud-aws.adc-e.uk",
        ("eu-isoe-west-1",),
    ),
    (
        "aws-iso-f",
        "^us-isof-\\w+-\\d+$",
        ("aws-iso-f-global",),
        "csp.hci.ic.gov",
        "api.aws.hci.ic.gov",
        ("us-isof-east-1", "us-isof-south-1"),
    ),
    (
        "aws-us-gov",
        "^us-gov-\\w+-\\d+$",
        ("aws-us-gov-global",),
        "amazonaws.com",
        "api.aws",
        (),
    ),
)
"""Name, pattern of its regions, regions beside the pattern, DNS suffix, that of dual-stack names, regions without.

Each has FIPS endpoints. The first is also that of a region nobody knows.
"""
