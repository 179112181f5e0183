//! The server as the AWS SDK sees it, over HTTP.

mod basics;
mod support;
