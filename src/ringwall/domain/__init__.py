"""EC2's nouns, what may be done to them and what they mean. Pure values: no clock, randomness, file or socket."""
