"""Reading and writing of files that a user names.

A file or a directory is written completely or not at all.  Reading is bounded in time and memory.  Nothing that
hadamac did not write is ever removed.
"""
