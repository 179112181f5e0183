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
pub(super) struct Out<W: Write = io::BufWriter<io::Stdout>> {
    writer: W,
    terminal: bool,
}

impl Out {
    pub(super) fn new() -> Self {
        let stdout = io::stdout();
        Self { terminal: stdout.is_terminal(), writer: io::BufWriter::with_capacity(64 << 10, stdout) }
    }
}

impl<W: Write> Out<W> {
    /// Writes a line of text: escaped on a terminal, else byte for byte.
    pub(super) fn line(&mut self, text: &[u8]) -> io::Result<()> {
        if self.terminal {
            return writeln!(self.writer, "{}", text::escape_bytes(text));
        }
        self.writer.write_all(text)?;
        self.writer.write_all(b"\n")
    }

    /// Writes bytes of an object. On a terminal, lines and tabs are kept, and all else that a terminal
    /// would obey is shown.
    pub(super) fn content(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.terminal {
            return self.writer.write_all(bytes);
        }
        let keeps = |byte: &u8| matches!(byte, b'\n' | b'\t');
        for piece in bytes.split_inclusive(keeps) {
            let (text, end) = piece.split_at(piece.len() - usize::from(piece.last().is_some_and(keeps)));
            self.writer.write_all(text::escape_bytes(text).as_bytes())?;
            self.writer.write_all(end)?;
        }
        Ok(())
    }
}

impl<W: Write> Write for Out<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(terminal: bool, print: impl Fn(&mut Out<Vec<u8>>)) -> Vec<u8> {
        let mut out = Out { writer: Vec::new(), terminal };
        print(&mut out);
        out.writer
    }

    #[test]
    fn a_file_gets_every_byte_and_a_terminal_none_that_acts() {
        let name = b"a\x1b[31m\n\xff";
        assert_eq!(printed(false, |out| out.line(name).unwrap()), b"a\x1b[31m\n\xff\n");
        let shown = printed(true, |out| out.line(name).unwrap());
        assert!(
            !shown.contains(&0x1b) && shown.iter().position(|byte| *byte == b'\n') == Some(shown.len() - 1)
        );
        let body = b"one\ttwo\n\x1b]52;c;eA==\x07\r";
        assert_eq!(printed(false, |out| out.content(body).unwrap()), body);
        let shown = printed(true, |out| out.content(body).unwrap());
        assert!(
            shown.starts_with(b"one\ttwo\n") && !shown.iter().any(|byte| [0x1b, 7, b'\r'].contains(byte))
        );
    }
}
