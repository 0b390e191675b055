"""EC2's security groups and their neighbours as the reference tells of them, as plainly as can be.

It is written from the reference and botocore's documentation, and is what the real stack is judged by. Where the
reference leaves open which of several faults is told first, a refusal holds all that may be told. A text is None where
EC2's isn't known. What ringwall had to choose is as the operations' documentation says.
"""

from .base import Answer, Group, Key, Limits, Refused, Request, Rule, State
from .described import SIZES, Model
from .rules import SOURCES, grouped

__all__ = [
    "SIZES",
    "SOURCES",
    "Answer",
    "Group",
    "Key",
    "Limits",
    "Model",
    "Refused",
    "Request",
    "Rule",
    "State",
    "grouped",
]
