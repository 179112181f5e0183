//! S3 over HTTP against the model of S3: by one client, and with another one that writes meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bifold::config::{Connection, Settings};
use bifold::model::{ErrorKind, Freshness, Kind, Name, S3Uri, Uri};
use bifold::vfs::DynPath;
use bifold::vfs::memory::Memory;
use bifold::vfs::registry::Registry;
use demo::{Options, Server};
use proptest::prelude::*;

use super::acts::{Act, Demand, Spot, Told, act, class, path, perform, rows, tree};

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    /// This client does something.
    Own(Act),
    /// Another client puts an object, or deletes one, by its key.
    Other { key: String, len: Option<usize> },
    /// This client looks at a directory, and the cache may answer.
    Look { at: Vec<String> },
}

fn step() -> impl Strategy<Value = Step> {
    let key = || "[a-][a/-]{0,5}";
    let dir = prop::collection::vec(prop_oneof![3 => "[a-]", 1 => "[a-]{1,3}"], 0..3);
    prop_oneof![
        5 => act(true).prop_map(Step::Own),
        2 => (key(), prop::option::weighted(0.7, 0..50_usize)).prop_map(|(key, len)| Step::Other { key, len }),
        3 => dir.prop_map(|at| Step::Look { at }),
    ]
}

/// What S3 tells differently: a write that is bound to what isn't there finds nothing.
fn same(model: &Told, s3: &Told) -> bool {
    match (model, s3) {
        (Err(ErrorKind::Conflict), Err(ErrorKind::NotFound)) => true,
        (Err(model), Err(s3)) => class(*model) == class(*s3),
        (model, s3) => model == s3,
    }
}

type Rows = Vec<(Name, Kind, Option<u64>)>;

/// What a directory held from a time on: as it was first, and as it may be seen with what was written later.
type State = (Instant, Vec<Rows>);

/// What each directory of the model has held.
#[derive(Default)]
struct Past(BTreeMap<Vec<String>, Vec<State>>);

impl Past {
    /// Notes what every directory that was ever looked at holds now. An own write changes what is held of older
    /// states, too: they may be seen with it, but no longer without it. `own` tells which it was, and whether it was done.
    async fn note(&mut self, model: &DynPath, own: Option<(&Act, bool)>) {
        let now = Instant::now();
        for (dir, states) in &mut self.0 {
            let rows = model_rows(model, dir).await;
            let last = states.last().map(|(_, held)| held[0].clone()).unwrap_or_default();
            if last != rows {
                let changed =
                    ids(last.iter().chain(&rows).filter(|row| last.contains(row) != rows.contains(row)));
                for held in states.iter_mut().flat_map(|(_, held)| held).filter(|_| own.is_some()) {
                    put(held, &changed, &rows);
                }
                states.push((now, vec![rows]));
            } else if let Some((act, true)) = own {
                // It changed nothing here, because another client had done the same: older states may lack that.
                let written = written(act, dir);
                for (_, held) in states.iter_mut() {
                    let with = held.iter().cloned().map(|mut held| {
                        put(&mut held, &written, &rows);
                        held
                    });
                    let with: Vec<Rows> = with.collect();
                    held.extend(with);
                    held.dedup();
                }
            }
        }
    }

    /// Whether a directory held these rows at a time that is no longer ago than `age`.
    fn held(&self, dir: &[String], rows: &Rows, age: Duration) -> bool {
        let states = &self.0[dir];
        let ends = states.iter().skip(1).map(|(from, _)| Some(*from)).chain([None]);
        states
            .iter()
            .zip(ends)
            .any(|((_, held), end)| held.contains(rows) && end.is_none_or(|end| end.elapsed() <= age))
    }
}

fn ids<'a>(rows: impl Iterator<Item = &'a (Name, Kind, Option<u64>)>) -> Vec<(Name, Kind)> {
    rows.map(|(name, kind, _)| (name.clone(), *kind)).collect()
}

/// Has these rows in an older state as they are `now`, or not.
fn put(held: &mut Rows, which: &[(Name, Kind)], now: &Rows) {
    let is_one = |row: &&(Name, Kind, Option<u64>)| which.iter().any(|it| (&it.0, it.1) == (&row.0, row.1));
    held.retain(|row| !is_one(&row));
    held.extend(now.iter().filter(is_one).cloned());
    held.sort();
}

/// The rows of a directory that a write is about.
fn written(act: &Act, dir: &[String]) -> Vec<(Name, Kind)> {
    let spots = match act {
        Act::Put { at, .. } | Act::Mkdir { at } | Act::Remove { at, .. } => vec![at.clone()],
        Act::Copy { to, .. } => vec![to.clone()],
        Act::Rename { from, to, .. } => vec![from.clone(), to.clone()],
        Act::RemoveMany { dir, removals } => {
            let below = |(name, kind): &(String, Kind)| Spot {
                names: dir.names.iter().chain([name]).cloned().collect(),
                kind: *kind,
            };
            removals.iter().map(below).collect()
        }
        Act::Abort { .. } | Act::Read { .. } | Act::Stat { .. } | Act::List { .. } => Vec::new(),
    };
    let row = |spot: &Spot| {
        let name = spot.names.strip_prefix(dir)?.first()?;
        let kind = if spot.names.len() == dir.len() + 1 { spot.kind } else { Kind::Dir };
        Some((Name::from(name.as_str()), kind))
    };
    spots.iter().filter_map(row).collect()
}

fn dir_of(root: &DynPath, names: &[String]) -> DynPath {
    if names.is_empty() {
        return root.clone();
    }
    path(root, &Spot { names: names.to_vec(), kind: Kind::Dir }).expect("names that fit")
}

