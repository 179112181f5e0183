//! What is raced: [`Options`], [`Row`].

use clap::Parser;

/// bifold's `cp` beside other tools, against one server.
#[derive(Clone, Debug, Parser)]
pub struct Options {
    /// The whole sizes: 1 GiB in one file, 1,000 of 64 KiB, 20,000 of 1 KiB; else an eighth of each
    #[arg(long)]
    pub full: bool,
    /// How often each row is run
    #[arg(long, default_value_t = 1)]
    pub times: usize,
    /// The milliseconds that are added to each request
    #[arg(long, value_delimiter = ',', default_values_t = [0, 30])]
    pub latency: Vec<u64>,
    /// Only rows that begin so: up, down:small
    #[arg(long, value_delimiter = ',')]
    pub only: Vec<String>,
    /// Only these tools
    #[arg(long, value_delimiter = ',')]
    pub tools: Vec<String>,
    /// How many small files, in place of 20,000
    #[arg(long)]
    pub small: Option<u64>,
    /// Serves what this program races against; used by itself
    #[arg(long, hide = true)]
    pub serve: bool,
    /// cargo says so
    #[arg(long, hide = true)]
    bench: bool,
}

/// Where the bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Up,
    /// With a flush before the end.
    Down,
    /// Without.
    Bare,
}

/// One race.
#[derive(Clone, Debug)]
pub struct Row {
    pub way: Way,
    /// `one`, `mid` or `small`.
    pub shape: &'static str,
    pub count: u64,
    pub bytes: u64,
}

impl Row {
    /// As `--only` names it.
    pub fn name(&self) -> String {
        let way = match self.way {
            Way::Up => "up",
            Way::Down => "down",
            Way::Bare => "bare",
        };
        format!("{way}:{}", self.shape)
    }
}

impl Options {
    /// What is to be raced.
    pub fn rows(&self) -> Vec<Row> {
        let share = if self.full { 1 } else { 8 };
        let small = self.small.unwrap_or(20_000 / share);
        let shapes =
            [("one", 1, (1 << 30) / share), ("mid", 1000 / share, 64 << 10), ("small", small, 1 << 10)];
        let of = |way| shapes.map(|(shape, count, bytes)| Row { way, shape, count, bytes });
        let rows = [Way::Up, Way::Down, Way::Bare].into_iter().flat_map(of);
        rows.filter(|row| self.takes(&row.name())).collect()
    }

    fn takes(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| name.starts_with(only.as_str()))
    }
}
