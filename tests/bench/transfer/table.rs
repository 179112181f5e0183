//! What is printed of a race.

use super::measure::Cost;
use super::options::{Row, Way};
use super::tools::Tool;

/// A tool and what its runs cost.
pub struct Lane {
    pub tool: Tool,
    pub costs: Vec<Cost>,
}

impl Lane {
    pub fn new(tool: Tool) -> Self {
        Self { tool, costs: Vec::new() }
    }

    /// The median of one number of all runs.
    fn of(&self, number: impl Fn(&Cost) -> Option<f64>) -> Option<f64> {
        let mut all: Vec<f64> = self.costs.iter().filter_map(number).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied()
    }

    fn numbers(&self) -> [Option<f64>; 4] {
        [
            self.of(|cost| Some(cost.wall.as_secs_f64())),
            self.of(|cost| cost.cpu),
            self.of(|cost| cost.memory),
            self.of(|cost| Some(cost.requests as f64)),
        ]
    }
}

/// A line for each tool, and how bifold does beside the best of the others in each column.
pub fn print(row: &Row, latency: u64, lanes: &[Lane]) {
    let what = match row.way {
        Way::Up => "up",
        Way::Down => "down, flushed",
        Way::Bare => "down, not flushed",
    };
    println!("\n{} × {}, {what}, {latency} ms added", row.count, human(row.bytes));
    println!("{:8} {:>9} {:>9} {:>9} {:>9}", "", "wall s", "cpu s", "peak MiB", "requests");
    for lane in lanes {
        let [wall, cpu, memory, requests] = lane.numbers();
        let number = |it: Option<f64>, digits| it.map_or("-".to_owned(), |it| format!("{it:.digits$}"));
        println!(
            "{:8} {:>9} {:>9} {:>9} {:>9}",
            lane.tool.name(),
            number(wall, 3),
            number(cpu, 2),
            number(memory, 0),
            number(requests, 0)
        );
    }
    let own = lanes.iter().find(|lane| lane.tool == Tool::Bifold);
    let Some(own) = own.map(Lane::numbers) else { return };
    let peers: Vec<_> = lanes.iter().filter(|lane| lane.tool.is_peer()).map(Lane::numbers).collect();
    ratios("÷ best", own, &peers);
    let curl: Vec<_> = lanes.iter().filter(|lane| lane.tool == Tool::Curl).map(Lane::numbers).collect();
    if !curl.is_empty() {
        ratios("÷ curl", own, &curl);
    }
}

fn ratios(name: &str, own: [Option<f64>; 4], others: &[[Option<f64>; 4]]) {
    let ratio = |at: usize| {
        let best = others.iter().filter_map(|other| other[at]).min_by(f64::total_cmp);
        own[at].zip(best).map_or("-".to_owned(), |(own, best)| format!("{:.2}", own / best))
    };
    println!("{name:8} {:>9} {:>9} {:>9} {:>9}", ratio(0), ratio(1), ratio(2), ratio(3));
}

fn human(bytes: u64) -> String {
    match bytes {
        bytes if bytes >= 1 << 20 => format!("{} MiB", bytes >> 20),
        bytes => format!("{} KiB", bytes >> 10),
    }
}
