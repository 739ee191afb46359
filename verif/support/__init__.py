"""What several tests share: seeded generators, stimuli, small networks, and a way to play a block as a core.

Nothing here knows the answer: expectations come from the models, or from plain arithmetic in the test itself.
"""
