// The AWS SDK for JavaScript v3 through the life of a group. AWS_ENDPOINT_URL_EC2 names the server.
// Prints what it saw as one JSON object.
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateVpcCommand,
  DeleteSecurityGroupCommand,
  DescribeSecurityGroupsCommand,
  EC2Client,
  RevokeSecurityGroupIngressCommand,
  paginateDescribeSecurityGroupRules,
  waitUntilSecurityGroupExists,
} from "@aws-sdk/client-ec2";

const client = new EC2Client({ maxAttempts: 1 });
const seen = {};
const refusal = async (command) => {
  try {
    await client.send(command);
    return null;
  } catch (error) {
    return { code: error.name, message: error.message, status: error.$metadata.httpStatusCode };
  }
};

const { Vpc } = await client.send(new CreateVpcCommand({ CidrBlock: "10.9.0.0/16" }));
const { GroupId } = await client.send(
  new CreateSecurityGroupCommand({ GroupName: "javascript", Description: "made by the SDK", VpcId: Vpc.VpcId }),
);
await waitUntilSecurityGroupExists({ client, maxWaitTime: 10 }, { GroupIds: [GroupId] });
const IpPermissions = [
  {
    IpProtocol: "TCP",
    FromPort: 22,
    ToPort: 22,
    IpRanges: [{ CidrIp: "192.0.2.0/24", Description: "office" }],
    Ipv6Ranges: [],
  },
  { IpProtocol: "-1", UserIdGroupPairs: [{ GroupId }] },
];
const authorized = await client.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
seen.authorized = authorized.SecurityGroupRules.length;
seen.duplicate = await refusal(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
seen.dryRun = await refusal(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions, DryRun: true }));

seen.rules = 0;
for await (const page of paginateDescribeSecurityGroupRules(
  { client, pageSize: 5 },
  { Filters: [{ Name: "group-id", Values: [GroupId] }] },
)) {
  seen.rules += page.SecurityGroupRules.length;
}

// What Describe shows goes back into Revoke as it is: the round trip that broke real clients.
const described = await client.send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId] }));
const shown = described.SecurityGroups[0].IpPermissions;
const revoked = await client.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions: shown }));
seen.revoked = revoked.RevokedSecurityGroupRules.length;
seen.unknown = revoked.UnknownIpPermissions ?? null;
seen.again = await refusal(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions: shown }));
seen.deleted = (await client.send(new DeleteSecurityGroupCommand({ GroupId }))).Return;
console.log(JSON.stringify(seen));
