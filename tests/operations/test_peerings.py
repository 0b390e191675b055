"""VPC peering connections: state, call, answer or refusal."""

from __future__ import annotations

from typing import Any

import pytest

from account import ABSENT, ACCOUNT, REGION, Account, tag_specification
from ringwall.domain.quota import Quota

OTHER_REGION = "eu-west-1"
OPTIONS = {
    "AllowDnsResolutionFromRemoteVpc": False,
    "AllowEgressFromLocalClassicLinkToRemoteVpc": False,
    "AllowEgressFromLocalVpcToRemoteClassicLink": False,
    "AllowMultipathResilience": False,
}
FAILURE = "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range"
HOUR, DAY = 3600, 24 * 3600


def side(vpc_id: str, cidr: str | None = None, region: str = REGION, owner: str = ACCOUNT) -> dict[str, Any]:
    """A side as answers show it, with its block or without."""
    shown = {"OwnerId": owner, "VpcId": vpc_id, "Region": region}
    if cidr is None:
        return shown
    return shown | {"CidrBlock": cidr, "CidrBlockSet": [{"CidrBlock": cidr}], "PeeringOptions": OPTIONS}


def create(account: Account, vpc_id: str, peer_vpc_id: str, **request: Any) -> dict[str, Any]:
    return account.call("CreateVpcPeeringConnection", VpcId=vpc_id, PeerVpcId=peer_vpc_id, **request)[
        "VpcPeeringConnection"
    ]


def requested(account: Account, vpc_id: str, peer_vpc_id: str, **request: Any) -> str:
    return create(account, vpc_id, peer_vpc_id, **request)["VpcPeeringConnectionId"]


def accept(account: Account, peering_id: str) -> dict[str, Any]:
    return account.call("AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering_id)["VpcPeeringConnection"]


def described(account: Account, *peering_ids: str, **filters: str) -> list[dict[str, Any]]:
    request: dict[str, Any] = {"VpcPeeringConnectionIds": list(peering_ids)} if peering_ids else {}
    given = [{"Name": name, "Values": [value]} for name, value in filters.items()]
    return account.call("DescribeVpcPeeringConnections", Filters=given, **request)["VpcPeeringConnections"]


def status(account: Account, peering_id: str) -> tuple[str, str]:
    (shown,) = described(account, peering_id)
    return shown["Status"]["Code"], shown["Status"]["Message"]


@pytest.fixture
def pair(account: Account) -> tuple[str, str]:
    """Two VPCs that share no address."""
    return account.vpc("10.0.0.0/16"), account.vpc("10.1.0.0/16")


# --- Create ---


def test_a_request_waits_a_week_for_its_acceptance(account: Account, pair: tuple[str, str]) -> None:
    one, other = pair
    made = create(account, one, other, TagSpecifications=tag_specification("vpc-peering-connection", Name="p"))
    everything = {
        "VpcPeeringConnectionId": made["VpcPeeringConnectionId"],
        "Status": {"Code": "initiating-request", "Message": f"Initiating Request to {ACCOUNT}"},
        "RequesterVpcInfo": side(one, "10.0.0.0/16"),
        "AccepterVpcInfo": side(other),
        "ExpirationTime": account.now + 7 * DAY,
        "Tags": [{"Key": "Name", "Value": "p"}],
        "MultipathResilienceStatus": "disabled",
    }
    assert made == everything
    waiting = {"Code": "pending-acceptance", "Message": f"Pending Acceptance by {ACCOUNT}"}
    assert described(account) == [everything | {"Status": waiting}]


def test_the_same_request_again_is_answered_with_the_connection_there_is(
    account: Account, pair: tuple[str, str]
) -> None:
    """Observed: the Terraform provider's documentation of aws_vpc_peering_connection, 2022."""
    one, other = pair
    first = requested(account, one, other)
    before = account.picture()
    again = create(account, one, other)
    assert (again["VpcPeeringConnectionId"], again["Status"]["Code"]) == (first, "pending-acceptance")
    accept(account, first)
    assert create(account, one, other)["Status"]["Code"] == "active"
    assert len(described(account)) == 1
    assert account.picture()[0] == before[0] + 1, "the acceptance alone changed something"


@pytest.mark.parametrize("ended", ["RejectVpcPeeringConnection", "DeleteVpcPeeringConnection"])
def test_a_connection_that_ended_leaves_room_for_a_new_one(account: Account, pair: tuple[str, str], ended: str) -> None:
    first = requested(account, *pair)
    account.call(ended, VpcPeeringConnectionId=first)
    assert requested(account, *pair) != first


@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "10.0.128.0/20", "10.0.0.0/28"])
def test_overlapping_blocks_fail(account: Account, cidr: str) -> None:
    one, other = account.vpc("10.0.0.0/16"), account.vpc(cidr)
    for vpcs in ((one, other), (other, one)):
        made = create(account, *vpcs)
        assert made["Status"] == {"Code": "failed", "Message": FAILURE}
        assert "ExpirationTime" not in made
        assert made["RequesterVpcInfo"] == side(vpcs[0])
        assert status(account, made["VpcPeeringConnectionId"]) == ("failed", FAILURE)


