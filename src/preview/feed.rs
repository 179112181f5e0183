//! The bytes that a view scrolls in: [`Feed`]. It decides how much is asked for at a time, reads ahead, and
//! remembers how many lines it has seen.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio_util::task::AbortOnDropHandle;

use super::charset::Charset;
use super::detect::Packed;
use super::source::{BLOCK, Change, Source};
use super::unpack::Unpacked;
use crate::model::Result;

/// What is asked for at a time once one reads on, at first and at most.
const STRIDE: Range<u64> = (1 << 20)..(4 << 20);

/// The bytes of one view.
#[derive(Debug)]
pub struct Feed {
    source: Arc<Source>,
    /// What it holds, where it is packed and looked at unpacked.
    unpacked: Option<Unpacked>,
    /// Whether only the head is looked at: nothing is asked for beyond what is drawn.
    brief: bool,
    window: Mutex<Window>,
    pace: Mutex<Pace>,
    lines: Mutex<Lines>,
    ahead: Mutex<Option<Ahead>>,
}

/// The bytes that were read last.
#[derive(Debug, Default)]
struct Window {
    begin: u64,
    bytes: Bytes,
    /// Whether they end where the file does.
    last: bool,
}

/// How one reads on: larger steps while it goes in one direction.
#[derive(Debug, Default)]
struct Pace {
    stride: u64,
    /// The blocks that were asked for last.
    blocks: Range<u64>,
}

/// How many lines end before each block, as far as the file was read without a gap.
#[derive(Debug)]
struct Lines {
    charset: Charset,
    before: Vec<u64>,
}

/// A request that is under way before its bytes are wanted. Dropping it ends it.
#[derive(Debug)]
struct Ahead {
    blocks: Range<u64>,
    task: AbortOnDropHandle<()>,
}

impl Feed {
    /// A feed on a source. A `brief` one asks for nothing that isn't drawn.
    pub fn new(source: Arc<Source>, brief: bool) -> Self {
        Self {
            source,
            unpacked: None,
            brief,
            window: Mutex::default(),
            pace: Mutex::default(),
            lines: Mutex::new(Lines { charset: Charset::utf8(), before: vec![0] }),
            ahead: Mutex::default(),
        }
    }

    /// The same on what a packed source holds.
    pub fn unpacked(source: Arc<Source>, packed: Packed) -> Self {
        let unpacked = Some(Unpacked::new(source.clone(), packed));
        Self { unpacked, ..Self::new(source, true) }
    }

    /// What isn't shown and why. Escaped.
    pub fn warning(&self) -> Option<String> {
        self.unpacked.as_ref().and_then(Unpacked::warning).or_else(|| self.source.cut())
    }

    /// How it is packed.
    pub fn packed(&self) -> Option<Packed> {
        self.unpacked.as_ref().map(Unpacked::packed)
    }

    /// What it reads from.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The size in bytes, as far as it is known.
    pub fn len(&self) -> u64 {
        self.unpacked.as_ref().map_or_else(|| self.source.len(), Unpacked::len)
    }

    /// Where it ends.
    pub async fn end(&self) -> Result<u64> {
        self.end_before(u64::MAX).await
    }

    /// Where it ends, or this place where that comes first.
    pub async fn end_before(&self, at: u64) -> Result<u64> {
        if let Some(unpacked) = &self.unpacked {
            unpacked.reach(at).await?;
        }
        Ok(self.len().min(at))
    }

    /// Whether it ends here.
    pub async fn ends_at(&self, at: u64) -> Result<bool> {
        Ok(self.end_before(at.saturating_add(1)).await? <= at)
    }

    /// How far down this is, 0 to 1.
    pub fn share(&self, at: u64) -> Option<f32> {
        let len = self.len().max(1);
        let known = self.unpacked.as_ref().is_none_or(Unpacked::ended);
        known.then_some((at.min(len) as f64 / len as f64) as f32)
    }

    /// The bytes of this range, cut at the end.
    pub async fn read(&self, range: Range<u64>) -> Result<Bytes> {
        if let Some(bytes) = self.window.lock().slice(&range) {
            return Ok(bytes);
        }
        let blocks = range.start / BLOCK..range.end.div_ceil(BLOCK);
        self.await_ahead(&blocks).await;
        let blocks = self.widen(blocks);
        let wide = blocks.start * BLOCK..blocks.end * BLOCK;
        let bytes = match &self.unpacked {
            Some(unpacked) => unpacked.read(wide.clone()).await?,
            None => self.source.read(wide.clone()).await?,
        };
        self.lines.lock().note(blocks.start, &bytes);
        let last = (bytes.len() as u64) < wide.end - wide.start;
        let window = Window { begin: wide.start, bytes, last };
        let slice = window.slice(&range).unwrap_or_default();
        *self.window.lock() = window;
        Ok(slice)
    }

