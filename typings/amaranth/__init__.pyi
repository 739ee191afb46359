"""Types of the part of Amaranth that hadamac uses; Amaranth itself ships none."""
