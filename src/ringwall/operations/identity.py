"""STS, as much of it as clients ask before they use EC2.

Source: AWS STS API Reference, GetCallerIdentity.
"""

from __future__ import annotations

from .context import Answer, Context, Request


def get_caller_identity(context: Context, request: Request) -> Answer:
    """Who the caller is: account, ARN and unique id."""
    caller = context.caller
    return {"UserId": caller.user_id, "Account": caller.account_id, "Arn": caller.arn}


def nothing_to_check(request: Request) -> None:
    """For operations whose requests hold nothing that is refused before DryRun."""
