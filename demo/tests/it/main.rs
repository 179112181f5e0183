//! The server as the AWS SDK sees it, over HTTP.

mod basics;
mod calls;
mod faults;
mod reads;
mod retry;
mod samples;
mod support;
mod views;
mod writes;
