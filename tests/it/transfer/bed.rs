//! Two sides with an engine between them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bifold::config::{ChecksumMode, Connection, Env, Settings};
use bifold::model::{Entry, Freshness, Kind, Name, S3Uri, Uri};
use bifold::transfer::{
    Answer, Choice, Engine, JobEvent, JobHandle, JobId, JobKind, JobOptions, JobSpec, Limits, Outcome,
    Question, Resolver, SourceItem, Target,
};
use bifold::vfs::faulty::Script;
use bifold::vfs::local::LocalPath;
use bifold::vfs::memory::Memory;
use bifold::vfs::registry::Registry;
use bifold::vfs::{Body, CreateHint, DynPath, Precondition};
use bytes::Bytes;
use demo::Server;
use futures::{StreamExt, TryStreamExt};

/// Longer than anything here takes: a test that hangs fails.
const PATIENCE: Duration = Duration::from_mins(1);

/// A directory or a prefix, `left` or `right`.
#[derive(Clone)]
pub struct Side {
    pub root: DynPath,
}

/// Which backends stand on the two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pair {
    LocalLocal,
    LocalMemory,
    MemoryLocal,
    MemoryMemory,
    LocalS3,
    S3Local,
    S3S3,
    /// Two connections to one bucket's service.
    S3Other,
}

pub const PAIRS: [Pair; 8] = [
    Pair::LocalLocal,
    Pair::LocalMemory,
    Pair::MemoryLocal,
    Pair::MemoryMemory,
    Pair::LocalS3,
    Pair::S3Local,
    Pair::S3S3,
    Pair::S3Other,
];

impl Pair {
    fn needs_server(self) -> bool {
        matches!(self, Self::LocalS3 | Self::S3Local | Self::S3S3 | Self::S3Other)
    }
}

/// Everything that a test needs.
pub struct Bed {
    pub left: Side,
    pub right: Side,
    pub engine: Engine,
    pub script: Arc<Script>,
    pub memory: Arc<Memory>,
    pub dir: tempfile::TempDir,
    server: Option<(Server, Registry)>,
}

impl Bed {
    /// Empty sides.
    pub fn new(pair: Pair) -> Self {
        Self::with_memory(pair, Memory::like_s3("mem"))
    }

    /// Empty sides, with this memory as the service.
    pub fn with_memory(pair: Pair, memory: Memory) -> Self {
        Self::set_up(pair, memory, Connection::default(), |server| server.env().into_iter().collect())
    }

    /// Empty sides, on a service that is reached as `connection` has it, from this environment.
    pub fn reaching(pair: Pair, connection: Connection, env: impl FnOnce(&Server) -> Env) -> Self {
        Self::set_up(pair, Memory::like_s3("mem"), connection, env)
    }