def test_overlapping_ipv6_blocks_fail(account: Account) -> None:
    one = account.vpc("10.0.0.0/16", Ipv6CidrBlock="2001:db8::/56", Ipv6Pool="ipv6pool-ec2-1")
    other = account.vpc("10.1.0.0/16", Ipv6CidrBlock="2001:db8::/60", Ipv6Pool="ipv6pool-ec2-1")
    assert create(account, one, other)["Status"]["Code"] == "failed"


def test_what_isnt_there_or_is_anothers_fails(account: Account, pair: tuple[str, str]) -> None:
    """Observed with a VPC of another region and without PeerRegion: the connection fails, the call doesn't."""
    one, other = pair
    stranger = account.elsewhere(account_id="210987654321").vpc("10.9.0.0/16")
    for request in (
        {"PeerVpcId": ABSENT["vpc"]},
        {"PeerVpcId": other, "PeerRegion": OTHER_REGION},
        {"PeerVpcId": other, "PeerOwnerId": "210987654321"},
        {"PeerVpcId": stranger, "PeerOwnerId": "210987654321"},
        {"PeerVpcId": stranger},
    ):
        made = account.call("CreateVpcPeeringConnection", VpcId=one, **request)["VpcPeeringConnection"]
        assert made["Status"] == {"Code": "failed", "Message": FAILURE}, request
    assert len(described(account)) == 5
    for elsewhere in (account.elsewhere(account_id="210987654321"), account.elsewhere(region=OTHER_REGION)):
        assert described(elsewhere) == [], "only who asked hears of a failure"


def test_ones_own_account_and_region_may_be_said(account: Account, pair: tuple[str, str]) -> None:
    made = create(account, *pair, PeerOwnerId=ACCOUNT, PeerRegion=REGION)
    assert made["Status"]["Code"] == "initiating-request"


def test_refused_requests(account: Account, pair: tuple[str, str]) -> None:
    one, other = pair
    name = "CreateVpcPeeringConnection"
    assert account.checked(name, PeerVpcId=other) == (
        "MissingParameter",
        "The request must contain the parameter vpcId",
    )
    assert account.checked(name, VpcId=one) == (
        "MissingParameter",
        "The request must contain the parameter peerVpcId",
    )
    assert account.checked(name, VpcId="vpc-x", PeerVpcId=other) == ("InvalidVpcID.Malformed", 'Invalid id: "vpc-x"')
    assert account.checked(name, VpcId=one, PeerVpcId="x") == (
        "InvalidVpcID.Malformed",
        'Invalid id: "x" (expecting "vpc-...")',
    )
    assert account.refused(name, VpcId=ABSENT["vpc"], PeerVpcId=other) == (
        "InvalidVpcID.NotFound",
        f"The vpc ID '{ABSENT['vpc']}' does not exist",
    )
    assert account.refused(name, VpcId=one, PeerVpcId=one) == (
        "InvalidParameterValue",
        f"Value ({one}) for parameter peerVpcId is invalid. A VPC cannot be peered with itself.",
    )
    assert account.refused(name, VpcId=one, PeerVpcId=other, PeerOwnerId="me") == (
        "InvalidParameterValue",
        "Value (me) for parameter peerOwnerId is invalid. An account ID has 12 digits.",
    )
    assert account.refused(name, VpcId=one, PeerVpcId=other, PeerRegion="mars") == (
        "InvalidParameterValue",
        "Value (mars) for parameter peerRegion is invalid. This is not a region.",
    )
    assert account.refused(name, VpcId=one, PeerVpcId=other, TagSpecifications=tag_specification("vpc", a="b")) == (
        "InvalidParameterValue",
        "'vpc' is not a valid taggable resource type for this operation.",
    )


