"""moto server with groups in it from the start, by the peers' interpreter: `peer_moto.py PORT GROUPS RULES_EACH IDS`.

The groups go straight into moto's backend: made by requests, 10,000 of them with 20 rules each would take minutes, as
each request looks at all groups there are. Their ids go into the file IDS: to describe all takes moto half a minute.
"""

from __future__ import annotations

import sys
from pathlib import Path

from moto.ec2.models import ec2_backends
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.server import main

ACCOUNT, REGION = "123456789012", "us-east-1"


def fill(groups: int, rules_each: int) -> list[str]:
    """The ids of new groups in the default VPC, each with its egress rule and this many of ingress."""
    group_ids = []
    backend = ec2_backends[ACCOUNT][REGION]
    for number in range(groups):
        group = backend.create_security_group(f"group-{number}", "bench", force=True)
        for port in range(rules_each):
            block = {"CidrIp": "203.0.113.0/24"}
            rule = SecurityGroupRule(backend, "tcp", group.id, str(port), str(port), block, is_egress=False)
            group.add_ingress_rule(rule)
        group_ids.append(group.id)
    return group_ids


if __name__ == "__main__":
    port, groups, rules_each, path = sys.argv[1:]
    Path(path).write_text("\n".join(fill(int(groups), int(rules_each))))
    main(["-p", port])
