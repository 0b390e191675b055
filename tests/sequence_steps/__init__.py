"""What a random sequence of requests is made of: each step asks the real stack and the plain model the same.

`base` has the stack and the comparison; every other module has the steps of one subject, as a mixin of the machine.
"""
