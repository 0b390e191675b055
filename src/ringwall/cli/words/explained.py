"""What each code means that the server can refuse with: what happened, what is usually behind it, what to do.

A refusal has changed nothing, whatever its code; a page of `ringwall explain` doesn't say that again each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from ringwall.domain.ids import FOREIGN_KINDS


@dataclass(frozen=True, slots=True)
class Explanation:
    """meaning: a sentence or two. causes: what is usually behind it. steps: what to do, with commands."""

    meaning: str
    causes: tuple[str, ...]
    steps: tuple[str, ...]


_LIST: Final = "See what there is now: `ringwall list`."
_REGION: Final = "Look in the right place: `ringwall status` shows the server, the region and the account you act in."
_QUOTA: Final = "Have the quota raised, by whoever runs the server: `ringwall serve --limit NAME=N`."

_KEY: Final = "Print the variables of the right key, and set them: `ringwall env`."
_WHO: Final = "Who changed it: `ringwall log ID`."


def _absent(noun: str, see: str) -> Explanation:
    return Explanation(
        f"No {noun} of this id exists in the account and region that were asked.",
        (
            "It was deleted meanwhile.",
            "The id is of another region or another account: ids are only looked for where the request goes.",
            "A character was lost when the id was copied.",
        ),
        (see, _REGION, _WHO),
    )


def _malformed(noun: str, prefix: str) -> Explanation:
    return Explanation(
        f"The text can't be the id of a {noun}: that is {prefix}- and up to 17 hexadecimal digits.",
        (
            "A name was given where an id is wanted.",
            "An id of another kind was given, or a shell variable was empty.",
            "The id was cut short, or has a blank in it.",
        ),
        ("Copy the id from an answer: `ringwall list`, `ringwall show NAME`.",),
    )


def _foreign(noun_code: str) -> Explanation:
    return Explanation(
        f"The id is of a kind that EC2 has and ringwall hasn't ({noun_code}), so that none of them exists here.",
        ("A command that is meant for AWS was sent to ringwall's endpoint.",),
        ("Check the endpoint: AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_EC2; unset them to reach AWS.",),
    )


def _taken(what: str, where: str) -> Explanation:
    return Explanation(
        f"{where} has as many {what} as the quota allows.",
        (f"{what.capitalize()} were made and not cleaned up, by tests or tools, say.",),
        (f"Delete {what} that nothing uses.", _QUOTA),
    )


_REQUEST: Final = {
    "MissingParameter": Explanation(
        "A parameter that the operation needs isn't in the request; the message names it as EC2 does inside.",
        ("A shell variable was empty.", "`groupId` is missing: egress rules are only reached by --group-id."),
        ("Give the parameter: `ringwall ec2 OPERATION help` lists them.",),
    ),
    "UnknownParameter": Explanation(
        "The operation has no parameter of that name.",
        ("A misspelt parameter in a request written by hand.", "A client that is much newer than this server."),
        ("Compare with the operation's page in docs/reference/operations.md.",),
    ),
    "InvalidParameterValue": Explanation(
        "A parameter has a value that can't be meant; the message says which and why.",
        (
            "A CIDR block without its length, or an IPv6 block where an IPv4 one is wanted.",
            "A port range the wrong way round, or ports for a protocol that has none.",
            "The same rule twice in one request, if only in another spelling.",
        ),
        ("Write rules in words, checked before they are sent: `ringwall allow web tcp/22 from 192.0.2.0/24`.",),
    ),
    "InvalidParameterCombination": Explanation(
        "Two parameters were given that don't go together; the message names them.",
        (
            "Rules named by their ids and by what they say in the same request.",
            "--protocol, --port or --cidr beside --ip-permissions, or for egress, which hasn't got them.",
        ),
        ("Name rules in one way only; for egress use --ip-permissions, or `ringwall revoke web tcp/25 to any`.",),
    ),
    "IdempotentParameterMismatch": Explanation(
        "The client token was used before, for a request that asked for something else.",
        ("A script uses a fixed token for different requests.",),
        ("Use a new token for each new request, or none: the client makes one.",),
    ),
    "InvalidClientToken": Explanation(
        "The client token is too long, or has characters that can't be printed.",
        ("A token made of a whole document instead of a hash of it.",),
        ("Use a UUID.",),
    ),
    "MalformedQueryString": Explanation(
        "The body of the request can't be read as a form.",
        ("Broken percent-encoding or text that isn't UTF-8, in a request written by hand.", "Too many parameters."),
        ("Send fewer rules at once; let a client encode the request.",),
    ),
    "MissingAction": Explanation(
        "The request names no operation.",
        ("A browser or a health check asks EC2's endpoint.",),
        ("Health checks belong to /healthz and /readyz.",),
    ),
    "InvalidAction": Explanation(
        "EC2 has no such operation, at least not in the version of the API that was asked for.",
        ("A misspelt Action.", "An operation of another service sent to EC2's endpoint."),
        ("`ringwall ec2 help` lists the operations; docs/reference/operations.md tells of each.",),
    ),
    "UnsupportedOperation": Explanation(
        "EC2 can do this and ringwall can't, or it can't be done to this resource; the message says which.",
        ("A tool that manages more than security groups was pointed at ringwall.",),
        ("See docs/reference/operations.md for what is served, and what isn't for which reason.",),
    ),
    "NoSuchVersion": Explanation(
        "There never was such a version of the API.",
        ("A misspelt Version in a request written by hand.",),
        ("Use 2016-11-15, EC2's current one.",),
    ),
    "InvalidRequest": Explanation(
        "The request asks for nothing, where something has to be asked for.",
        ("A change of a prefix list without entries to add or remove.",),
        ("Say what is to be changed.",),
    ),
    "FilterLimitExceeded": Explanation(
        "The request has more filters, or a filter more values, than one may have (200 values).",
        ("A script collects ids and asks for all of them in one filter.",),
        ("Ask in portions, or without the filter and page by page.",),
    ),
    "ValidationError": Explanation(
        "A value isn't one that IAM or STS takes; the message says which.",
        ("A name with characters that IAM doesn't allow.", "A session's duration outside its limits."),
        ("Correct the value that the message names.",),
    ),
}

_CALLER: Final = {
    "AuthFailure": Explanation(
        "The signature doesn't prove a key that the server knows. It says no more, for whoever tries keys.",
        (
            "The access key id is of AWS or of another ringwall server.",
            "The secret isn't that of the key id: one of the two variables is an old one.",
            "A proxy changed the request on its way, its Host header say.",
            "The clock is wrong by more than five minutes.",
        ),
        (_KEY, "Look at all of it at once: `ringwall doctor`."),
    ),
    "MissingAuthenticationToken": Explanation(
        "The request carries no signature at all.",
        ("--no-sign-request was given.", "A browser, curl or a health check asked, which doesn't sign."),
        (_KEY, "curl signs with --aws-sigv4."),
    ),
    "IncompleteSignature": Explanation(
        "The request has a signature that lacks a part or can't be read; the message says which.",
        ("A signature written by hand, or a header that a proxy cut.",),
        ("Let a client sign, and compare without the proxy.",),
    ),
    "InvalidClientTokenId": Explanation(
        "The session token isn't one that this server made; STS says so of every key it doesn't take, too.",
        (
            "AWS_SESSION_TOKEN is still set, from AWS or from another session, beside a key that lasts.",
            "Key and token come from two different sessions.",
        ),
        ("Unset AWS_SESSION_TOKEN if the key isn't a temporary one.", _KEY),
    ),
    "ExpiredToken": Explanation(
        "The key is a temporary one and its time is over.",
        ("The session was begun longer ago than it lasts.",),
        ("Begin a new session: assume the role again, or GetSessionToken.",),
    ),
    "RequestExpired": Explanation(
        "The request is too old: its own time is over, or that of the temporary key that signed it.",
        ("A presigned URL was used late.", "The clock of this machine is behind.", "A session has ended."),
        ("Compare the clocks: `ringwall doctor`.", "Begin a new session if the key is a temporary one."),
    ),
    "RequestLimitExceeded": Explanation(
        "More requests come than the account, or the address, may make for now.",
        (
            "A loop without a pause, or a tool that describes everything again and again.",
            "Many failed signatures from one address.",
        ),
        (
            "Wait a few seconds; clients do so by themselves in the mode `standard` (AWS_RETRY_MODE).",
            "Describe many ids in one request.",
        ),
    ),
    "UnauthorizedOperation": Explanation(
        "The key is good, and its user or role may not do this. An encoded message in the text tells which statement "
        "decided.",
        (
            "No statement allows the action on this resource.",
            "A statement denies it; a denial goes before everything that allows.",
            "The condition of a statement isn't met: the source address, a tag, the region.",
        ),
        (
            "Ask who may and why: `ringwall policy why --as USER ec2:ACTION`.",
            "Decode the message: `ringwall policy decode MESSAGE`.",
        ),
    ),
    "AccessDenied": Explanation(
        "The key is good, and its user or role may not do this; it is STS that says so.",
        (
            "The role's trust document doesn't name the caller.",
            "The caller's own documents don't allow sts:AssumeRole.",
        ),
        ("Look at the role and its trust: `ringwall role show NAME`.",),
    ),
    "InvalidAuthorizationMessageException": Explanation(
        "The message to decode isn't one that this server told this account.",
        ("It was cut when it was copied.", "It is of another server or another account."),
        ("Copy the whole message, from `Encoded authorization failure message:` to its end.",),
    ),
    "InvalidEnrolmentToken": Explanation(
        "The enrolment token was never made, was used already, or is older than an hour. Which of them isn't told.",
        ("A token enrols one host, once.", "The token is of another server."),
        ("Make a new one: `ringwall host token --subnet subnet-… --interface eth0`.",),
    ),
    "MalformedPolicyDocument": Explanation(
        "The policy document isn't one; the message says where.",
        (
            "A statement without Effect, Action or Resource.",
            "A condition operator that doesn't exist.",
            "JSON with a comma too many.",
        ),
        ("Start from one that is shipped: `ringwall policy show ReadOnly`.",),
    ),
    "PackedPolicyTooLarge": Explanation(
        "The session's own policy is larger than a session token carries.",
        ("Resources are listed one by one.",),
        ("Name resources with wildcards, or attach the policy to the role.",),
    ),
}

_SERVER: Final = {
    "DryRunOperation": Explanation(
        "Not a failure: the request would have been done, had --dry-run not been given.",
        ("--dry-run was given.",),
        ("Leave --dry-run out to do it.",),
    ),
    "Unavailable": Explanation(
        "The server can't answer now; the same request may succeed in a moment.",
        ("The server is stopping or starting.", "Its disk is full or too slow."),
        ("Try again.", "Look at the server's log and disk if it stays so: `ringwall doctor`."),
    ),
    "InternalError": Explanation(
        "Something unforeseen went wrong in the server. Its log has it under the request id.",
        ("A defect of ringwall's.",),
        (
            "Find the request id in the server's log, and report what stands there.",
            "Ask whether the change was made: `ringwall list`.",
        ),
    ),
    "InvalidRevision.NotFound": Explanation(
        "Nothing was stored under this revision yet.",
        ("A typing error.", "The server was put back to an older copy of its store, or is another one."),
        ("The last revision: `ringwall status`.",),
    ),
    "InvalidRevision.Compacted": Explanation(
        "The revision is too far back: it isn't known any more whom it concerned.",
        ("More than 10,000 changes came after it, or it was dropped from the change log.",),
        ("Ask whether everything is in force: `ringwall wait`.",),
    ),
    "WouldCutOff": Explanation(
        "Enforcing on this host would end live flows or close listening sockets, and nobody has said yes to that.",
        ("Rules for what runs on the host are still missing.", "The host runs what nobody wants to be reached."),
        (
            "See what would be cut, and allow what should stay: `ringwall allow …`.",
            "Say yes to it: `ringwall host enforce HOST --yes`.",
        ),
    ),
}

_RULES: Final = {
    "InvalidPermission.NotFound": Explanation(
        "A rule that was to be revoked isn't in the group, so nothing was revoked, not even the rules that are there.",
        (
            "The rule is there with another range, protocol, address family or block: a rule is only revoked whole.",
            "It was revoked already, or is one of another group or of the other direction.",
            "A description was given that isn't the rule's.",
        ),
        (
            "Say it in words; what comes near is shown: `ringwall revoke web tcp/22 from 192.0.2.0/24`.",
            "Take a port out of a wider rule: `ringwall close tcp/22 --from any --split`.",
            "Name rules by id or by line, not by typing them again: `ringwall list web`.",
        ),
    ),
    "InvalidPermission.Duplicate": Explanation(
        "The group has this rule already; the description isn't part of what a rule is.",
        (
            "The rule was added before, perhaps with another description, or by another tool.",
            "Host bits: 10.1.2.3/8 is 10.0.0.0/8.",
        ),
        (_LIST, "Change its description: `ringwall ec2 update-security-group-rule-descriptions-ingress`."),
    ),
    "InvalidGroup.NotFound": Explanation(
        "No such security group in the account, region and VPC that were asked, or none that may be named here.",
        (
            "The group was deleted meanwhile, or is of another region or account.",
            "--group-name only finds groups of the default VPC.",
            "A rule names a group of a VPC that neither a peering connection nor an association leads to.",
        ),
        ("Use the id: `ringwall list` shows it.", _REGION),
    ),
    "InvalidGroup.Duplicate": Explanation(
        "The VPC has a group of this name; names that only differ in letter case are one name.",
        ("It was made before, by a run of a script that stopped half-way, say.",),
        ("Use the one that is there: `ringwall show NAME`.",),
    ),
    "CannotDelete": Explanation(
        "The group `default` of a VPC is deleted with the VPC, and not before.",
        ("A script deletes all groups of a VPC.",),
        ("Revoke its rules instead; leave it out when deleting.",),
    ),
    "DependencyViolation": Explanation(
        "Something still needs what was to be deleted.",
        (
            "A rule of another group names the group, or an interface carries it.",
            "The VPC or subnet still has groups, interfaces or hosts.",
        ),
        ("See what hangs together with it: `ringwall show NAME`.", "Take away what needs it first."),
    ),
    "Resource.AlreadyAssociated": Explanation(
        "The group is usable in that VPC already.",
        ("The association was made before.",),
        ("Nothing: it is as was asked.",),
    ),
    "InvalidAssociationID.NotFound": Explanation(
        "The group isn't associated with that VPC.",
        ("The association was taken away before.", "The VPC is the group's own, which needs none."),
        ("`ringwall ec2 describe-security-group-vpc-associations`.",),
    ),
    "RulesPerSecurityGroupLimitExceeded": Explanation(
        "One direction and address family of the group would have more rules than the quota allows. A rule that names "
        "a prefix list counts for as many as the list can hold.",
        ("Addresses are listed one by one.", "A prefix list has much room that it doesn't use."),
        (
            "Put the addresses into a prefix list and name that.",
            "Revoke what isn't used any more: `ringwall list`.",
            _QUOTA,
        ),
    ),
    "ResourceLimitExceeded": Explanation(
        "A quota is reached; the message says which.",
        ("Too many rules name one prefix list.",),
        (_QUOTA,),
    ),
    "SecurityGroupLimitExceeded": _taken("groups", "The region"),
    "SecurityGroupsPerInterfaceLimitExceeded": Explanation(
        "An interface would carry more groups than the quota allows.",
        ("A group for each rule, instead of one for each kind of machine.",),
        ("Put the rules together in fewer groups.", _QUOTA),
    ),
}

_LISTS: Final = {
    "PrefixListVersionMismatch": Explanation(
        "The list was changed since its version was read: the version in the request isn't the current one.",
        ("Two people or programs change the list at the same time.",),
        ("Read the list and its version again, then change it: `ringwall ec2 describe-managed-prefix-lists`.",),
    ),
    "PrefixListMaxEntriesExceeded": Explanation(
        "The list would hold more entries than it has room for.",
        ("Its --max-entries was chosen small, as a rule that names it counts for all of them.",),
        ("Give it more room: `ringwall ec2 modify-managed-prefix-list --max-entries N`.", "Put blocks together."),
    ),
    "InvalidPrefixListModification": Explanation(
        "An entry to be added is in the list already, or one to be removed isn't.",
        ("Somebody else was faster.", "Host bits: the list holds 10.0.0.0/8 where 10.1.2.3/8 was given."),
        ("See its entries: `ringwall ec2 get-managed-prefix-list-entries --prefix-list-id pl-…`.",),
    ),
}

_NETWORK: Final = {
    "VPCIdNotSpecified": Explanation(
        "No VPC is named, and the region has no default VPC to take.",
        ("The default VPC was deleted.", "--group-name was used, which only knows groups of the default VPC."),
        ("Name the VPC, or the group by its id.", "Make a default VPC: `ringwall ec2 create-default-vpc`."),
    ),
    "VpcLimitExceeded": _taken("VPCs", "The region"),
    "SubnetLimitExceeded": _taken("subnets", "The VPC"),
    "InvalidVpc.Range": Explanation(
        "A VPC can't have this block: it is of a wrong size, or shares addresses with another one.",
        ("IPv4 blocks are /16 to /28.", "The block overlaps one of the VPC's own, or of a VPC that it is peered with."),
        ("Choose another block; `ringwall ec2 describe-vpcs` shows those in use.",),
    ),
    "OperationNotPermitted": Explanation(
        "This may never be done to the resource; the message says why.",
        ("The primary block of a VPC, or the primary interface of a host, was to be taken away.",),
        ("Delete what it belongs to, or leave it.",),
    ),
    "CidrLimitExceeded": _taken("blocks of this family", "The VPC"),
    "InvalidCidrBlock.InUse": Explanation(
        "The block can't be taken away: a subnet lies in it.",
        ("Subnets were forgotten.",),
        ("Delete the subnets in it first: `ringwall ec2 describe-subnets`.",),
    ),
    "DefaultVpcAlreadyExists": Explanation(
        "The region has a default VPC already.",
        ("Every region begins with one.",),
        ("Use it: `ringwall ec2 describe-vpcs --filters Name=is-default,Values=true`.",),
    ),
    "DefaultVpcDoesNotExist": Explanation(
        "The region's default VPC was deleted.",
        ("A clean-up deleted it.",),
        ("Make one: `ringwall ec2 create-default-vpc`.",),
    ),
    "DefaultSubnetAlreadyExistsInAvailabilityZone": Explanation(
        "The zone has a default subnet already.",
        ("Every zone begins with one.",),
        ("Use it: `ringwall ec2 describe-subnets --filters Name=default-for-az,Values=true`.",),
    ),
    "InvalidSubnet.Range": Explanation(
        "A subnet of this VPC can't have this block: it lies outside the VPC's, or is of a wrong size.",
        ("IPv4 subnets are /16 to /28, IPv6 ones /44 to /64.", "The block is of another VPC."),
        ("Compare with the VPC's blocks: `ringwall ec2 describe-vpcs`.",),
    ),
    "InvalidSubnet.Conflict": Explanation(
        "The block shares addresses with a subnet of the VPC.",
        ("Subnets of one VPC can't overlap.",),
        ("Choose a free block: `ringwall ec2 describe-subnets`.",),
    ),
    "InvalidParameter": Explanation(
        "An interface in this subnet can't carry the group: they are of different networks.",
        ("The group is of another VPC and isn't associated with this one.",),
        ("Take a group of the VPC, or associate it: `ringwall ec2 associate-security-group-vpc`.",),
    ),
    "InvalidIPAddress.InUse": Explanation(
        "Another interface of the VPC has this address.",
        ("Two hosts report the same address, or a host was enrolled twice.",),
        ("Find who has it: `ringwall ec2 describe-network-interfaces`, with the filter addresses.private-ip-address.",),
    ),
    "InsufficientFreeAddressesInSubnet": Explanation(
        "The subnet has fewer free addresses than are to be chosen from it.",
        ("The subnet is small; five addresses of each are nobody's.",),
        ("Take another subnet, or delete interfaces that nothing uses.",),
    ),
    "PrivateIpAddressLimitExceeded": _taken("addresses", "The interface"),
    "NetworkInterfaceLimitExceeded": _taken("interfaces", "The region"),
    "InvalidNetworkInterface.InUse": Explanation(
        "A host has this interface.",
        ("It wasn't detached before.",),
        ("Detach it first: `ringwall ec2 detach-network-interface`.",),
    ),
    "AttachmentLimitExceeded": _taken("interfaces", "The host"),
    "InvalidInstanceID": Explanation(
        "The host has several interfaces, and the operation doesn't know which is meant.",
        ("ModifyInstanceAttribute changes the groups of hosts with one interface only.",),
        ("Name the interface: `ringwall ec2 modify-network-interface-attribute --groups …`.",),
    ),
    "InvalidStateTransition": Explanation(
        "The peering connection isn't in a state from which this can be done; the message names both.",
        ("It was rejected, deleted or has expired.", "It was accepted already."),
        ("See its state: `ringwall ec2 describe-vpc-peering-connections`.",),
    ),
    "VpcPeeringConnectionAlreadyExists": Explanation(
        "Another peering connection of the two VPCs is active.",
        ("It was asked for from both sides.",),
        ("Use the one that is there; the message names it.",),
    ),
    "PendingVpcPeeringConnectionLimitExceeded": _taken("peering connections that wait to be accepted", "The VPC"),
    "ActiveVpcPeeringConnectionPerVpcLimitExceeded": _taken("active peering connections", "The VPC"),
    "TagLimitExceeded": _taken("tags", "The resource"),
    "InvalidID": Explanation(
        "The text is no id of anything that can have tags.",
        ("A name was given where an id is wanted.",),
        ("Copy the id from an answer: `ringwall list`.",),
    ),
}

_PRINCIPALS: Final = {
    "NoSuchEntity": Explanation(
        "The account has no such user, role, key or policy document; the message says which.",
        ("It was deleted, or is of another account.",),
        ("`ringwall user list`, `ringwall role list`, `ringwall policy list` show what there is.",),
    ),
    "EntityAlreadyExists": Explanation(
        "The name is taken; names that only differ in letter case are one name.",
        ("It was made before.",),
        ("Use the one that is there, or choose another name.",),
    ),
    "LimitExceeded": Explanation(
        "The account or the user has as many of these as it may have; the message names the limit.",
        ("A user has two keys already: the old one wasn't deleted after a rotation.",),
        ("Delete what isn't used: `ringwall key list USER`.",),
    ),
    "DeleteConflict": Explanation(
        "It is in use, or something is left in it that goes first; the message says what.",
        ("A policy is attached, a user has keys, an account has users.",),
        ("Detach or delete that first: `ringwall policy detach`, `ringwall key delete`.",),
    ),
}

_IDS: Final = {
    "InvalidGroupId.Malformed": _malformed("security group", "sg"),
    "InvalidSecurityGroupRuleId.Malformed": _malformed("security group rule", "sgr"),
    "InvalidVpcID.Malformed": _malformed("VPC", "vpc"),
    "InvalidSubnetID.Malformed": _malformed("subnet", "subnet"),
    "InvalidNetworkInterfaceId.Malformed": _malformed("network interface", "eni"),
    "InvalidNetworkInterfaceAttachmentId.Malformed": _malformed("network interface's attachment", "eni-attach"),
    "InvalidInstanceID.Malformed": _malformed("host", "i"),
    "InvalidPrefixListId.Malformed": _malformed("prefix list", "pl"),
    "InvalidVpcPeeringConnectionId.Malformed": _malformed("peering connection", "pcx"),
    "InvalidVpcCidrBlockAssociationID.Malformed": _malformed("VPC's block", "vpc-cidr-assoc"),
    "InvalidSecurityGroupRuleId.NotFound": Explanation(
        "No such rule in the group and direction that were named. Every rule must be there, or none is revoked.",
        (
            "It was revoked already; ids are never given again, so a rule that was added anew has another one.",
            "It is a rule of another group, or an egress rule where ingress was meant.",
        ),
        (
            "What became of it, and who did it: `ringwall why sgr-…`.",
            "See the rules as they are: `ringwall list GROUP`.",
        ),
    ),
    "InvalidVpcID.NotFound": _absent("VPC", "See those there are: `ringwall ec2 describe-vpcs`."),
    "InvalidSubnetID.NotFound": _absent("subnet", "See those there are: `ringwall ec2 describe-subnets`."),
    "InvalidNetworkInterfaceID.NotFound": _absent("network interface", "See those there are: `ringwall hosts`."),
    "InvalidAttachmentID.NotFound": _absent(
        "attachment", "See those there are: `ringwall ec2 describe-network-interfaces`."
    ),
    "InvalidInstanceID.NotFound": _absent("host", "See those there are: `ringwall hosts`."),
    "InvalidPrefixListID.NotFound": _absent(
        "prefix list", "See those there are: `ringwall ec2 describe-managed-prefix-lists`."
    ),
    "InvalidPrefixListId.NotFound": _absent(
        "prefix list of AWS's own", "See those there are: `ringwall ec2 describe-prefix-lists`."
    ),
    "InvalidVpcPeeringConnectionID.NotFound": _absent(
        "peering connection", "See those there are: `ringwall ec2 describe-vpc-peering-connections`."
    ),
    "InvalidVpcCidrBlockAssociationID.NotFound": _absent(
        "block of a VPC", "See those there are: `ringwall ec2 describe-vpcs`."
    ),
}


def _of_foreign_kinds() -> dict[str, Explanation]:
    """Of each kind that there is none of here, by the code that says so."""
    return {kind.absent("x").code: _foreign(prefix) for prefix, kind in FOREIGN_KINDS.items()}


EXPLAINED: Final[Mapping[str, Explanation]] = {
    **_REQUEST, **_CALLER, **_SERVER, **_RULES, **_LISTS, **_NETWORK, **_PRINCIPALS, **_IDS, **_of_foreign_kinds(),
}  # fmt: skip
"""By code, every one that the server can refuse with."""


def nearest(code: str) -> list[str]:
    """The codes that are like this one, or begin or end with it, the likeliest first."""
    known = {each.casefold(): each for each in EXPLAINED}
    wanted = code.casefold()
    parts = [each for each in known if len(wanted) > 3 and wanted in each]
    near = get_close_matches(wanted, known, n=3, cutoff=0.6)
    return [known[each] for each in dict.fromkeys([*near, *sorted(parts)])][:3]
