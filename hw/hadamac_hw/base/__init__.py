"""Parts of every circuit: streams, the base class of blocks, arithmetic, memories, multipliers, targets, emission."""
