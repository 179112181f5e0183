//! How many cells the tables of Markdown would have: [`cells`].
//!
//! The parser fills short rows up to their heading, and makes all cells before its first event, where nothing can
//! stop it: three kilobytes may tell of a quarter of a million cells, again and again.

/// The most cells of all tables. Written out, there are fewer of them than bytes.
pub const MOST_CELLS: usize = 1 << 20;
/// The cells that the parser fills the rows of one table with at most.
const MOST_FILLED: usize = 1 << 18;

/// The cells that its parser makes of the tables of a text, or some more.
pub fn cells(text: &str) -> usize {
    let (mut cells, mut run) = (0, Run::default());
    // A carriage return of its own ends a line for the parser, too.
    for line in text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r')) {
        let line = line.trim_start_matches([' ', '\t', '>']);
        if line.is_empty() {
            cells += std::mem::take(&mut run).cells();
        } else {
            run.line(line);
        }
    }
    cells + run.cells()
}

/// Lines without an empty one between them, as each table has them.
#[derive(Default)]
struct Run {
    /// How many lines may begin a table, and the most columns of one so far.
    tables: usize,
    columns: usize,
    cells: usize,
}

impl Run {
    fn line(&mut self, line: &str) {
        // A row is in one table only, however many may begin above it.
        self.cells += self.columns;
        let begins = line.contains('-') && line.bytes().all(|byte| matches!(byte, b'|' | b'-' | b':' | b' '));
        if begins {
            self.tables += 1;
            self.columns = self.columns.max(line.bytes().filter(|byte| *byte == b'|').count() + 1);
        }
    }

    fn cells(&self) -> usize {
        self.cells.min(self.tables * MOST_FILLED)
    }
}
