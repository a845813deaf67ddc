"""What a release is checked by before it goes out: `python -m scripts.release`."""
