//! bifold: hands over to the library.

fn main() {}
