//! What is printed, and where: escaped on its way to a terminal, exact on its way to a file.

use std::borrow::Cow;
use std::io::{self, Write};

/// A text that may stand on a terminal: no control character of it acts.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    Cow::Owned(text.chars().map(|c| if c.is_control() { '?' } else { c }).collect())
}

/// Tells the person about something, on standard error.
pub(super) fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "bifold: {}", escaped(text));
}

/// Standard output, and whether it is a terminal.
pub(super) struct Out {
    writer: io::BufWriter<io::Stdout>,
}

impl Out {
    pub(super) fn new() -> Self {
        let stdout = io::stdout();
        Self { writer: io::BufWriter::with_capacity(64 << 10, stdout) }
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