def test_one_path_between_two_vpcs_is_all_there_is(account: Account, pair: tuple[str, str]) -> None:
    name, vpcs = "CreateVpcPeeringConnection", {"VpcId": pair[0], "PeerVpcId": pair[1]}
    for option in ({"AllowMultipathResilience": True}, {"MultipathResilienceMode": "always-on"}):
        refusal = account.checked(name, **vpcs, RequesterPeeringConnectionOptions=option)
        path = f"RequesterPeeringConnectionOptions.{next(iter(option))}"
        assert refusal == ("UnsupportedOperation", f"The parameter {path} isn't supported here.")
    assert account.checked(name, **vpcs, RequesterPeeringConnectionOptions={"AllowMultipathResilience": False}) is None


def test_a_vpc_has_only_so_many_requests_open(store: Any) -> None:
    """The code and the text are observed (2017)."""
    account = Account(store, quota=Quota(vpcs_per_region_max=50, pending_peerings_per_vpc_max=2))
    hub, *others = [account.vpc(f"10.{number}.0.0/16") for number in range(5)]
    first = requested(account, hub, others[0])
    requested(account, hub, others[1])
    assert account.refused("CreateVpcPeeringConnection", VpcId=hub, PeerVpcId=others[2]) == (
        "PendingVpcPeeringConnectionLimitExceeded",
        "Vpc peering connection request limit exceeded.",
    )
    requested(account, others[2], hub)  # the quota is the requester's
    accept(account, first)
    requested(account, hub, others[3])


def test_a_request_that_expired_takes_no_room(store: Any) -> None:
    account = Account(store, quota=Quota(vpcs_per_region_max=50, pending_peerings_per_vpc_max=1))
    hub, *others = [account.vpc(f"10.{number}.0.0/16") for number in range(3)]
    requested(account, hub, others[0])
    account.now += 7 * DAY
    requested(account, hub, others[1])


# --- Accept, Reject, Delete ---


def test_an_accepted_connection_shows_both_vpcs(account: Account, pair: tuple[str, str]) -> None:
    one, other = pair
    peering_id = requested(account, one, other)
    accepted = accept(account, peering_id)
    everything = {
        "VpcPeeringConnectionId": peering_id,
        "Status": {"Code": "provisioning", "Message": "Provisioning"},
        "RequesterVpcInfo": side(one, "10.0.0.0/16"),
        "AccepterVpcInfo": side(other, "10.1.0.0/16"),
        "Tags": [],
        "MultipathResilienceStatus": "disabled",
    }
    assert accepted == everything
    assert described(account) == [everything | {"Status": {"Code": "active", "Message": "Active"}}]
    account.now += 30 * DAY
    assert status(account, peering_id) == ("active", "Active")


def test_ipv6_blocks_are_shown_where_there_are_some(account: Account) -> None:
    one = account.vpc("10.0.0.0/16", Ipv6CidrBlock="2001:db8::/56", Ipv6Pool="ipv6pool-ec2-1")
    made = create(account, one, account.vpc("10.1.0.0/16"))
    assert made["RequesterVpcInfo"]["Ipv6CidrBlockSet"] == [{"Ipv6CidrBlock": "2001:db8::/56"}]


