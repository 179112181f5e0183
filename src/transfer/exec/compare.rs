//! Compares two trees: their listings side by side, and what has to be asked for beyond them.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::future::join_all;
use futures::stream::{self, BoxStream, StreamExt};

use super::super::compare::judge::{File, Kept, Verdict, judge};
use super::super::compare::merge::{Disorder, Merge, Met};
use super::super::compare::{By, Difference, Side, Why};
use super::super::journal::Remembered;
use super::super::names;
use super::super::selection::Matcher;
use super::Resolver;
use super::content::{Sided, content};
use crate::model::{Entry, ErrorKind, Kind, Name, Op, Result, Uri, VfsError};
use crate::vfs::{DynPath, Enters, Place, Step, walk};

/// Differences that are told at once.
const BATCH: usize = 1_000;

/// Objects that are asked for at once.
const HEADS: usize = 32;

/// Files whose content is compared at once.
const READS: usize = 4;

/// How two trees are compared.
#[derive(Clone, Debug, Default)]
pub struct Comparing {
    /// How hard.
    pub by: By,
    /// Which files it is about; the others are as if they weren't there.
    pub selection: Matcher,
    /// What was learnt of kept times before.
    pub remembered: Option<Remembered>,
    /// Whether the second tree may be missing (on a disk: as if it were empty).
    pub may_be_missing: bool,
}

/// A tree that is told.
struct Tree {
    top: DynPath,
    disk: bool,
    /// Endpoint and bucket, where what is learnt can be remembered.
    place: Option<(String, String)>,
}

/// What one tree tells, and whether it told anything yet.
struct Told {
    steps: BoxStream<'static, Result<Step>>,
    begins: bool,
}

/// The two trees, and how they are compared.
struct Ground {
    here: Tree,
    there: Tree,
    how: Comparing,
}

/// A comparison under way.
struct Comparison {
    ground: Ground,
    here: Told,
    there: Told,
    merge: Merge,
    failed: Vec<Difference>,
}

/// See [`super::Engine::compare`].
pub fn compare(
    resolve: &Resolver,
    here: &Uri,
    there: &Uri,
    how: Comparing,
) -> BoxStream<'static, Result<Vec<Difference>>> {
    let (here, there) = match (resolve(here), resolve(there)) {
        (Ok(here), Ok(there)) => (here, there),
        (Err(error), _) | (_, Err(error)) => return stream::iter([Err(error)]).boxed(),
    };
    let begin = async move { Comparison::new(here, there, how).await };
    let batches = |comparison: Comparison| {
        stream::try_unfold(comparison, |mut it| async move {
            let batch = it.batch().await?;
            Ok((!batch.is_empty()).then_some((batch, it)))
        })
    };
    stream::once(begin)
        .flat_map(move |begun| match begun {
            Ok(comparison) => batches(comparison).boxed(),
            Err(error) => stream::iter([Err(error)]).boxed(),
        })
        .boxed()
}

impl Tree {
    async fn new(top: DynPath) -> Result<Self> {
        let place = match top.caps().metered.then(|| top.identity()) {
            Some(identity) => match identity.await?.place {
                Place::Bucket { endpoint, bucket } => Some((endpoint, bucket)),
                _ => None,
            },
            None => None,
        };
        Ok(Self { disk: top.caps().real_dirs, place, top })
    }

    fn told(&self, selection: &Matcher) -> Told {
        let matcher = selection.clone();
        let enters: Enters = Arc::new(move |path: &Name| matcher.takes(&path.to_lossy(), true));
        Told { steps: walk(self.top.clone(), enters), begins: true }
    }

    /// The handle on a path of this tree, joined name by name.
    fn at(&self, path: &Name) -> Result<DynPath> {
        let mut names = path.as_bytes().split(|byte| *byte == b'/').map(Name::from).peekable();
        let mut at = self.top.clone();
        while let Some(name) = names.next() {
            let kind = if names.peek().is_some() { Kind::Dir } else { Kind::File };
            at = at.join(&name, kind)?;
        }
        Ok(at)
    }

