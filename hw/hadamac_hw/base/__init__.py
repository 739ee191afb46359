"""What every circuit is made of: streams, the base of all blocks, arithmetic, memories and multipliers."""