ACCEPT, REJECT, DELETE = (f"{verb}VpcPeeringConnection" for verb in ("Accept", "Reject", "Delete"))
ENDS = {REJECT: ("rejected", f"Rejected by {ACCOUNT}"), DELETE: ("deleted", f"Deleted by {ACCOUNT}")}


@pytest.mark.parametrize(
    ("before", "verb", "wanted"),
    [
        ("active", ACCEPT, "provisioning"), ("active", REJECT, "rejected"),
        ("rejected", ACCEPT, "provisioning"), ("rejected", REJECT, "rejected"), ("rejected", DELETE, "deleting"),
        ("deleted", ACCEPT, "provisioning"), ("deleted", REJECT, "rejected"), ("deleted", DELETE, "deleting"),
        ("failed", ACCEPT, "provisioning"), ("failed", REJECT, "rejected"), ("failed", DELETE, "deleting"),
        ("expired", ACCEPT, "provisioning"), ("expired", REJECT, "rejected"), ("expired", DELETE, "deleting"),
    ],
)  # fmt: skip
def test_only_some_steps_are_possible(
    account: Account, pair: tuple[str, str], before: str, verb: str, wanted: str
) -> None:
    """The text is observed for rejected and failed to deleting."""
    peering_id = requested(account, pair[0], ABSENT["vpc"] if before == "failed" else pair[1])
    if before in ("active", "rejected", "deleted"):
        name = {"active": ACCEPT, "rejected": REJECT, "deleted": DELETE}[before]
        account.call(name, VpcPeeringConnectionId=peering_id)
    elif before == "expired":
        account.now += 7 * DAY
    assert status(account, peering_id)[0] == before
    assert account.refused(verb, VpcPeeringConnectionId=peering_id) == (
        "InvalidStateTransition",
        f"Invalid state transition for {peering_id}, attempted to transition from {before} to {wanted}",
    )


@pytest.mark.parametrize(("verb", "active"), [(REJECT, False), (DELETE, False), (DELETE, True)])
def test_an_end_is_told_for_two_hours(account: Account, pair: tuple[str, str], verb: str, active: bool) -> None:
    peering_id = requested(account, *pair)
    if active:
        accept(account, peering_id)
    assert account.call(verb, VpcPeeringConnectionId=peering_id) == {"Return": True}
    assert status(account, peering_id) == ENDS[verb]
    (shown,) = described(account)
    assert (shown["RequesterVpcInfo"], shown["AccepterVpcInfo"]) == (side(pair[0]), side(pair[1]))
    assert "ExpirationTime" not in shown
    account.now += 2 * HOUR - 1
    assert len(described(account)) == 1
    account.now += 1
    assert described(account) == []
    absent = ("InvalidVpcPeeringConnectionID.NotFound", f"The vpcPeeringConnection ID '{peering_id}' does not exist")
    assert account.refused("DescribeVpcPeeringConnections", VpcPeeringConnectionIds=[peering_id]) == absent
    assert account.refused(DELETE, VpcPeeringConnectionId=peering_id) == absent


def test_a_failure_is_told_for_two_hours(account: Account, pair: tuple[str, str]) -> None:
    peering_id = requested(account, pair[0], ABSENT["vpc"])
    account.now += 2 * HOUR - 1
    assert status(account, peering_id)[0] == "failed"
    account.now += 1
    assert described(account) == []


def test_an_expiry_is_told_for_two_days(account: Account, pair: tuple[str, str]) -> None:
    peering_id = requested(account, *pair)
    revision = account.picture()[0]
    account.now += 7 * DAY - 1
    assert status(account, peering_id)[0] == "pending-acceptance"
    account.now += 1
    assert status(account, peering_id) == ("expired", "Expired")
    account.now += 2 * DAY - 1
    assert status(account, peering_id)[0] == "expired"
    account.now += 1
    assert described(account) == []
    assert account.picture()[0] == revision, "expiry is time passing, not a change"


