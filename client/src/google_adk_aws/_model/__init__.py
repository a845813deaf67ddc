"""What callers give and get, over HTTP and straight on S3 alike."""
