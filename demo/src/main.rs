//! Opens bifold on the demo server.

fn main() {}