/// The rows; a prefix that isn't there has none.
async fn model_rows(root: &DynPath, dir: &[String]) -> Rows {
    rows(&dir_of(root, dir), Freshness::Past).await.unwrap_or_default()
}

struct World {
    memory: Arc<Memory>,
    model: DynPath,
    server: Server,
    s3: DynPath,
    /// The same place, without a cache.
    truth: DynPath,
    past: Past,
    /// The longest that a listing may be held.
    held: Duration,
}

impl World {
    fn new(page: u16, ttl: Option<Duration>) -> Self {
        let memory = Arc::new(Memory::like_s3("s3"));
        memory.put_dir("bucket");
        let server = Server::start(Options::default()).expect("a free port");
        server.store().create_bucket("bucket");
        let (s3, truth) = (client(&server, page, ttl), client(&server, page, None));
        let model = memory.at_key("bucket");
        Self { memory, model, server, s3, truth, past: Past::default(), held: ttl.unwrap_or_default() }
    }

    async fn go(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match step {
            Step::Own(act) => {
                if let Act::List { at } = act {
                    self.remember(&at.names).await;
                }
                let expected = perform(&self.model, act).await;
                let begun = Instant::now();
                let told = perform(&self.s3, act).await;
                self.took(begun);
                prop_assert!(same(&expected, &told), "{act:?}: the model says {expected:?}, S3 {told:?}");
                self.past.note(&self.model, Some((act, told.is_ok()))).await;
            }
            Step::Other { key, len: Some(len) } => {
                self.memory.put(&format!("bucket/{key}"), vec![b'o'; *len]);
                self.server.store().put("bucket", key, vec![b'o'; *len]);
                self.past.note(&self.model, None).await;
            }
            Step::Other { key, len: None } => {
                self.memory.forget(&format!("bucket/{key}"));
                self.server.store().delete("bucket", key);
                self.past.note(&self.model, None).await;
            }
            Step::Look { at } => self.look(at).await?,
        }
        Ok(())
    }

    /// From the first listing of a directory on, what it holds is noted.
    async fn remember(&mut self, at: &[String]) -> Rows {
        let now = model_rows(&self.model, at).await;
        self.past.0.entry(at.to_vec()).or_insert_with(|| vec![(Instant::now(), vec![now.clone()])]);
        now
    }

    /// A listing lives ten times as long as it took, at least: none took longer than all that this
    /// client ever waited for at once.
    fn took(&mut self, begun: Instant) {
        self.held = self.held.max(begun.elapsed() * 10);
    }

    async fn look(&mut self, at: &[String]) -> Result<(), TestCaseError> {
        let now = self.remember(at).await;
        let begun = Instant::now();
        let seen = rows(&dir_of(&self.s3, at), Freshness::Cached).await;
        let seen = match seen {
            Err(error) if error.kind == ErrorKind::NotFound => Vec::new(),
            seen => seen.expect("a listing"),
        };
        self.took(begun);
        let age = self.held + begun.elapsed();
        prop_assert!(self.past.held(at, &seen, age), "{at:?} shows {seen:?}; now it holds {now:?}");
        Ok(())
    }
}

/// A client of the bucket, with a cache where there is a time to live.
fn client(server: &Server, page: u16, ttl: Option<Duration>) -> DynPath {
    let mut settings = Settings::default();
    settings.cache.operations.enabled = ttl.is_some();
    settings.cache.operations.ttl.list = ttl.unwrap_or_default();
    settings.cache.operations.ttl.negative = ttl.unwrap_or_default();
    let connection = Connection { page_size: Some(page), ..Connection::default() };
    settings.connections.insert("s3".into(), connection);
    let registry = Registry::new(&settings, &server.env().into_iter().collect());
    registry.resolve(&Uri::S3(S3Uri::new("s3", "bucket", ""))).expect("a known connection")
}

async fn run(steps: &[Step], page: u16, ttl: Option<Duration>) -> Result<(), TestCaseError> {
    let mut world = World::new(page, ttl);
    for step in steps {
        world.go(step).await?;
        if !matches!(step, Step::Look { .. }) {
            prop_assert_eq!(tree(&world.model).await, tree(&world.truth).await, "after {:?}", step);
        }
    }
    prop_assert_eq!(world.memory.open_writes(), 0);
    prop_assert_eq!(world.server.store().open_uploads("bucket").len(), 0);
    Ok(())
}

fn block_on<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(test)
}

#[test]
fn what_is_written_below_a_prefix_that_another_made_shows_in_a_held_listing() {
    let own =
        |names: &[&str], kind| Spot { names: names.iter().map(|&name| name.to_owned()).collect(), kind };
    let other = |key: &str, len| Step::Other { key: key.to_owned(), len };
    let steps = [
        Step::Own(Act::Put { at: own(&["a"], Kind::File), len: 0, demand: Demand::Nothing }),
        Step::Look { at: Vec::new() },
        other("a", None),
        other("-/", Some(0)),
        Step::Own(Act::Mkdir { at: own(&["-", "a"], Kind::Dir) }),
        Step::Look { at: Vec::new() },
    ];
    block_on(run(&steps, 1_000, Some(Duration::from_mins(1)))).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn s3_does_what_the_model_says(
        steps in prop::collection::vec(step(), 1..25),
        page in prop_oneof![Just(1_u16), Just(2), Just(1_000)],
    ) {
        block_on(run(&steps, page, None))?;
    }

    #[test]
    fn the_cache_is_never_older_than_its_time_to_live(
        steps in prop::collection::vec(step(), 1..40),
        ttl in prop_oneof![Just(Duration::from_millis(5)), Just(Duration::from_mins(1))],
    ) {
        block_on(run(&steps, 1_000, Some(ttl)))?;
    }
}
