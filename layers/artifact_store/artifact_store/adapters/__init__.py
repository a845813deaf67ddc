"""The store's ports over AWS and in memory."""
