//! What is printed, and where: escaped on its way to a terminal, exact on its way to a file.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use crate::model::text;

/// A text that may stand on a terminal: no control character of it acts.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    text::escape(text)
}

/// Tells the person about something, on standard error.
pub(super) fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "bifold: {}", escaped(text));
}

/// Standard output, and whether it is a terminal.
pub(super) struct Out {
    writer: io::BufWriter<io::Stdout>,
    /// Whether a person reads this.
    pub(super) terminal: bool,
}

impl Out {
    pub(super) fn new() -> Self {
        let stdout = io::stdout();
        Self { terminal: stdout.is_terminal(), writer: io::BufWriter::with_capacity(64 << 10, stdout) }
    }

    /// Writes a line of text: escaped on a terminal, else byte for byte.
    pub(super) fn line(&mut self, text: &[u8]) -> io::Result<()> {
        if self.terminal {
            return writeln!(self.writer, "{}", escaped(&String::from_utf8_lossy(text)));
        }
        self.writer.write_all(text)?;
        self.writer.write_all(b"\n")
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
