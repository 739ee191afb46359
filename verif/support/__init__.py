"""Parts that several tests share: seeded generators, stimuli, small networks, and the simulation of a block as a core.

None of them computes an expected result with the code under test: expectations come from the models, or from plain
arithmetic in the test itself.
"""
