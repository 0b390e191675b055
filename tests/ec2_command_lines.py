"""Command lines of `ec2` that people type, and that they mistype, with what a server answers to them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from ec2_command_cases import Case, refusal, success
from retelling import answer
from ringwall.client.model import COMMANDS

GROUP = "--group-id sg-0123456789abcdef0"
REVOKE = f"revoke-security-group-ingress {GROUP}"
DONE = success("RevokeSecurityGroupIngress", "<return>true</return><unknownIpPermissionSet/>")
REVOKED = success(
    "RevokeSecurityGroupIngress",
    "<return>true</return><revokedSecurityGroupRuleSet><item><securityGroupRuleId>sgr-1</securityGroupRuleId>"
    "<groupId>sg-1</groupId><isEgress>false</isEgress><ipProtocol>tcp</ipProtocol><fromPort>22</fromPort>"
    "<toPort>22</toPort><cidrIpv4>1.2.3.4/32</cidrIpv4></item></revokedSecurityGroupRuleSet>",
)
UNKNOWN = success(
    "RevokeSecurityGroupIngress",
    "<return>true</return><unknownIpPermissionSet><item><ipProtocol>tcp</ipProtocol><fromPort>22</fromPort>"
    "<toPort>22</toPort><groups/><ipRanges><item><cidrIp>1.2.3.4/32</cidrIp></item></ipRanges><ipv6Ranges/>"
    "<prefixListIds/></item></unknownIpPermissionSet>",
)
STUBS = {
    "ok": DONE,
    "revoked": REVOKED,
    "unknown": UNKNOWN,
    "dry": refusal(412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set."),
    "400": refusal(400, "InvalidPermission.NotFound", "The specified rule does not exist in this security group."),
    "503": refusal(503, "RequestLimitExceeded", "Request limit exceeded."),
}
"""The answers that the recorded transcripts were told."""


def _lines(text: str) -> list[tuple[str, ...]]:
    return [("ec2", *shlex.split(line)) for line in text.strip().splitlines()]


SUGAR = _lines(f"""
authorize-security-group-ingress {GROUP} --protocol tcp --port 22 --cidr 203.0.113.0/24
authorize-security-group-ingress --group-name web --protocol tcp --port 22-25 --cidr 203.0.113.0/24
authorize-security-group-ingress --group-name web --protocol udp --port 53 --source-group sg-0123456789abcdef0
authorize-security-group-ingress --group-name web --protocol udp --port 53 --source-group dns --group-owner 123456789012
authorize-security-group-egress {GROUP} --protocol all --cidr 0.0.0.0/0
authorize-security-group-egress {GROUP} --protocol tcp --port 443 --cidr 0.0.0.0/0 --tag-specifications ResourceType=security-group-rule,Tags=[{{Key=a,Value=b}}]
authorize-security-group-egress --protocol all --cidr 0.0.0.0/0
revoke-security-group-egress {GROUP} --protocol -1 --cidr 0.0.0.0/0
revoke-security-group-egress {GROUP} --protocol icmp --port 3-4 --cidr 0.0.0.0/0
revoke-security-group-egress {GROUP} --protocol tcp --port 22 --ip-permissions IpProtocol=tcp
{REVOKE} --protocol 0 --cidr 0.0.0.0/0
{REVOKE} --protocol 255 --cidr 0.0.0.0/0
{REVOKE} --protocol 06 --port 22 --cidr 0.0.0.0/0
{REVOKE} --protocol ' 6' --port 22 --cidr 0.0.0.0/0
{REVOKE} --protocol '' --port 22 --cidr 0.0.0.0/0
{REVOKE} --protocol tcp --port '' --cidr 0.0.0.0/0
{REVOKE} --protocol tcp --port 22 --cidr ''
{REVOKE} --protocol tcp --port 022 --cidr 0.0.0.0/0
{REVOKE} --protocol tcp --port 22-25-28 --cidr 0.0.0.0/0
{REVOKE} --protocol tcp --port ' 22' --cidr 0.0.0.0/0
{REVOKE} --protocol tcp --port 25-22 --cidr 0.0.0.0/0
{REVOKE} --protocol tcp --port=-1 --cidr 0.0.0.0/0
{REVOKE} --protocol tcp --port=-1-8 --cidr 0.0.0.0/0
{REVOKE} --protocol icmp --port=8--1 --cidr 0.0.0.0/0
{REVOKE} --protocol tcp --port 99999 --cidr 0.0.0.0/0
{REVOKE} --protocol tcp --port ２２ --cidr 0.0.0.0/0
{REVOKE} --protocol tcp --port 22 --cidr 0.0.0.0/0 --cidr 10.0.0.0/8
{REVOKE} --protocol tcp --protocol udp --port 53 --cidr ::/0
{REVOKE} --cidr 0.0.0.0/0
{REVOKE} --source-group web
{REVOKE} --source-group SG-1
{REVOKE} --source-group sg-
{REVOKE} --group-owner 123456789012
{REVOKE} --port all
{REVOKE} --protocol tcp --port 22 --cidr 0.0.0.0/0 --group-name web
{REVOKE} --proto tcp --por 22 --cid 0.0.0.0/0
{REVOKE} --dry-run --protocol tcp --port 22 --cidr 10.0.0.0/8
{REVOKE} --security-group-rule-ids
{REVOKE} --security-group-rule-ids sgr-1,sgr-2
{REVOKE} --security-group-rule-ids '["sgr-1","sgr-2"]'
{REVOKE} --security-group-rule-ids '["sgr-1",2]'
{REVOKE} --security-group-rule-ids '"sgr-1"'
{REVOKE} --security-group-rule-ids ''
{REVOKE} --from-port 22 --to-port 0x16
{REVOKE} --from-port -1
{REVOKE} --from-port 1.5
{REVOKE} --from-port ''
{REVOKE} --from-port ' 22 '
{REVOKE} --from-port 2_2
""")

SHORTHAND = [
    ("ec2", *shlex.split(REVOKE), "--ip-permissions", *words)
    for words in (
        ["IpProtocol=tcp,FromPort=22,ToPort=22,IpRanges=[{CidrIp=1.2.3.4/32}]"],
        ["IpProtocol=tcp", "IpProtocol=udp,FromPort=53,ToPort=53"],
        ["IpProtocol=tcp,IpRanges=[]"],
        ["IpProtocol=tcp,IpRanges={CidrIp=1.2.3.4/32}"],
        ["IpProtocol=tcp,IpRanges=CidrIp=1.2.3.4/32"],
        ["IpProtocol=tcp,IpRanges=[{CidrIp=1.2.3.4/32,Description=a b}]"],
        ["IpProtocol=tcp,IpRanges=[{CidrIp=1.2.3.4/32,Description='a, b'}]"],
        ['IpProtocol=tcp,IpRanges=[{CidrIp=1.2.3.4/32,Description="it\'s \\"x\\""}]'],
        ["IpProtocol=tcp,IpRanges=[{CidrIp=1.2.3.4/32,Description=a\\,b}]"],
        ["IpProtocol=tcp,IpRanges=[{CidrIp=1.2.3.4/32,Description=}]"],
        ["IpProtocol=tcp , FromPort = 22 , IpRanges = [ { CidrIp = 1.2.3.4/32 } , {CidrIp=1.2.3.5/32} ]"],
        ["IpProtocol=tcp,UserIdGroupPairs=[{GroupId=sg-1,UserId=1},{GroupName=web}]"],
        ["IpProtocol=tcp,PrefixListIds=[{PrefixListId=pl-1}],Ipv6Ranges=[{CidrIpv6=::/0}]"],
        ["IpProtocol=tcp,FromPort=abc"],
        ["IpProtocol=tcp,FromPort="],
        ["IpProtocol=tcp,FromPort=22,FromPort=23"],
        ["IpProtocol=tcp,Nonsense=1"],
        ["IpProtocol=tcp,IpRanges=[{Nonsense=1}]"],
        ["ipprotocol=tcp"],
        ["IpProtocol"],
        ["=tcp"],
        ["IpProtocol=tcp,"],
        [",IpProtocol=tcp"],
        ["IpProtocol=tcp,,FromPort=22"],
        ["IpProtocol=tcp,IpRanges=["],
        ["IpProtocol=tcp,IpRanges=[{CidrIp=1.2.3.4/32"],
        ["IpProtocol=tcp,IpRanges=[{CidrIp=1.2.3.4/32}"],
        ["IpProtocol=tcp,IpRanges=]"],
        ["IpProtocol=tcp,IpRanges=[{CidrIp}]"],
        ["IpProtocol=tcp,IpRanges=1.2.3.4/32"],
        ["IpProtocol=tcp,IpRanges=[1.2.3.4/32]"],
        ["IpProtocol='tcp"],
        ['IpProtocol="tcp'],
        ["IpProtocol={a=b}"],
        ["IpProtocol=[a,b]"],
        ["IpProtocol=a,b,c"],
        ["IpProtocol=tcp FromPort=22"],
        ["IpProtocol=tcp\nFromPort=22"],
        ["IpProtocol=tcp,IpRanges=[{CidrIp=1.2.3.4/32}],IpRanges=[{CidrIp=1.2.3.5/32}]"],
        ["IpProtocol=tcp,Ip-Ranges=[]"],
        ["IpProtocol=tcp,IpRanges=[[]]"],
        ["IpProtocol=tcp,IpRanges=[{}]"],
        ["IpProtocol=日本"],
        ["tcp,22,22"],
        [""],
        [" "],
        ["a=b=c"],
        ["IpProtocol@=file://protocol.txt"],
        ["IpProtocol@=file://absent.txt"],
        ["IpProtocol@=tcp"],
        ["IpProtocol=file://protocol.txt"],
        ['[{"IpProtocol":"tcp","FromPort":22,"ToPort":22,"IpRanges":[{"CidrIp":"1.2.3.4/32"}]}]'],
        ['{"IpProtocol":"tcp"}'],
        ['[{"IpProtocol":"tcp","FromPort":22.0}]'],
        ['[{"IpProtocol":"tcp","FromPort":true}]'],
        ['[{"IpProtocol":6}]'],
        ['[{"IpProtocol":null}]'],
        ['[{"IpProtocol":"tcp","IpRanges":{"CidrIp":"1.2.3.4/32"}}]'],
        ['[{"IpProtocol":"tcp","IpRanges":null}]'],
        ['[{"IpProtocol":"tcp","IpRanges":[null]}]'],
        ['["tcp"]'],
        ["[]"],
        ["{}"],
        ["[{}]"],
        ["[[]]"],
        ["null"],
        ["[1,]"],
        ['[{"IpProtocol":"tcp"}] x'],
        ['[{"IpProtocol":"tcp"}', "]"],
        ['[{"IpProtocol":"tcp"}]', '[{"IpProtocol":"udp"}]'],
        ['{"IpProtocol":"tcp"}', '{"IpProtocol":"udp"}'],
        ['{"IpProtocol":"tcp"}', "IpProtocol=udp"],
        ["IpProtocol=udp", '{"IpProtocol":"tcp"}'],
        ['[{"IpProtocol":"tcp","IpProtocol":"udp"}]'],
        ['[{"IpProtocol":"\\u00fc\\ud800"}]'],
        ['[{"FromPort":NaN}]'],
        ['[{"FromPort":1e400}]'],
        ['[{"FromPort":123456789012345678901234567890}]'],
        [' [{"IpProtocol":"tcp"}]'],
        ["file://permissions.json"],
        ["file://permissions.txt"],
        ["file://broken.json"],
        ["file://absent.json"],
        ["file://directory"],
        ["file://latin-1.json"],
        ["fileb://permissions.json"],
        ["file://~/permissions.json"],
        ["file://$HOME/permissions.json"],
        ["file:///dev/null"],
        ["file://permissions.json", "IpProtocol=udp"],
        [],
    )
]
FILES = {
    "permissions.json": '[{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "1.2.3.4/32"}]}]\n',
    "permissions.txt": "IpProtocol=tcp,FromPort=22,ToPort=22\n",
    "broken.json": '[\n {"IpProtocol": "tcp",\n  "FromPort": 22,,\n }\n]\n',
    "protocol.txt": "tcp",
    "input.json": '{"GroupId": "sg-from-file", "IpPermissions": [{"IpProtocol": "tcp"}]}',
    "group.txt": "sg-from-a-file\n",
    "directory/x": "",
}

INPUT = [
    ("ec2", "revoke-security-group-ingress", *words)
    for words in (
        ["--cli-input-json", "file://input.json"],
        ["--cli-input-json", "file://input.json", "--group-id", "sg-1"],
        ["--cli-input-json", "file://absent.json"],
        ["--cli-input-json", "file://broken.json"],
        ["--cli-input-json", '{"GroupId": "sg-1", "DryRun": true}', "--no-dry-run"],
        ["--cli-input-json", '{"GroupId": 1}'],
        ["--cli-input-json", '{"GroupId": null}'],
        ["--cli-input-json", '{"FromPort": "22"}'],
        ["--cli-input-json", '{"SecurityGroupRuleIds": "sgr-1"}'],
        ["--cli-input-json", '{"SecurityGroupRuleIds": ["sgr-1"]}', "--security-group-rule-ids", "sgr-2"],
        ["--cli-input-json", '{"DryRun": "yes"}'],
        ["--cli-input-json", '{"IpPermissions": [{"IpRanges": [{"CidrIp": 1, "Bogus": 2}]}], "Other": 1}'],
        ["--cli-input-json", "[]"],
        ["--cli-input-json", '["x"]'],
        ["--cli-input-json", '"x"'],
        ["--cli-input-json", "1"],
        ["--cli-input-json", "{}"],
        ["--cli-input-json", ""],
        ["--cli-input-json", '{"GroupId": "sg-1",}'],
        ["--cli-input-json", "{\n\"GroupId\":\n 'x'}"],
        ["--cli-input-json"],
        ["--group-id", "file://group.txt"],
        ["--group-id", "fileb://group.txt"],
        ["--group-id", "file://absent"],
        ["--group-id", "file://"],
        ["--group-id", "file://directory"],
        ["--group-id", " sg-1 "],
        ["--group-id", ""],
        ["--group-id", "a&b=c+d%20e/ü~*"],
        ["--group-id=", "--dry-run"],
        ["--group-name", "😀"],
        ["--generate-cli-skeleton"],
        ["--generate-cli-skeleton", "input", "--group-id", "sg-1"],
        ["--generate-cli-skeleton", "output"],
        ["--generate-cli-skeleton", "output", "--group-id", "sg-1", "--query", "Return"],
        ["--generate-cli-skeleton", "output", "--output", "text"],
        ["--generate-cli-skeleton", "output", "--output", "table"],
        ["--generate-cli-skeleton", "output", "--cli-input-json", '{"Bogus": 1}'],
        ["--generate-cli-skeleton", "input", "--cli-input-json", '{"Bogus": 1}'],
        ["--generate-cli-skeleton", "nonsense"],
    )
]

USAGE = _lines(f"""
{REVOKE} extra
{REVOKE} extra more
{REVOKE} --bogus
{REVOKE} --bogus=1
{REVOKE} -x
{REVOKE} -- x
{REVOKE} --
{REVOKE} --group
{REVOKE} --group sg-1
{REVOKE} --dry-run=true
{REVOKE} --dry-run true
{REVOKE} --output
{REVOKE} --output xml
{REVOKE} --outpu json
{REVOKE} --color never
{REVOKE} --query
{REVOKE} --no-paginate=1
{REVOKE} --region
{REVOKE} --cli-read-timeout abc
{REVOKE} --cli-connect-timeout 1.5
{REVOKE} --endpoint-url 127.0.0.1:80
{REVOKE} --endpoint-url ''
{REVOKE} --endpoint-url http://
{REVOKE} --endpoint-url ftp://127.0.0.1
{REVOKE} --region 'us east'
{REVOKE} --region ''
{REVOKE} --query 'a b'
{REVOKE} --query ''
{REVOKE} --query 'foo('
{REVOKE} --query 'nosuch(@)'
{REVOKE} --query 'abs(@)'
{REVOKE} --query 'sort_by(@, &x)'
{REVOKE} --query '`{{`'
{REVOKE} --max-items 1
revoke-security-group-ingres {GROUP}
revoke
revoke-security-groups-ingress
nonsense
--region us-east-1
-x revoke-security-group-ingress
authorize-security-group-egress
create-security-group --group-name x
create-security-group --description x
create-vpc --cidr-block 10.0.0.0/16 --dry-run --no-dry-run
describe-vpcs --vpc-ids
describe-vpcs --filters
describe-vpcs --filters Name=vpc-id
describe-vpcs --filters Name=vpc-id,Values=vpc-1,vpc-2
describe-vpcs --filters Name=vpc-id,Values=[vpc-1,vpc-2] Name=state,Values=available
describe-vpcs --filters Name=vpc-id,Values=
describe-vpcs --filters Name=vpc-id,Values=vpc-1,
describe-vpcs --filters Name=tag:a\\ b,Values='c d'
describe-vpcs --filters Values=a,b,Name=vpc-id
describe-vpcs --filters vpc-id=vpc-1
describe-vpcs --filter Name=vpc-id,Values=vpc-1
describe-vpcs --filters '[{{"Name":"vpc-id","Values":["vpc-1"]}}]'
describe-vpcs --filters Name=is-default,Values=true
describe-vpcs --max-results 5
describe-vpcs --max-results 4
describe-vpcs --max-results 1001
describe-vpcs --page-size 5
describe-vpcs --page-size abc
describe-vpcs --max-items 0
describe-vpcs --max-items -1
describe-vpcs --max-items abc
describe-vpcs --starting-token abc
describe-vpcs --starting-token eyJOZXh0VG9rZW4iOiAieCJ9
describe-vpcs --next-token abc
describe-vpcs --next-token abc --max-items 5
describe-vpcs --next-token abc --starting-token def
describe-vpcs --max-results 5 --page-size 6
describe-vpcs --no-paginate --max-items 5
describe-vpcs --no-paginate --page-size 5
modify-vpc-attribute --vpc-id vpc-1 --enable-dns-support
modify-vpc-attribute --vpc-id vpc-1 --no-enable-dns-support
modify-vpc-attribute --vpc-id vpc-1 --enable-dns-support Value=false
modify-vpc-attribute --vpc-id vpc-1 --enable-dns-support Value=yes
modify-vpc-attribute --vpc-id vpc-1 --enable-dns-support '{{"Value":false}}'
modify-vpc-attribute --vpc-id vpc-1 --enable-dns-support true
modify-network-interface-attribute --network-interface-id eni-1 --groups sg-1 sg-2
modify-network-interface-attribute --network-interface-id eni-1 --description x
modify-network-interface-attribute --network-interface-id eni-1 --description Value=x
modify-network-interface-attribute --network-interface-id eni-1 --source-dest-check
modify-network-interface-attribute --network-interface-id eni-1 --no-source-dest-check
modify-instance-attribute --instance-id i-1 --groups sg-1
create-tags --resources vpc-1 sg-1 --tags Key=a,Value=b Key=c,Value=
create-tags --resources vpc-1 --tags Key=a
create-tags --resources vpc-1 --tags a=b
create-tags --resources vpc-1 --tags 'Key="a b",Value="c, d"'
create-tags --resources vpc-1
delete-tags --resources vpc-1 --tags Key=a
create-managed-prefix-list --prefix-list-name x --max-entries 5 --address-family IPv4 --entries Cidr=10.0.0.0/8,Description=a
create-managed-prefix-list --prefix-list-name x --max-entries 5 --address-family IPv4 --client-token t
create-network-interface --subnet-id subnet-1 --secondary-private-ip-address-count 2
create-network-interface --subnet-id subnet-1 --private-ip-address 10.0.0.4
create-network-interface --subnet-id subnet-1 --private-ip-addresses PrivateIpAddress=10.0.0.4,Primary=true
create-network-interface --subnet-id subnet-1 --private-ip-address 10.0.0.4 --private-ip-addresses PrivateIpAddress=10.0.0.5
create-network-interface --subnet-id subnet-1 --ipv6-addresses Ipv6Address=2001:db8::1
create-network-interface --subnet-id subnet-1 --ipv6-addresses 2001:db8::1
describe-instances --instance-ids i-1 i-2
describe-regions --all-regions --region-names eu-west-1
update-security-group-rule-descriptions-ingress {GROUP} --security-group-rule-descriptions SecurityGroupRuleId=sgr-1,Description=x
modify-security-group-rules {GROUP} --security-group-rules SecurityGroupRuleId=sgr-1,SecurityGroupRule={{IpProtocol=tcp,FromPort=1,ToPort=2,CidrIpv4=10.0.0.0/8}}
modify-security-group-rules {GROUP} --security-group-rules '[{{"SecurityGroupRuleId":"sgr-1"}}]'
get-security-groups-for-vpc --vpc-id vpc-1 --max-items 1
wait
wait nonsense
wait vpc-exist
wait vpc-exists --bogus
wait vpc-exists --max-items 1
""")

SETTINGS: list[tuple[str, dict[str, str | None], str, str]] = [
    ("no region", {"AWS_DEFAULT_REGION": None}, "", ""),
    ("region of the profile", {"AWS_DEFAULT_REGION": None}, "[default]\nregion = eu-west-1\n", ""),
    ("no keys", {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, "", ""),
    ("half a key", {"AWS_SECRET_ACCESS_KEY": None}, "", ""),
    ("half a key, other half", {"AWS_ACCESS_KEY_ID": None}, "", ""),
    ("no keys and no region", {"AWS_ACCESS_KEY_ID": None, "AWS_DEFAULT_REGION": None}, "", ""),
    (
        "keys of the profile",
        {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None},
        "",
        "[default]\naws_access_key_id = AKIAOFTHEPROFILE\naws_secret_access_key = x\naws_session_token = t/+=\n",
    ),
    (
        "half a key in the profile",
        {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None},
        "",
        "[default]\naws_access_key_id = AKIAOFTHEPROFILE\n",
    ),
    ("session token", {"AWS_SESSION_TOKEN": "token+/=="}, "", ""),
    ("security token", {"AWS_SECURITY_TOKEN": "token+/=="}, "", ""),
    ("no such profile", {"AWS_PROFILE": "absent"}, "", ""),
    ("profile by AWS_DEFAULT_PROFILE", {"AWS_DEFAULT_PROFILE": "x"}, "[profile x]\nregion = eu-west-2\n", ""),
    ("output of the profile", {}, "[default]\noutput = text\n", ""),
    ("output of the environment", {"AWS_DEFAULT_OUTPUT": "table"}, "[default]\noutput = text\n", ""),
    ("a profile that is no INI file", {}, "nonsense\n", ""),
    ("credentials that are no INI file", {"AWS_ACCESS_KEY_ID": None}, "", "nonsense\n"),
    ("attempts that are no number", {"AWS_MAX_ATTEMPTS": "x"}, "", ""),
    ("no such retry mode", {"AWS_RETRY_MODE": "x"}, "", ""),
    ("ignored endpoints", {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", "AWS_DEFAULT_REGION": None}, "", ""),
    (
        "keys of a process",
        {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None},
        '[default]\ncredential_process = echo \'{"Version": 1, "AccessKeyId": "AKIAP", "SecretAccessKey": "s"}\'\n',
        "",
    ),
    (
        "a process that fails",
        {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None},
        "[default]\ncredential_process = sh -c 'echo no >&2; exit 3'\n",
        "",
    ),
    (
        "a process of another version",
        {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None},
        "[default]\ncredential_process = echo '{\"Version\": 2}'\n",
        "",
    ),
]

ANSWERS: list[tuple[str, tuple[bytes, ...], dict[str, str | None]]] = [
    ("nothing", (), {}),
    ("nothing, standard", (), {"AWS_RETRY_MODE": "standard"}),
    ("503 once", (STUBS["503"], DONE), {"AWS_MAX_ATTEMPTS": "2"}),
    ("503 twice", (STUBS["503"], STUBS["503"]), {"AWS_MAX_ATTEMPTS": "2"}),
    ("503 twice, standard", (STUBS["503"], STUBS["503"]), {"AWS_MAX_ATTEMPTS": "2", "AWS_RETRY_MODE": "standard"}),
    ("400 in standard mode", (STUBS["400"],), {"AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "3"}),
    ("throttled by 400", (refusal(400, "Throttling", "x"), DONE), {"AWS_MAX_ATTEMPTS": "2"}),
    ("throttled by 400, standard", (refusal(400, "RequestLimitExceeded", "x"), DONE), {"AWS_MAX_ATTEMPTS": "2", "AWS_RETRY_MODE": "standard"}),
    ("rubbish", (answer(200, "rubbish"),), {}),
    ("an empty success", (answer(200, ""),), {}),
    ("a success without children", (success("RevokeSecurityGroupIngress", ""),), {}),
    ("a refusal without a body", (answer(400, ""),), {}),
    ("a refusal in HTML", (answer(400, "<html><body>no</body></html>"),), {}),
    ("a refusal in words", (answer(400, "go away"),), {}),
    ("503 in HTML", (answer(503, "<html><body>no</body></html>"),), {}),
    ("another form of refusal", (answer(400, "<ErrorResponse><Error><Code>A</Code><Message>b</Message></Error></ErrorResponse>"),), {}),
    ("a refusal without a message", (answer(400, "<Response><Errors><Error><Code>A</Code></Error></Errors><RequestID>r</RequestID></Response>"),), {}),
    ("a refusal without a code", (answer(400, "<Response><Errors><Error><Message>A</Message></Error></Errors><RequestID>r</RequestID></Response>"),), {}),
    ("a refusal with odd letters", (refusal(400, "A", "&lt;ü&gt; &amp; \n more"),), {}),
    ("an encoded message", (refusal(403, "UnauthorizedOperation", "You are not authorized to perform this operation. Encoded authorization failure message: abc"),), {}),
    ("a wrong key", (refusal(401, "AuthFailure", "AWS was not able to validate the provided access credentials"),), {}),
    ("not HTTP", (b"SSH-2.0-OpenSSH\r\n",), {}),
    ("a cut body", (DONE[:-20],), {}),
    ("unknown members", (success("RevokeSecurityGroupIngress", "<return>true</return><new><item>1</item></new>"),), {}),
    ("a moved endpoint", (answer(400, "", "Location: http://127.0.0.1:1/"),), {}),
]  # fmt: skip


def _vpc(name: str) -> str:
    return (
        f"<item><vpcId>{name}</vpcId><state>available</state><isDefault>false</isDefault>"
        f"<tagSet><item><key>Name</key><value>{name}</value></item></tagSet></item>"
    )


def _pages(*pages: list[str]) -> tuple[bytes, ...]:
    """Pages of VPCs, each but the last with a token."""
    made = []
    for number, names in enumerate(pages, 1):
        token = f"<nextToken>page-{number}</nextToken>" if number < len(pages) else ""
        made.append(success("DescribeVpcs", f"<vpcSet>{''.join(map(_vpc, names))}</vpcSet>{token}"))
    return tuple(made)


PAGES = _pages(["vpc-1", "vpc-2", "vpc-3"], ["vpc-4", "vpc-5"], [], ["vpc-6"])
PAGED = _lines("""
describe-vpcs
describe-vpcs --no-paginate
describe-vpcs --page-size 5
describe-vpcs --page-size 3
describe-vpcs --max-items 1
describe-vpcs --max-items 2
describe-vpcs --max-items 3
describe-vpcs --max-items 4
describe-vpcs --max-items 5
describe-vpcs --max-items 6
describe-vpcs --max-items 7
describe-vpcs --max-items 2 --page-size 5
describe-vpcs --max-items 2 --query Vpcs[].VpcId
describe-vpcs --max-items 2 --query NextToken
describe-vpcs --starting-token eyJOZXh0VG9rZW4iOiBudWxsLCAiYm90b190cnVuY2F0ZV9hbW91bnQiOiAyfQ==
describe-vpcs --starting-token eyJOZXh0VG9rZW4iOiAicGFnZS0xIiwgImJvdG9fdHJ1bmNhdGVfYW1vdW50IjogMX0= --max-items 2
describe-vpcs --starting-token page-1
describe-vpcs --starting-token page-1___1
describe-vpcs --starting-token 'not base64!'
describe-vpcs --starting-token ''
describe-vpcs --max-results 5
describe-vpcs --next-token page-1
describe-vpcs --max-results 5 --max-items 2
describe-vpcs --cli-input-json '{"MaxResults": 5}'
describe-vpcs --cli-input-json '{"NextToken": "page-1"}'
describe-vpcs --query 'Vpcs[*].[VpcId,State]'
describe-vpcs --query 'Vpcs[].{Id:VpcId,Name:Tags[?Key==`Name`]|[0].Value}'
describe-vpcs --query 'length(Vpcs)'
describe-vpcs --query 'Vpcs[?VpcId==`vpc-4`]'
describe-vpcs --query 'Vpcs[0]'
describe-vpcs --query 'Vpcs[0].Nothing'
describe-vpcs --query 'Vpcs[].Tags[]'
describe-vpcs --query 'sort_by(Vpcs, &VpcId)[-1].VpcId'
describe-vpcs --query 'max_by(Vpcs, &State)'
describe-vpcs --query 'abs(Vpcs)'
describe-vpcs --query 'Vpcs[].IsDefault'
describe-vpcs --query 'to_string(Vpcs[0])'
describe-vpcs --query '`1.50`'
describe-vpcs --query '`"ü"`'
describe-vpcs --query '[]'
describe-vpcs --query 'join(`, `, Vpcs[].VpcId)'
""")
FORMS = (("json",), ("text",), ("table",), ("table", "--color", "on"))


def _waits() -> Iterator[Case]:
    group = success(
        "DescribeSecurityGroups", "<securityGroupInfo><item><groupId>sg-1</groupId></item></securityGroupInfo>"
    )
    yield Case(("ec2", "wait", "security-group-exists", "--group-ids", "sg-1"), (group,))
    yield Case(("ec2", "wait", "security-group-exists", "--group-ids", "sg-1", "--output", "text"), (group,))
    yield Case(("ec2", "wait", "security-group-exists"), (refusal(400, "AuthFailure", "no"),))
    yield Case(
        ("ec2", "wait", "vpc-exists", "--vpc-ids", "vpc-1"), (refusal(400, "InvalidVpcID.NotFound", "no"), PAGES[3])
    )
    yield Case(("ec2", "wait", "vpc-available"), (PAGES[3],))
    yield Case(("ec2", "wait", "vpc-available"), PAGES)
    yield Case(("ec2", "wait", "vpc-available", "--page-size", "5"), PAGES)
    gone = refusal(400, "InvalidNetworkInterfaceID.NotFound", "no")
    yield Case(("ec2", "wait", "network-interface-available", "--network-interface-ids", "eni-1"), (gone,))
    stopped = success("DescribeInstances", "<reservationSet><item><instancesSet><item><instanceState><name>pending</name></instanceState></item></instancesSet></item></reservationSet>")  # fmt: skip
    yield Case(("ec2", "wait", "instance-stopped", "--instance-ids", "i-1"), (stopped,))
    yield Case(("ec2", "wait", "vpc-exists", "--generate-cli-skeleton"), ())


def _words(text: str) -> tuple[str, ...]:
    return tuple(shlex.split(text))


def written() -> Iterator[Case]:
    """All of them, each with an answer that fits more or less: what is compared is what is made of it."""
    for line in (*SUGAR, *SHORTHAND, *INPUT, *USAGE):
        done = success(COMMANDS.get(line[1], "RevokeSecurityGroupIngress"), "<return>true</return>")
        yield Case(line, (done, done), files=FILES)
    for _, changes, config, credentials in SETTINGS:
        files = {".aws/config": config, ".aws/credentials": credentials}
        yield Case(("ec2", *_words(REVOKE)), (DONE,), changes, {name: text for name, text in files.items() if text})
    for options in (
        "--region eu-north-1",
        "--no-sign-request",
        "--profile absent",
        "--no-verify-ssl --cli-read-timeout 0",
    ):
        yield Case(("ec2", *_words(f"{REVOKE} {options}")), (DONE,))
        yield Case(("ec2", *_words(options), *_words(REVOKE)), (DONE,))
    for _, answers, changes in ANSWERS:
        yield Case(("ec2", *_words(REVOKE)), answers, changes)
    for number, line in enumerate(PAGED):
        yield Case((*line, "--output", *FORMS[number % len(FORMS)]), PAGES)
        yield Case((*line, "--output", *FORMS[(number + 1) % len(FORMS)]), PAGES)
    for stub in ("ok", "revoked", "unknown"):
        for form in FORMS:
            for query in ("", "Return", "UnknownIpPermissions", "[Return, @]"):
                words = ("--output", *form, *(("--query", query) if query else ()))
                yield Case(("ec2", *_words(REVOKE), *words), (STUBS[stub],))
    yield from _waits()