    fn key(&self, path: &Name) -> String {
        let top = self.top.uri().as_s3().map(|s3| s3.as_prefix().key.to_string()).unwrap_or_default();
        format!("{top}{}", path.to_lossy())
    }
}

impl Comparison {
    async fn new(here: DynPath, there: DynPath, how: Comparing) -> Result<Self> {
        let ground = Ground { here: Tree::new(here).await?, there: Tree::new(there).await?, how };
        let told = |tree: &Tree| tree.told(&ground.how.selection);
        let (here, there, merge) = (told(&ground.here), told(&ground.there), Merge::new(ground.there.disk));
        Ok(Self { ground, here, there, merge, failed: Vec::new() })
    }

    /// The next differences; none at the end.
    async fn batch(&mut self) -> Result<Vec<Difference>> {
        let mut met = Vec::new();
        while met.len() < BATCH {
            match self.merge.wants() {
                // What is met already doesn't wait for a page.
                Some(side) => self.feed(side).await?,
                None => match self.merge.tell() {
                    Some(next) => met.push(next),
                    None if self.merge.wants().is_none() => break,
                    None => {}
                },
            }
        }
        let mut told = std::mem::take(&mut self.failed);
        told.extend(self.ground.settle(met).await);
        Ok(told)
    }

    async fn feed(&mut self, side: Side) -> Result<()> {
        let told = match side {
            Side::Here => &mut self.here,
            Side::There => &mut self.there,
        };
        let first = std::mem::replace(&mut told.begins, false);
        let step = match told.steps.next().await {
            Some(Ok(step)) => Some(step),
            Some(Err(error)) if first && self.ground.may_be_missing(side, &error) => None,
            Some(Err(error)) => return Err(error),
            None => None,
        };
        let step = step.map(|step| self.ground.chosen(side, step, &mut self.failed));
        let at = || self.ground.tree(side).top.uri().clone();
        self.merge.feed(side, step).map_err(|Disorder(_, path)| {
            let why = format!("it isn't listed in order (at {}), so it can't be compared", path.to_lossy());
            VfsError::new(Op::List, at(), ErrorKind::Corrupt, why)
        })
    }
}

impl Ground {
    fn tree(&self, side: Side) -> &Tree {
        match side {
            Side::Here => &self.here,
            Side::There => &self.there,
        }
    }

    /// A destination on a disk that isn't there yet is as good as empty.
    fn may_be_missing(&self, side: Side, error: &VfsError) -> bool {
        let missing = error.kind == ErrorKind::NotFound && self.there.disk;
        side == Side::There && self.how.may_be_missing && missing
    }

    /// The rows that it is about. A disk knows no markers: those without bytes are its directories.
    fn chosen(&self, side: Side, step: Step, failed: &mut Vec<Difference>) -> Step {
        let Step::Rows(mut rows) = step else { return step };
        let (disk, other_disk) = match side {
            Side::Here => (self.here.disk, self.there.disk),
            Side::There => (self.there.disk, self.here.disk),
        };
        let why = "its name ends in / and it has bytes, which a disk can't hold";
        rows.retain(|row| {
            let path = row.name.as_bytes();
            if path.is_empty() || !self.how.selection.takes(&row.name.to_lossy(), false) {
                return false;
            }
            if !path.ends_with(b"/") || !other_disk {
                return !(disk && is_temporary(path));
            }
            if side == Side::Here && row.size != Some(0) {
                failed.push(self.failure(row.name.clone(), Op::Write, ErrorKind::Invalid, why));
            }
            false
        });
        Step::Rows(rows)
    }

    fn failure(&self, path: Name, op: Op, kind: ErrorKind, why: &str) -> Difference {
        let uri = self.here.at(&path).map_or_else(|_| self.here.top.uri().clone(), |at| at.uri().clone());
        Difference::Failed(path, VfsError::new(op, uri, kind, why))
    }

