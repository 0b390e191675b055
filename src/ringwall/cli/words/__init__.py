"""What the human words of the command line have in common."""
