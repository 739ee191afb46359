"""Tables and pictures of a network for a person to look at."""