    fn set_up(pair: Pair, memory: Memory, connection: Connection, env: impl FnOnce(&Server) -> Env) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let memory = Arc::new(memory);
        memory.put_dir("left");
        memory.put_dir("right");
        for name in ["left", "right"] {
            std::fs::create_dir(dir.path().join(name)).expect("a directory");
        }
        let script = Script::new();
        let server = pair.needs_server().then(|| serve(connection, env));
        let registry = server.as_ref().map(|(_, registry)| registry.clone());
        let (kept, scripted) = (memory.clone(), script.clone());
        let find = move |uri: &Uri| match uri {
            Uri::Local(path) => Ok(LocalPath::at(path.clone())),
            Uri::S3(s3) if &*s3.connection == "mem" => Ok(kept.at(uri)),
            _ => registry.as_ref().expect("a server").resolve(uri),
        };
        let resolve: Resolver = Arc::new(move |uri| Ok(scripted.wrap(find(uri)?)));
        let local = |name: &str| LocalPath::at(dir.path().join(name));
        let service = |name: &str| memory.at_key(&format!("{name}/"));
        let bucket = |connection: &str, name: &str| {
            let uri = Uri::S3(S3Uri::new(connection, name, ""));
            server.as_ref().expect("a server").1.resolve(&uri).expect("a connection")
        };
        let (left, right) = match pair {
            Pair::LocalS3 => (local("left"), bucket("s3", "right")),
            Pair::S3Local => (bucket("s3", "left"), local("right")),
            Pair::S3S3 => (bucket("s3", "left"), bucket("s3", "right")),
            Pair::S3Other => (bucket("s3", "left"), bucket("other", "right")),
            Pair::LocalLocal => (local("left"), local("right")),
            Pair::LocalMemory => (local("left"), service("right")),
            Pair::MemoryLocal => (service("left"), local("right")),
            Pair::MemoryMemory => (service("left"), service("right")),
        };
        let engine = Engine::new(resolve, Limits::default());
        Self { left: Side { root: left }, right: Side { root: right }, engine, script, memory, dir, server }
    }

    /// Begins a copy or move of names on the left into the right side.
    pub async fn begin(&self, kind: JobKind, names: &[&str], options: JobOptions) -> JobHandle {
        let sources = self.left.items(names).await;
        let target = Some(Target::Into(self.right.root.uri().clone()));
        self.engine.start(JobId(1), JobSpec { kind, sources, target, options })
    }

    /// Copies names on the left into the right side, answering every question with `choice`.
    pub async fn copy(&self, names: &[&str], choice: Choice) -> Outcome {
        finish(self.begin(JobKind::Copy, names, JobOptions::default()).await, choice).await
    }

    /// Moves names on the left into the right side.
    pub async fn mv(&self, names: &[&str], choice: Choice) -> Outcome {
        finish(self.begin(JobKind::Move, names, JobOptions::default()).await, choice).await
    }

    /// Copies to an exact target.
    pub async fn copy_to(&self, kind: JobKind, sources: Vec<SourceItem>, target: Target) -> Outcome {
        let spec = JobSpec { kind, sources, target: Some(target), options: JobOptions::default() };
        finish(self.engine.start(JobId(1), spec), Choice::Cancel).await
    }

    /// What is left of writes under way: temporary files, and the number of open uploads.
    pub fn leftovers(&self) -> (Vec<std::path::PathBuf>, usize) {
        let mut found = Vec::new();
        let mut dirs = vec![self.dir.path().to_path_buf()];
        while let Some(dir) = dirs.pop() {
            for entry in std::fs::read_dir(dir).expect("a directory") {
                let entry = entry.expect("an entry");
                if entry.file_name().to_string_lossy().starts_with(".bifold") {
                    found.push(entry.path());
                } else if entry.file_type().expect("a type").is_dir() {
                    dirs.push(entry.path());
                }
            }
        }
        let uploads = |(server, _): &(Server, Registry)| server.store().open_uploads("right").len();
        (found, self.memory.open_writes() + self.server.as_ref().map_or(0, uploads))
    }

    /// The S3 server, for the pairs that have one.
    pub fn server(&self) -> &Server {
        &self.server.as_ref().expect("a pair with a server").0
    }

    /// The same connections as the engine has.
    pub fn registry(&self) -> &Registry {
        &self.server.as_ref().expect("a pair with a server").1
    }

    /// That no temporary file and no open write is left.
    pub fn check_clean(&self) {
        assert_eq!(self.leftovers(), (Vec::new(), 0));
    }

    /// That none is left once the kernel's own copies, which end a moment after they were given up, are
    /// over.
    pub async fn becomes_clean(&self) {
        let clean = async {
            while self.leftovers() != (Vec::new(), 0) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, clean).await.expect("nothing is left");
    }
}

fn serve(connection: Connection, env: impl FnOnce(&Server) -> Env) -> (Server, Registry) {
    let server = Server::start(demo::Options::default()).expect("a free port");
    for name in ["left", "right"] {
        server.store().create_bucket(name);
    }
    let mut settings = Settings::default();
    let checked = Some(ChecksumMode::WhenSupported);
    let checked = Connection { response_checksums: checked, ..connection.clone() };
    settings.connections.insert("s3".to_owned(), connection.clone());
    settings.connections.insert("other".to_owned(), connection);
    settings.connections.insert("checked".to_owned(), checked);
    let env = env(&server);
    let registry = Registry::new(&settings, &env);
    (server, registry)
}

/// Runs a job to its end, answering every question with `choice`.
pub async fn finish(job: JobHandle, choice: Choice) -> Outcome {
    finish_with(job, |_| choice).await.0
}

/// Runs a job to its end; gives all questions that it asked.
pub async fn finish_with(
    mut job: JobHandle,
    mut choose: impl FnMut(&Question) -> Choice,
) -> (Outcome, Vec<Question>) {
    let mut asked = Vec::new();
    let run = async {
        while let Some(event) = job.next().await {
            match event {
                JobEvent::Asks(number, question) => {
                    let choice = choose(&question);
                    asked.push(question);
                    job.answer(number, Answer { choice, for_all: false });
                }
                JobEvent::Finished(outcome) => return *outcome,
                _ => {}
            }
        }
        panic!("the job ended without a word");
    };
    let outcome = tokio::time::timeout(PATIENCE, run).await.expect("the job ends");
    (outcome, asked)
}