def test_tags_go_when_nothing_is_told_of_the_connection_any_more(account: Account, pair: tuple[str, str]) -> None:
    peering_id = requested(account, *pair, TagSpecifications=tag_specification("vpc-peering-connection", a="b"))
    account.call(DELETE, VpcPeeringConnectionId=peering_id)
    assert [each["ResourceId"] for each in account.call("DescribeTags")["Tags"]] == [peering_id]
    account.now += 2 * HOUR
    assert account.call("DescribeTags")["Tags"] == []
    assert account.refused("CreateTags", Resources=[peering_id], Tags=[{"Key": "a", "Value": "c"}]) == (
        "InvalidVpcPeeringConnectionID.NotFound",
        f"The vpcPeeringConnection ID '{peering_id}' does not exist",
    )


@pytest.mark.parametrize("verb", [ACCEPT, REJECT, DELETE])
def test_what_isnt_named_or_isnt_there_is_refused(account: Account, verb: str) -> None:
    assert account.checked(verb) == (
        "MissingParameter",
        "The request must contain the parameter vpcPeeringConnectionId",
    )
    assert account.checked(verb, VpcPeeringConnectionId="pcx-G") == (
        "InvalidVpcPeeringConnectionId.Malformed",
        'Invalid id: "pcx-G"',
    )
    assert account.refused(verb, VpcPeeringConnectionId="pcx-12345678") == (
        "InvalidVpcPeeringConnectionID.NotFound",
        "The vpcPeeringConnection ID 'pcx-12345678' does not exist",
    )


def test_another_account_doesnt_know_the_connection(account: Account, pair: tuple[str, str]) -> None:
    peering_id = requested(account, *pair)
    stranger = account.elsewhere(account_id="210987654321")
    assert described(stranger) == []
    assert stranger.refused(DELETE, VpcPeeringConnectionId=peering_id)[0] == "InvalidVpcPeeringConnectionID.NotFound"


def test_a_second_connection_of_the_same_vpcs_cant_be_accepted(account: Account, pair: tuple[str, str]) -> None:
    """It can be asked for the other way round (observed: a client that finds out when it accepts)."""
    one, other = pair
    there, back = requested(account, one, other), requested(account, other, one)
    accept(account, there)
    assert account.refused(ACCEPT, VpcPeeringConnectionId=back) == (
        "VpcPeeringConnectionAlreadyExists",
        f"A VPC peering connection between the VPCs already exists: '{there}'",
    )
    account.call(DELETE, VpcPeeringConnectionId=there)
    accept(account, back)
    assert status(account, back)[0] == "active"


@pytest.mark.parametrize("full", ["requester", "accepter"])
def test_a_vpc_has_only_so_many_active_connections(store: Any, full: str) -> None:
    account = Account(store, quota=Quota(vpcs_per_region_max=50, peerings_per_vpc_max=1))
    busy, first, second = [account.vpc(f"10.{number}.0.0/16") for number in range(3)]
    made = requested(account, busy, first)
    accept(account, made)
    more = requested(account, *((busy, second) if full == "requester" else (second, busy)))
    assert account.refused(ACCEPT, VpcPeeringConnectionId=more) == (
        "ActiveVpcPeeringConnectionPerVpcLimitExceeded",
        f"The maximum number of active peering connections of the vpc '{busy}' has been reached.",
    )
    account.call(DELETE, VpcPeeringConnectionId=made)
    accept(account, more)


def test_what_overlaps_by_now_fails_when_it_is_accepted(account: Account, pair: tuple[str, str]) -> None:
    peering_id = requested(account, *pair)
    account.call("AssociateVpcCidrBlock", VpcId=pair[1], CidrBlock="10.0.128.0/20")
    assert accept(account, peering_id)["Status"] == {"Code": "failed", "Message": FAILURE}
    assert status(account, peering_id) == ("failed", FAILURE)


# --- Between regions ---


