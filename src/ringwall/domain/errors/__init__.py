"""Refusals: one class for each code that EC2's API answers, its data in fields, its message derived.

A module for each subject; everybody imports from here. Only `wire/fault.py` knows the HTTP status of a code.
"""

from .accounts import *
from .base import *
from .caller import *
from .groups import *
from .ids import *
from .interfaces import *
from .prefix_lists import *
from .request import *
from .resources import *
from .vpcs import *
