"""Reading and writing the user's files: whole or not at all, bounded, and never another's."""
