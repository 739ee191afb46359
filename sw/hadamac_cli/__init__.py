"""The command line.  It stands above the packages hadamac and hadamac_hw, and neither imports it."""