    /// The same range with what will be wanted next, where a request has to be made anyway.
    fn widen(&self, blocks: Range<u64>) -> Range<u64> {
        if self.unpacked.is_some() {
            return blocks;
        }
        let end = blocks.end.min(self.len().div_ceil(BLOCK));
        let Some(gap) = self.source.gap(blocks.start, end) else { return blocks };
        let stride = self.pace(gap..end);
        let mut pace = self.pace.lock();
        let wide = if gap < pace.blocks.start {
            blocks.start.min(end.saturating_sub(stride))..blocks.end
        } else {
            blocks.start..blocks.end.max(gap + stride)
        };
        pace.blocks = gap.min(wide.start)..wide.end;
        wide
    }

    /// How many blocks to ask for: one after a leap, more with each step in one direction.
    fn pace(&self, wanted: Range<u64>) -> u64 {
        let mut pace = self.pace.lock();
        let goes_on = !pace.blocks.is_empty()
            && (pace.blocks.end == wanted.start || pace.blocks.start == wanted.end.max(wanted.start + 1));
        pace.stride = match pace.stride {
            _ if !goes_on || self.brief => 0,
            0 => STRIDE.start,
            stride => (stride * 2).min(STRIDE.end),
        };
        pace.stride / BLOCK
    }

    /// Begins to read what comes after `at`, where that costs a round trip and isn't here. One request.
    pub fn read_ahead(&self, at: u64) {
        if self.brief || !self.source.metered() {
            return;
        }
        let mut ahead = self.ahead.lock();
        if ahead.as_ref().is_some_and(|ahead| !ahead.task.is_finished()) {
            return;
        }
        let (from, end) = (at / BLOCK, self.len().div_ceil(BLOCK));
        let near = (from + STRIDE.start / BLOCK).min(end);
        let Some(gap) = self.source.gap(from, near) else { return };
        let stride = self.pace(gap..gap + 1).max(STRIDE.start / BLOCK);
        let blocks = gap..(gap + stride).min(end);
        self.pace.lock().blocks = blocks.clone();
        let (source, bytes) = (self.source.clone(), blocks.start * BLOCK..blocks.end * BLOCK);
        // A failure shows when the bytes are wanted.
        let task = tokio::spawn(async move { drop(source.read(bytes).await) });
        *ahead = Some(Ahead { blocks, task: AbortOnDropHandle::new(task) });
    }

    /// Waits for what is under way, where it is wanted; ends it when something else has to be asked for.
    async fn await_ahead(&self, wanted: &Range<u64>) {
        let end = wanted.end.min(self.len().div_ceil(BLOCK));
        if self.source.gap(wanted.start, end).is_none() {
            return;
        }
        let Some(ahead) = self.ahead.lock().take() else { return };
        if ahead.blocks.start < wanted.end && wanted.start < ahead.blocks.end {
            let _ = ahead.task.await;
        }
    }

    /// Looks what became of it. What grew is read on in the same feed.
    pub async fn look_again(&self) -> Result<Change> {
        let change = self.source.look_again().await?;
        if change == Change::Grew {
            *self.window.lock() = Window::default();
        }
        Ok(change)
    }

    /// Counts lines in this encoding from now on.
    pub fn count_in(&self, charset: Charset) {
        let mut lines = self.lines.lock();
        if lines.charset.unit() != charset.unit() || lines.charset.name() != charset.name() {
            *lines = Lines { charset, before: vec![0] };
            let window = self.window.lock();
            if window.begin.is_multiple_of(BLOCK) {
                lines.note(window.begin / BLOCK, &window.bytes);
            }
        }
    }

    /// The number, from 1, of the line that begins at `at`, where all before was read.
    pub async fn number(&self, at: u64) -> Result<Option<u64>> {
        let (block, charset) = (at / BLOCK, self.lines.lock().charset);
        let Some(before) = self.lines.lock().before.get(block as usize).copied() else { return Ok(None) };
        let bytes = self.read(block * BLOCK..at).await?;
        Ok(Some(before + charset.count(&bytes) + 1))
    }

    /// The last place whose line number is known, not behind `line`: an offset, and how many lines end
    /// before it.
    pub fn nearest(&self, line: u64) -> (u64, u64) {
        let lines = self.lines.lock();
        let at = lines.before.partition_point(|before| *before + 1 < line).saturating_sub(1);
        (at as u64 * BLOCK, lines.before[at])
    }
}

impl Window {
    fn slice(&self, range: &Range<u64>) -> Option<Bytes> {
        let begin = usize::try_from(range.start.checked_sub(self.begin)?).ok()?;
        let end = usize::try_from(range.end - self.begin).ok()?;
        if end > self.bytes.len() && !self.last {
            return None;
        }
        let end = end.min(self.bytes.len());
        Some(self.bytes.slice(begin.min(end)..end))
    }
}

impl Lines {
    /// Takes in what was read from this block on, where it goes on from what was counted.
    fn note(&mut self, first: u64, bytes: &[u8]) {
        let next = self.before.len() as u64 - 1;
        let Some(skip) = next.checked_sub(first) else { return };
        for block in bytes.chunks_exact(BLOCK as usize).skip(skip as usize) {
            let before = self.before[self.before.len() - 1];
            self.before.push(before + self.charset.count(block));
        }
    }
}