    async fn settle(&self, met: Vec<Met>) -> Vec<Difference> {
        let mut told: Vec<Option<Difference>> = Vec::with_capacity(met.len());
        let mut pairs = Vec::new();
        for met in met {
            told.push(match met {
                Met::Closed(_, path, error) => Some(Difference::Failed(path, error)),
                Met::Beneath(entry) => {
                    let why = "a file has the name of a directory above it, which a disk can't hold";
                    Some(self.failure(entry.name, Op::Write, ErrorKind::Invalid, why))
                }
                Met::Rows(Some(here), Some(there)) if here.kind == Kind::File && there.kind == Kind::File => {
                    pairs.push((told.len(), *here, *there));
                    None
                }
                Met::Rows(here, there) => Some(self.alone(here.map(|it| *it), there.map(|it| *it))),
            });
        }
        for (at, difference) in self.pairs(pairs).await {
            told[at] = Some(difference);
        }
        told.into_iter().flatten().map(|difference| self.holdable(difference)).collect()
    }

    fn alone(&self, here: Option<Entry>, there: Option<Entry>) -> Difference {
        match (here, there) {
            (Some(here), _) if here.kind != Kind::File => Difference::LeftOut(here, Side::Here),
            (Some(here), Some(there)) => Difference::Differs(Box::new((here, there)), Why::Kind),
            (Some(here), None) => Difference::OnlyHere(here),
            (None, Some(there)) if there.kind != Kind::File => Difference::LeftOut(there, Side::There),
            (None, Some(there)) => Difference::OnlyThere(there),
            (None, None) => self.failure(Name::default(), Op::List, ErrorKind::Corrupt, "nothing was listed"),
        }
    }

    /// Whether the second tree can hold this name.
    fn holdable(&self, difference: Difference) -> Difference {
        let Difference::OnlyHere(entry) = &difference else { return difference };
        let (caps, mut at) = (self.there.top.caps(), self.there.top.uri().clone());
        let mut names = entry.name.as_bytes().split(|byte| *byte == b'/').map(Name::from).peekable();
        while let Some(name) = names.next() {
            let kind = if names.peek().is_some() { Kind::Dir } else { Kind::File };
            at = at.join(&name, kind);
            if let Some(why) = names::refusal(&name, &at, &caps) {
                return self.failure(entry.name.clone(), Op::Write, ErrorKind::Invalid, &why);
            }
        }
        difference
    }

    async fn pairs(&self, pairs: Vec<(usize, Entry, Entry)>) -> Vec<(usize, Difference)> {
        let mut kept: Vec<[Kept; 2]> = vec![[None, None]; pairs.len()];
        let mut failed: Vec<Option<VfsError>> = vec![None; pairs.len()];
        for side in [Side::There, Side::Here] {
            let asked: Vec<usize> = (0..pairs.len())
                .filter(|at| self.verdict(&pairs[*at], kept[*at]) == Verdict::Ask(side))
                .collect();
            let rows = asked.iter().map(|at| if side == Side::Here { &pairs[*at].1 } else { &pairs[*at].2 });
            for (at, learnt) in asked.iter().zip(self.learn(self.tree(side), rows.collect()).await) {
                match learnt {
                    Ok(time) => kept[*at][usize::from(side == Side::There)] = Some(time),
                    Err(error) => failed[*at] = Some(error),
                }
            }
        }
        let settled = pairs.into_iter().zip(kept).zip(failed).map(|((pair, kept), failed)| async move {
            let verdict = match failed {
                Some(error) => Err(error),
                None => self.content(&pair, self.verdict(&pair, kept)).await,
            };
            let (at, here, there) = pair;
            (at, told(here, there, verdict))
        });
        stream::iter(settled).buffered(READS).collect().await
    }

    fn verdict(&self, (_, here, there): &(usize, Entry, Entry), kept: [Kept; 2]) -> Verdict {
        judge(File { entry: here, kept: kept[0] }, File { entry: there, kept: kept[1] }, self.how.by)
    }