impl Side {
    /// The location of a name below, with `/` between names and at the end of directories.
    pub fn uri(&self, name: &str) -> Uri {
        let mut uri = self.root.uri().clone();
        let parts: Vec<&str> = name.split('/').collect();
        let is_dir = name.ends_with('/');
        let parts = if is_dir { &parts[..parts.len() - 1] } else { &parts[..] };
        for (at, part) in parts.iter().enumerate() {
            let kind = if is_dir || at + 1 < parts.len() { Kind::Dir } else { Kind::File };
            uri = uri.join(&Name::from(*part), kind);
        }
        uri
    }

    pub fn path(&self, name: &str) -> DynPath {
        let mut path = self.root.clone();
        let parts: Vec<&str> = name.trim_end_matches('/').split('/').collect();
        for (at, part) in parts.iter().enumerate() {
            let dir = name.ends_with('/') || at + 1 < parts.len();
            path =
                path.join(&Name::from(*part), if dir { Kind::Dir } else { Kind::File }).expect("a good name");
        }
        path
    }

    /// Writes a file with the directories above it; a name that ends in `/` is an empty directory.
    pub async fn put(&self, name: &str, bytes: &[u8]) {
        let parts: Vec<&str> = name.split('/').collect();
        if self.root.caps().real_dirs {
            for upto in 1..parts.len() {
                drop(self.path(&format!("{}/", parts[..upto].join("/"))).mkdir().await);
            }
        }
        if name.ends_with('/') {
            return drop(self.path(name).mkdir().await);
        }
        write(&self.path(name), bytes).await;
    }

    pub async fn get(&self, name: &str) -> Option<Vec<u8>> {
        let body = self.path(name).read(None, Precondition::None).await.ok()?;
        let chunks: Vec<Bytes> = body.try_collect().await.expect("a whole body");
        Some(chunks.concat())
    }

    /// What the panes would show of these names, as sources.
    pub async fn items(&self, names: &[&str]) -> Vec<SourceItem> {
        let mut items = Vec::new();
        for name in names {
            let uri = self.uri(name);
            let entry = if name.ends_with('/') {
                Entry::new(uri.name(), Kind::Dir)
            } else {
                self.path(name).stat(Freshness::Past).await.expect("it is there")
            };
            items.push(SourceItem { uri, entry });
        }
        items
    }

    /// Every name below with its bytes; empty directories end in `/`.
    pub async fn tree(&self) -> BTreeMap<String, Vec<u8>> {
        let mut tree = BTreeMap::new();
        let mut dirs = vec![(String::new(), self.root.clone())];
        while let Some((prefix, dir)) = dirs.pop() {
            let mut empty = true;
            let mut pages = dir.list(Freshness::Past);
            while let Some(page) = pages.next().await {
                for entry in page.expect("a page").entries.iter() {
                    let marker = entry.name.is_empty() && entry.kind == Kind::File;
                    if marker && entry.size == Some(0) {
                        continue;
                    }
                    empty = false;
                    let path = dir.join(&entry.name, entry.kind).expect("a good name");
                    let name = format!("{prefix}{}", entry.name.to_lossy());
                    if entry.kind == Kind::Dir {
                        dirs.push((format!("{name}/"), path));
                    } else if entry.kind == Kind::Symlink {
                        let target = entry.link.as_ref().expect("a link").target.to_lossy().into_owned();
                        tree.insert(name, format!("-> {target}").into_bytes());
                    } else {
                        let body = path.read(None, Precondition::None).await.expect("readable");
                        let chunks: Vec<Bytes> = body.try_collect().await.expect("whole");
                        tree.insert(name, chunks.concat());
                    }
                }
            }
            if empty && !prefix.is_empty() {
                tree.insert(prefix, Vec::new());
            }
        }
        tree
    }
}

/// Replaces a file as another client would.
pub async fn write(path: &DynPath, bytes: &[u8]) {
    let hint = CreateHint { size: Some(bytes.len() as u64), ..CreateHint::default() };
    let sink = path.create(hint).await.expect("a sink");
    let part = sink.layout().part_size as usize;
    for (at, chunk) in bytes.chunks(part).enumerate() {
        let body: Body = futures::stream::iter([Ok(Bytes::copy_from_slice(chunk))]).boxed();
        sink.write_part((at * part) as u64, chunk.len() as u64, body).await.expect("a part");
    }
    sink.commit(Precondition::None).await.expect("a commit");
}

/// Bytes that differ everywhere, so that a part in a wrong place shows.
pub fn noise(len: usize) -> Vec<u8> {
    let mut rng = fastrand::Rng::with_seed(len as u64);
    let mut bytes = vec![0; len];
    rng.fill(&mut bytes);
    bytes
}
