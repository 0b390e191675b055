"""The EC2 Query protocol: parameters in, XML out, driven by a table generated from botocore's model. Pure."""