def test_a_connection_between_regions_is_seen_in_both_and_accepted_at_the_far_end(account: Account) -> None:
    far = account.elsewhere(region=OTHER_REGION)
    one, other = account.vpc("10.0.0.0/16"), far.vpc("10.1.0.0/16")
    peering_id = requested(account, one, other, PeerRegion=OTHER_REGION)
    assert status(account, peering_id) == status(far, peering_id)
    for verb, done in ((ACCEPT, "accepted"), (REJECT, "accepted or rejected")):
        assert account.refused(verb, VpcPeeringConnectionId=peering_id) == (
            "OperationNotPermitted",
            f"Incorrect region ({REGION}) specified for this request. VPC peering connection {peering_id} must be "
            f"{done} in region {OTHER_REGION}",
        )
    accept(far, peering_id)
    (shown,) = described(account)
    assert shown["AccepterVpcInfo"] == side(other, "10.1.0.0/16", OTHER_REGION)
    assert [shown] == described(far)
    account.call(DELETE, VpcPeeringConnectionId=peering_id)
    assert status(far, peering_id)[0] == "deleted"


def test_blocks_overlap_between_regions_too(account: Account) -> None:
    far = account.elsewhere(region=OTHER_REGION)
    made = create(account, account.vpc("10.0.0.0/16"), far.vpc("10.0.0.0/24"), PeerRegion=OTHER_REGION)
    assert made["Status"]["Code"] == "failed"


# --- Describe ---


def test_filters(account: Account, pair: tuple[str, str]) -> None:
    one, other = pair
    third = account.vpc("10.2.0.0/16")
    active, pending = requested(account, one, other), requested(account, other, third)
    accept(account, active)
    account.call("CreateTags", Resources=[active], Tags=[{"Key": "Team", "Value": "a"}])
    failed = requested(account, third, ABSENT["vpc"])

    def found(name: str, value: str) -> list[str]:
        return [each["VpcPeeringConnectionId"] for each in described(account, **{name: value})]

    assert found("accepter-vpc-info.cidr-block", "10.1.0.0/16") == [active]
    assert found("accepter-vpc-info.cidr-block", "10.2.0.0/16") == [], "not shown before it is accepted"
    assert found("accepter-vpc-info.owner-id", ACCOUNT) == [active, pending, failed]
    assert found("accepter-vpc-info.vpc-id", third) == [pending]
    assert found("expiration-time", "2023-11-21T22:13:20.000Z") == [pending]
    assert found("requester-vpc-info.cidr-block", "10.1.*") == [pending]
    assert found("requester-vpc-info.owner-id", "12?456*") == [active, pending, failed]
    assert found("requester-vpc-info.vpc-id", one) == [active]
    assert found("status-code", "failed") == [failed]
    assert found("status-message", "Pending*") == [pending]
    assert found("tag:Team", "a") == found("tag-key", "Team") == [active]
    assert found("vpc-peering-connection-id", pending) == [pending]
    assert account.refused("DescribeVpcPeeringConnections", Filters=[{"Name": "vpc-id", "Values": [one]}]) == (
        "InvalidParameterValue",
        "The filter 'vpc-id' is invalid",
    )


def test_pages_and_ids(account: Account) -> None:
    hub, *others = [account.vpc(f"10.{number}.0.0/16") for number in range(8)]
    made = [requested(account, hub, other) for other in others]
    first = account.call("DescribeVpcPeeringConnections", MaxResults=5)
    second = account.call("DescribeVpcPeeringConnections", MaxResults=5, NextToken=first["NextToken"])
    shown = [each["VpcPeeringConnectionId"] for answer in (first, second) for each in answer["VpcPeeringConnections"]]
    assert shown == made
    assert "NextToken" not in second
    assert [each["VpcPeeringConnectionId"] for each in described(account, made[3], made[1], made[3])] == [
        made[3],
        made[1],
    ]
    for size, limit in ((4, "greater than 5"), (1001, "less than 1000")):
        assert account.refused("DescribeVpcPeeringConnections", MaxResults=size) == (
            "InvalidParameterValue",
            f"Value ( {size} ) for parameter maxResults is invalid. Expecting a value {limit}.",
        )
    assert account.checked("DescribeVpcPeeringConnections", VpcPeeringConnectionIds=["pcx"]) == (
        "InvalidVpcPeeringConnectionId.Malformed",
        'Invalid id: "pcx" (expecting "pcx-...")',
    )
