"""A real server with EC2's own request limits: refused in EC2's words, and nothing done."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from serving import serving


def test_the_fifty_first_revoke_at_once_is_refused() -> None:
    with serving("--throttle", "aws") as server:
        client = server.client()
        (group,) = client.describe_security_groups(GroupNames=["default"])["SecurityGroups"]
        revoke = f"Action=RevokeSecurityGroupIngress&Version=2016-11-15&GroupId={group['GroupId']}&CidrIp=10.0.0.0%2F8"
        answers = [server.call(revoke + "&IpProtocol=tcp&FromPort=1&ToPort=1") for _ in range(60)]
        assert [answer.code for answer in answers[:50]] == [None] * 50  # nothing was there to revoke
        assert answers[-1].status == 503
        assert answers[-1].code == "RequestLimitExceeded"
        with pytest.raises(ClientError, match="has been throttled on ec2:AuthorizeSecurityGroupIngress"):
            for _ in range(3):
                permission = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
                client.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[permission])
                client.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[permission])
        assert client.describe_security_groups(GroupNames=["default"])["SecurityGroups"] == [group]
