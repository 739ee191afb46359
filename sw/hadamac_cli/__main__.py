"""Entry point of ``python -m hadamac_cli``, which is the same as the command ``hadamac``."""

from .main import main

main()
