"""AWS Signature Version 4 in the stages of its specification. Pure: the caller brings the clock and the keys."""