    async fn content(&self, (_, here, there): &(usize, Entry, Entry), verdict: Verdict) -> Result<Verdict> {
        if verdict != Verdict::Compare {
            return Ok(verdict);
        }
        let (one, other) = (self.here.at(&here.name)?, self.there.at(&there.name)?);
        let sides = (Sided { path: &one, entry: here }, Sided { path: &other, entry: there });
        content(sides.0, sides.1, self.how.by == By::Download).await
    }

    /// The times that these objects keep: from what was learnt before, else by a request for each.
    async fn learn(&self, tree: &Tree, rows: Vec<&Entry>) -> Vec<Result<Option<i64>>> {
        let known = self.recall(tree, &rows).await;
        let asked = rows.iter().zip(&known).map(|(row, known)| async move {
            match known {
                Some(known) => Ok(*known),
                None => kept_time(tree, row).await,
            }
        });
        let learnt: Vec<_> = stream::iter(join_in_chunks(asked)).buffered(1).collect::<Vec<_>>().await;
        let learnt: Vec<_> = learnt.into_iter().flatten().collect();
        let new = rows.iter().zip(&known).zip(&learnt).filter(|((_, known), _)| known.is_none());
        let new = new.filter_map(|((row, _), learnt)| {
            Some((tree.key(&row.name), row.etag()?.to_string(), *learnt.as_ref().ok()?))
        });
        self.remember(tree, new.collect()).await;
        learnt
    }

    async fn recall(&self, tree: &Tree, rows: &[&Entry]) -> Vec<Kept> {
        let (Some(remembered), Some((endpoint, bucket))) = (&self.how.remembered, &tree.place) else {
            return vec![None; rows.len()];
        };
        let tag = |row: &Entry| row.etag().map(ToString::to_string).unwrap_or_default();
        let objects = rows.iter().map(|row| (tree.key(&row.name), tag(row))).collect();
        remembered.get_many(endpoint, bucket, objects).await
    }

    async fn remember(&self, tree: &Tree, learnt: Vec<(String, String, Option<i64>)>) {
        if let (Some(remembered), Some((endpoint, bucket)), false) =
            (&self.how.remembered, &tree.place, learnt.is_empty())
            && let Err(error) = remembered.put_many(endpoint, bucket, learnt).await
        {
            tracing::warn!("what was learnt isn't remembered: {error}");
        }
    }
}

/// Requests in groups, so that no more than [`HEADS`] are under way.
fn join_in_chunks<F: Future>(asked: impl Iterator<Item = F>) -> Vec<impl Future<Output = Vec<F::Output>>> {
    let mut asked: VecDeque<F> = asked.collect();
    let mut groups = Vec::new();
    while !asked.is_empty() {
        let group: Vec<F> = asked.drain(..asked.len().min(HEADS)).collect();
        groups.push(join_all(group));
    }
    groups
}

async fn kept_time(tree: &Tree, row: &Entry) -> Result<Option<i64>> {
    let at = tree.at(&row.name)?;
    let head = at.head().await?;
    if head.entry.tag != row.tag {
        let why = "it changed while it was compared";
        return Err(VfsError::new(Op::Stat, at.uri().clone(), ErrorKind::Conflict, why));
    }
    Ok(head.mtime().and_then(|nanos| i64::try_from(nanos).ok()))
}

fn told(here: Entry, there: Entry, verdict: Result<Verdict>) -> Difference {
    let path = here.name.clone();
    let both = Box::new((here, there));
    match verdict {
        Ok(Verdict::Same(known)) => Difference::Same(both, known),
        Ok(Verdict::Differs(why)) => Difference::Differs(both, why),
        // Asked for twice, or not at all: nothing shows that they are the same.
        Ok(Verdict::Ask(_) | Verdict::Compare) => Difference::Differs(both, Why::Unproven),
        Err(error) => Difference::Failed(path, error),
    }
}

/// Whether this is a file that a transfer is writing.
fn is_temporary(path: &[u8]) -> bool {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    name.starts_with(b".bifold-") && name.ends_with(b".part")
}
