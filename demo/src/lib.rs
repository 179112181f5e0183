//! The demo: an in-memory S3 server with sample buckets.
