"""Keys, messages and what a ciphertext is bound to."""
