"""Peering connections as time passes, associations, and what crosses from VPC to VPC: sections 3.9 to 3.13."""

from __future__ import annotations

from .base import BAD, Answer, Fault, Peering, Refused, Request, check_dry_run, overlap, refuse_any, syntax
from .networks import Networks

HOUR = 3600
DAY = 24 * HOUR


class Peerings(Networks):
    """Peering connections and associations."""

    def pass_time(self, seconds: int) -> None:
        """Requests wait for a week; what ended is shown for two hours, what expired for two days."""
        self.now += seconds
        for each in self.peerings.values():
            if each.status == "pending-acceptance" and self.now >= each.expires_at:
                each.status = "expired"
            if not self.is_shown(each.peering_id):
                self.tags.pop(each.peering_id, None)

    def is_shown(self, peering_id: str) -> bool:
        if (peering := self.peerings.get(peering_id)) is None:
            return False
        if peering.status == "expired":
            return self.now < peering.expires_at + 2 * DAY
        return peering.status in ("active", "pending-acceptance") or self.now < peering.ended_at + 2 * HOUR

    def peering_status(self, peering_id: str) -> str:
        return self.peerings[peering_id].status

    def cannot_be(self, requester: str, accepter: str) -> bool:
        if requester not in self.vpcs or accepter not in self.vpcs:
            return True
        theirs = self.vpcs[accepter].blocks.values()
        return any(overlap(each, theirs) for each in self.vpcs[requester].blocks.values())

    def create_vpc_peering_connection(self, request: Request, said: Answer) -> Answer:
        syntax("CreateVpcPeeringConnection", request)
        if not request.get("PeerVpcId"):
            raise Refused(("MissingParameter", None))
        check_dry_run(request)
        vpc_id, peer_id = request["VpcId"], request["PeerVpcId"]
        faults = self.absent("vpc", vpc_id) + self.tag_faults(request, "vpc-peering-connection")
        if vpc_id == peer_id:
            faults.append((BAD, None))
        refuse_any(faults)
        stranger = request.get("PeerOwnerId", self.owner) != self.owner
        for each in self.peerings.values():
            same = (each.requester, each.accepter) == (vpc_id, peer_id) and not stranger
            if same and each.status in ("active", "pending-acceptance"):
                return {
                    "VpcPeeringConnection": {"VpcPeeringConnectionId": each.peering_id, "Status": {"Code": each.status}}
                }
        waiting = [each for each in self.peerings.values() if each.status == "pending-acceptance"]
        is_full = sum(each.requester == vpc_id for each in waiting) >= self.limits.pending_peerings
        fails = stranger or self.cannot_be(vpc_id, peer_id)
        # Whether a request that fails anyway needs room isn't known.
        if is_full and (not fails or "Error" in said):
            raise Refused(("PendingVpcPeeringConnectionLimitExceeded", None))
        peering_id = self.new("pcx", said, "VpcPeeringConnection", "VpcPeeringConnectionId")
        status = "failed" if fails else "pending-acceptance"
        self.peerings[peering_id] = Peering(peering_id, vpc_id, peer_id, status, self.now + 7 * DAY, self.now)
        self.keep_tags(request, peering_id)
        return {"VpcPeeringConnection": {"Status": {"Code": "failed" if fails else "initiating-request"}}}

    def known_peering(self, action: str, request: Request) -> Peering:
        syntax(action, request)
        if not request.get("VpcPeeringConnectionId"):
            raise Refused(("MissingParameter", None))
        check_dry_run(request)
        refuse_any(self.absent("pcx", request["VpcPeeringConnectionId"]))
        return self.peerings[request["VpcPeeringConnectionId"]]

    def accept_vpc_peering_connection(self, request: Request, said: Answer) -> Answer:
        peering = self.known_peering("AcceptVpcPeeringConnection", request)
        if peering.status != "pending-acceptance":
            raise Refused(("InvalidStateTransition", None))
        faults: list[Fault] = []
        if peering.accepter in self.active(peering.requester):
            faults.append(("VpcPeeringConnectionAlreadyExists", None))
        if any(len(self.active(each)) >= self.limits.peerings for each in (peering.requester, peering.accepter)):
            faults.append(("ActiveVpcPeeringConnectionPerVpcLimitExceeded", None))
        fails = self.cannot_be(peering.requester, peering.accepter)
        # Which of the two comes first isn't known.
        if faults and (not fails or "Error" in said):
            raise Refused(*faults)
        peering.status, peering.ended_at = ("failed", self.now) if fails else ("active", 0)
        shown = "failed" if fails else "provisioning"
        return {"VpcPeeringConnection": {"VpcPeeringConnectionId": peering.peering_id, "Status": {"Code": shown}}}

    def reject_vpc_peering_connection(self, request: Request, said: Answer) -> Answer:
        peering = self.known_peering("RejectVpcPeeringConnection", request)
        if peering.status != "pending-acceptance":
            raise Refused(("InvalidStateTransition", None))
        peering.status, peering.ended_at = "rejected", self.now
        return {"Return": True}

    def delete_vpc_peering_connection(self, request: Request, said: Answer) -> Answer:
        peering = self.known_peering("DeleteVpcPeeringConnection", request)
        if peering.status not in ("pending-acceptance", "active"):
            raise Refused(("InvalidStateTransition", None))
        peering.status, peering.ended_at = "deleted", self.now
        return {"Return": True}

    def end_requests(self, vpc_id: str) -> None:
        for each in self.peerings.values():
            if each.status == "pending-acceptance" and vpc_id in (each.requester, each.accepter):
                each.status, each.ended_at = "deleted", self.now

    def shown_peering(self, peering_id: str) -> Answer:
        peering = self.peerings[peering_id]
        return {
            "VpcPeeringConnectionId": peering_id,
            "Status": {"Code": peering.status},
            "RequesterVpcInfo": {"VpcId": peering.requester, "OwnerId": self.owner},
            "AccepterVpcInfo": {"VpcId": peering.accepter},
        }

    # --- Associations ---

    def known_association(self, action: str, request: Request) -> tuple[str, str]:
        syntax(action, request)
        check_dry_run(request)
        group_id, vpc_id = request["GroupId"], request["VpcId"]
        refuse_any(self.absent("sg", group_id) + self.absent("vpc", vpc_id))
        return group_id, vpc_id

    def associate_security_group_vpc(self, request: Request, said: Answer) -> Answer:
        group_id, vpc_id = self.known_association("AssociateSecurityGroupVpc", request)
        group = self.groups[group_id]
        faults: list[Fault] = []
        if group.name == "default" or self.default_vpc in (vpc_id, group.vpc_id):
            faults.append(("OperationNotPermitted", None))
        if group.vpc_id == vpc_id:
            faults.append((BAD, None))
        if (group_id, vpc_id) in self.associations:
            faults.append(("Resource.AlreadyAssociated", None))
        refuse_any(faults)
        self.associations.append((group_id, vpc_id))
        return {"State": "associating"}

    def disassociate_security_group_vpc(self, request: Request, said: Answer) -> Answer:
        group_id, vpc_id = self.known_association("DisassociateSecurityGroupVpc", request)
        if (group_id, vpc_id) not in self.associations:
            raise Refused(("InvalidAssociationID.NotFound", None))
        if any(each.vpc_id == vpc_id and group_id in each.group_ids for each in self.interfaces.values()):
            raise Refused(("DependencyViolation", None))
        self.associations.remove((group_id, vpc_id))
        return {"State": "disassociating"}

    def usable_in(self, vpc_id: str) -> list[str]:
        own = [each.group_id for each in self.groups.values() if each.vpc_id == vpc_id]
        return own + [group_id for group_id, each in self.associations if each == vpc_id]

    # --- What crosses ---

    def describe_security_group_references(self, request: Request, said: Answer) -> Answer:
        syntax("DescribeSecurityGroupReferences", request)
        check_dry_run(request)
        refuse_any(self.absent("sg", *request["GroupId"]))
        found = {
            (key[-1], group.vpc_id, rule.way[1])
            for group in self.groups.values()
            for key, rule in group.rules.items()
            if key[-1] in request["GroupId"] and rule.way and rule.way[1] and not self.is_stale(group, key[-1], rule)
        }
        names = ("GroupId", "ReferencingVpcId", "VpcPeeringConnectionId")
        shown = said["SecurityGroupReferenceSet"]
        assert len(shown) == len(found)
        assert {tuple(each.get(name) for name in names) for each in shown} == found
        return {}
