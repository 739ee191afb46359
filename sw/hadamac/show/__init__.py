"""What a person sees of a network: tables and pictures."""
