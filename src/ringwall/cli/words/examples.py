"""Lines that people type, for help, manual pages and the reference: first what is wanted most, then the rest.

An example belongs to the verb that it begins with, and to every verb above that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

Example = tuple[str, str]
"""A line, and what it is for."""

EXAMPLES: Final[tuple[Example, ...]] = (
    ("ringwall serve --data ./data", "run a server that keeps everything in ./data"),
    ("ringwall serve --host 0.0.0.0 --tls-cert server.pem --tls-key server.key", "… for other machines too"),
    ('eval "$(ringwall env)"', "point aws, boto3 and ringwall of this shell at the server of this machine"),
    ("ringwall allow web tcp/443 from any", "open a port to everybody, IPv4 and IPv6"),
    ("ringwall allow web ssh from 203.0.113.0/24 --note 'the office'", "open a port to some addresses"),
    ("ringwall allow db postgres from web", "open a port to the members of another group"),
    ("ringwall revoke web ssh from 203.0.113.0/24", "take a rule away by what it says"),
    ("ringwall revoke sgr-0123456789abcdef0", "… or by its id"),
    ("ringwall revoke web tcp/443 from any --dry-run", "see first which live flows it would end"),
    ("ringwall list web", "the rules of a group, each a line that `revoke` takes"),
    ("ringwall list --json", "all groups, for programs"),
    ("ringwall show web", "a group: its rules, who names it and which hosts carry it"),
    ("ringwall show sgr-0123456789abcdef0", "a rule: who uses it"),
    ("ringwall hosts", "the hosts and what is in force on them"),
    ("ringwall status", "the server, its last revision and who is behind"),
    ("ringwall close ssh --from any", "a port at 02:00: nobody comes in, by whichever rules it was open"),
    ("ringwall close tcp/22 --from any --split", "… and wide rules keep what else they admit"),
    ("ringwall close tcp/22 --from any --except 203.0.113.0/24", "… but for the office"),
    ("ringwall close tcp/22 --from any --dry-run", "show the plan, and change nothing"),
    ("ringwall wait", "until everything that is stored is in force everywhere"),
    ("ringwall wait --revision 17 --timeout 60", "until one change is"),
    ("ringwall log -n 20", "what was done last, and by whom"),
    ("ringwall log web", "… to one group"),
    ("ringwall blame web", "who made each rule of a group what it is"),
    ("ringwall why sgr-0123456789abcdef0", "who opened a rule, when and from where"),
    ("ringwall doctor", "something doesn't work: look for what it is"),
    ("ringwall explain InvalidPermission.NotFound", "what a refusal means, and what to do"),
    ("source <(ringwall completion bash)", "complete verbs, options and names of the server in this shell"),
    ("ringwall completion zsh > ~/.zfunc/_ringwall", "… in every zsh that has ~/.zfunc in its fpath"),
    ("ringwall completion fish > ~/.config/fish/completions/ringwall.fish", "… in fish"),
    ("ringwall host token --subnet subnet-0123456789abcdef0", "enrol a host: print its one-time token"),
    ("ringwall host list", "the hosts, for people"),
    ("ringwall host show i-0123456789abcdef0", "one host: interfaces, what is in force, problems"),
    ("ringwall host enforce i-0123456789abcdef0", "have a host enforce; what it would cut off is shown first"),
    ("ringwall host observe i-0123456789abcdef0", "have it only watch again"),
    (
        "ringwall host attach i-0123456789abcdef0 --interface eth1 --subnet subnet-0123456789abcdef0",
        "put another device of a host under groups",
    ),
    ("ringwall host detach i-0123456789abcdef0 eni-0123456789abcdef0", "take it out again"),
    ("ringwall host remove i-0123456789abcdef0", "forget a host"),
    ("ringwall agent --server https://ringwall.example:4580 --token-file token", "enrol this host and run its agent"),
    ("ringwall agent doctor", "look at the host for what keeps ringwall from working"),
    ("ringwall agent boot", "load the last state, before the network"),
    ("ringwall agent release", "break glass: remove enforcement from this host"),
    ("ringwall agent resume", "let the agent enforce again"),
    ("ringwall agent attach veth1 eni-0123456789abcdef0", "tell which interface a container's device is"),
    ("ringwall agent detach veth1", "… that it is none any more"),
    (
        "ringwall agent trust 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "accept another certificate of the server's",
    ),
    ("ringwall user create ann", "a user"),
    ("ringwall user list", "all of them"),
    ("ringwall user show ann", "one, with keys and documents"),
    ("ringwall user delete ann", "a user that nobody needs any more"),
    ("ringwall key create ann", "a key for a user; the secret is shown once"),
    ("ringwall key list --user ann", "a user's keys, and when they were used last"),
    ("ringwall key rotate AKIAIOSFODNN7EXAMPLE", "a new key in the place of an old one"),
    ("ringwall key deactivate AKIAIOSFODNN7EXAMPLE", "a key that must not be used now"),
    ("ringwall key activate AKIAIOSFODNN7EXAMPLE", "… and may again"),
    ("ringwall key delete AKIAIOSFODNN7EXAMPLE", "a key that is gone for good"),
    ("ringwall role create oncall --trust trust.json", "a role, and who may assume it"),
    ("ringwall role list", "all of them"),
    ("ringwall role show oncall", "one, with its documents"),
    ("ringwall role update oncall --longest-session 3600", "shorter sessions"),
    ("ringwall role delete oncall", "a role that nobody needs any more"),
    ("ringwall policy attach RevokeOnly --user ann", "let a user close, and not open"),
    ("ringwall policy detach RevokeOnly --user ann", "… no longer"),
    ("ringwall policy why --as ann ec2:RevokeSecurityGroupIngress", "whether a user may, and which statement says so"),
    ("ringwall policy put web-team web-team.json", "a policy document of your own"),
    ("ringwall policy list", "yours and those that are shipped"),
    ("ringwall policy show RevokeOnly", "what one says"),
    ("ringwall policy delete web-team", "a document that is attached nowhere"),
    ("ringwall policy decode MESSAGE", "what a refusal told encoded"),
    ("ringwall account create staging", "an account of its own, with its root's key"),
    ("ringwall account list", "all of them"),
    ("ringwall account show 123456789012", "one, and what is in it"),
    ("ringwall account key 123456789012", "a new key for an account's root that has lost its own"),
    ("ringwall account delete 123456789012", "an empty one"),
    ("ringwall trail verify", "that no event of the trail was changed or taken out"),
    ("ringwall trail head", "what to keep elsewhere, to verify against later"),
    (
        "ringwall trail export --since 2026-11-01 --output trail.jsonl",
        "the events since a day, as CloudTrail writes them",
    ),
    ("ringwall ec2 describe-security-groups --output table", "what `aws ec2` does, with the same words"),
    ("ringwall ec2 revoke-security-group-ingress help", "one operation: examples and options"),
)


def examples_of(words: Sequence[str]) -> list[Example]:
    """The examples of a verb. words: it and what is below it: `("host", "token")`."""
    return [example for example in EXAMPLES if command_of(example[0])[: len(words)] == list(words)]


def command_of(line: str) -> list[str]:
    """The words of an example behind `ringwall`, without what the shell does around them."""
    _, _, command = line.partition("ringwall ")
    return command.partition(" > ")[0].rstrip(')"').split()


def shown(examples: Sequence[Example]) -> str:
    """The examples as help shows them, each with its purpose above it."""
    return "".join(f"  # {purpose}\n  {line}\n\n" for line, purpose in examples)
