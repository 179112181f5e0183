//! The built program, killed at each of its records, and gone on with: the bytes are right, only what was
//! missing is sent, and nothing of the interruption stays.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use demo::{Options, Server};

use super::bed::noise;

/// A part, the least that the service takes.
const PART: usize = 5 << 20;

/// Where the trees are: on a disk, at a service, at another service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Disk,
    Service,
    Other,
}

/// Two services, a disk, and for each attempt a state directory of its own.
struct Place {
    servers: [Server; 2],
    dir: tempfile::TempDir,
    turn: usize,
}

impl Place {
    fn new() -> Self {
        let servers = [(); 2].map(|()| Server::start(Options::default()).expect("a free port"));
        for server in &servers {
            server.store().create_bucket("box");
        }
        let dir = tempfile::tempdir().expect("a temporary directory");
        let config = dir.path().join("config/bifold");
        std::fs::create_dir_all(&config).expect("a directory");
        let other = format!("[connections.other]\nendpoint_url = \"{}\"\n", servers[1].endpoint());
        std::fs::write(config.join("settings.toml"), other).expect("settings");
        Self { servers, dir, turn: 0 }
    }

    fn server(&self, at: At) -> &Server {
        &self.servers[usize::from(at == At::Other)]
    }

    /// The directory or prefix of this turn, `from` or `to`.
    fn root(&self, at: At, side: &str) -> String {
        let turn = self.turn;
        match at {
            At::Disk => self.dir.path().join(format!("{turn}/{side}")).display().to_string(),
            At::Service => format!("s3://box/{turn}/{side}"),
            At::Other => format!("other://box/{turn}/{side}"),
        }
    }

    fn disk(&self, side: &str) -> PathBuf {
        self.dir.path().join(format!("{}/{side}", self.turn))
    }

    /// Puts the tree where it is to come from, and makes the place that it goes to.
    fn fill(&self, at: At, tree: &BTreeMap<String, Vec<u8>>) {
        for side in ["from", "to"] {
            std::fs::create_dir_all(self.disk(side)).expect("a directory");
        }
        for (name, bytes) in tree {
            if at == At::Disk {
                let path = self.disk("from").join(name);
                std::fs::create_dir_all(path.parent().expect("a directory above")).expect("a directory");
                std::fs::write(path, bytes).expect("a file");
            } else {
                self.server(at).store().put("box", &format!("{}/from/{name}", self.turn), bytes.clone());
            }
        }
    }

    /// What is there: names below, with their bytes.
    fn tree(&self, at: At, side: &str) -> BTreeMap<String, Vec<u8>> {
        if at == At::Disk {
            let mut tree = BTreeMap::new();
            walk(&self.disk(side), "", &mut tree);
            return tree;
        }
        let (store, below) = (self.server(at).store(), format!("{}/{side}/", self.turn));
        let keys = store.keys("box").into_iter().filter(|key| key.starts_with(&below) && !key.ends_with('/'));
        keys.map(|key| {
            (key[below.len()..].to_owned(), store.get("box", &key).expect("it is listed").to_vec())
        })
        .collect()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bifold"));
        command.env_clear().stdin(Stdio::null()).envs(self.servers[0].env());
        command.env("HOME", self.dir.path()).env("XDG_CONFIG_HOME", self.dir.path().join("config"));
        command.env("XDG_STATE_HOME", self.state());
        command
    }

    fn state(&self) -> PathBuf {
        self.dir.path().join(format!("state-{}", self.turn))
    }

    fn run(&self, args: &[&str], fail: Option<&str>) -> Output {
        let mut command = self.command();
        if let Some(fail) = fail {
            command.env("BIFOLD_FAIL_POINT", fail);
        }
        command.args(args).output().expect("it runs")
    }

    /// One number from the state file.
    fn count(&self, query: &str) -> u64 {
        let file = self.state().join("bifold/state.db");
        let db = rusqlite::Connection::open(file).expect("a state file");
        db.query_row(query, [], |row| row.get::<_, i64>(0)).expect("a number").cast_unsigned()
    }

    fn operations(&self, names: &[&str]) -> u64 {
        self.servers
            .iter()
            .map(|server| names.iter().map(|name| server.counts().get(name)).sum::<u64>())
            .sum()
    }

    /// The parts that a service has acknowledged.
    fn acknowledged(&self) -> u64 {
        let log = self.servers.iter().flat_map(Server::log);
        let part = |operation: &str| operation == "UploadPart" || operation == "UploadPartCopy";
        log.filter(|record| part(&record.operation) && record.status == Some(200)).count() as u64
    }

    /// Waits until requests that were on their way when the program died have come to their end.
    fn quiet(&self) {
        let seen = || {
            let log: Vec<_> = self.servers.iter().flat_map(Server::log).collect();
            (log.len(), log.iter().filter(|record| record.status.is_some()).count())
        };
        let (mut before, mut same) = (seen(), 0);
        while same < 3 {
            std::thread::sleep(Duration::from_millis(40));
            let now = seen();
            same = if now == before { same + 1 } else { 0 };
            before = now;
        }
    }

    fn reset(&self) {
        self.servers.iter().for_each(Server::reset_counts);
    }

    /// The uploads of this turn that are open at the services.
    fn open_uploads(&self) -> usize {
        let turn = format!("{}/", self.turn);
        let open = self.servers.iter().flat_map(|server| server.store().open_uploads("box"));
        open.filter(|(key, _)| key.starts_with(&turn)).count()
    }
}

fn walk(dir: &Path, prefix: &str, tree: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(dir).expect("a directory") {
        let entry = entry.expect("an entry");
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type().expect("a type").is_dir() {
            walk(&entry.path(), &format!("{name}/"), tree);
        } else {
            tree.insert(name, std::fs::read(entry.path()).expect("a file"));
        }
    }
}

/// A file of three parts among small ones.
fn sample() -> BTreeMap<String, Vec<u8>> {
    let sizes = [("d/big", 2 * PART + 77), ("d/a", 3), ("d/e/b", 5000), ("d/e/none", 0)];
    sizes.into_iter().map(|(name, size)| (name.to_owned(), noise(size))).collect()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Kills a transfer at each of its records, one attempt after another, until one comes to its end.
fn at_every_record(verb: &str, from: At, to: At) {
    let mut place = Place::new();
    let tree = sample();
    for point in ["journal", "journal-before"] {
        let mut killed = 0;
        for record in 1..100 {
            place.turn += 1;
            place.fill(from, &tree);
            place.reset();
            let what = format!("{verb} {from:?} to {to:?}, {point}:{record}");
            if !killed_and_gone_on(&place, verb, (from, to), &tree, &format!("{point}:{record}"), &what) {
                break;
            }
            killed = record;
        }
        assert!((3..99).contains(&killed), "{verb} {from:?} to {to:?}: {killed} records at {point}");
    }
}

/// Whether it was killed; then it was also gone on with, and all was right.
fn killed_and_gone_on(
    place: &Place,
    verb: &str,
    (from, to): (At, At),
    tree: &BTreeMap<String, Vec<u8>>,
    point: &str,
    what: &str,
) -> bool {
    let source = format!("{}/d", place.root(from, "from"));
    let target = format!("{}/", place.root(to, "to"));
    let args = [verb, "-r", "--part-size", "5MiB", &source, &target];
    let first = place.run(&args, Some(point));
    if first.status.success() {
        assert_right(place, verb, (from, to), tree, what);
        return false;
    }
    assert_eq!(first.status.code(), None, "{what}: it was to be killed: {}", text(&first));
    place.quiet();
    if place.count("select count(*) from jobs") == 0 {
        let untouched = place.tree(from, "from") == *tree && place.tree(to, "to").is_empty();
        assert!(untouched, "{what}: something was done before the job was known");
        return true;
    }
    let known = kept_parts(place, from, to);
    let placed = place.tree(to, "to").contains_key("d/big");
    let begun = place.count("select count(*) from sinks where size is not null") > 0;
    place.reset();
    let second = place.run(&["jobs", "resume"], None);
    assert!(second.status.success(), "{what}: {}", text(&second));
    assert_right(place, verb, (from, to), tree, what);
    if let Some(known) = known.filter(|_| begun) {
        // Of what got its name already nothing is sent again, if anything is known of it.
        let missing = if placed && known > 0 { 0 } else { 3 - known };
        let sent = parts_sent(place, from, to);
        // A part that was on its way to a service when the program died may have come there since.
        let right = if from == At::Disk { sent <= missing } else { sent == missing };
        assert!(right, "{what}: {sent} parts were sent, {missing} were missing: {}", text(&second));
    }
    true
}

/// The parts of the large file that must not be sent again: those that the service has where they can be
/// compared with a disk, else those that are recorded. `None` where the bytes don't go in parts.
fn kept_parts(place: &Place, from: At, to: At) -> Option<u64> {
    match (from, to) {
        (At::Disk, At::Disk) => None,
        (At::Disk, _) => Some(place.acknowledged().min(3)),
        _ => Some(place.count("select count(*) from parts")),
    }
}

/// The requests for parts of the large file since the counters were reset.
fn parts_sent(place: &Place, from: At, to: At) -> u64 {
    match (from, to) {
        (_, At::Disk) => {
            let log = place.servers.iter().flat_map(Server::log);
            log.filter(|record| record.operation == "GetObject" && record.key.ends_with("/big")).count()
                as u64
        }
        _ => place.operations(&["UploadPart", "UploadPartCopy"]),
    }
}

#[track_caller]
fn assert_right(
    place: &Place,
    verb: &str,
    (from, to): (At, At),
    tree: &BTreeMap<String, Vec<u8>>,
    what: &str,
) {
    let names = |tree: &BTreeMap<String, Vec<u8>>| tree.keys().cloned().collect::<Vec<_>>();
    let arrived = place.tree(to, "to");
    assert_eq!(names(&arrived), names(tree), "{what}: names");
    assert!(arrived == *tree, "{what}: bytes");
    let left = place.tree(from, "from");
    if verb == "mv" {
        assert_eq!(names(&left), Vec::<String>::new(), "{what}: sources");
    } else {
        assert!(left == *tree, "{what}: sources");
    }
    // An upload whose id was never heard of can't be ended by itself: it is offered.
    let offered = place.count("select count(*) from sinks where upload is null");
    let open = place.open_uploads() as u64;
    assert!(open <= offered, "{what}: {open} open uploads, {offered} of them are known");
    assert_eq!(
        place.count("select count(*) from sinks where upload is not null"),
        0,
        "{what}: open by the journal"
    );
}

#[test]
fn an_upload_goes_on_from_each_record() {
    at_every_record("cp", At::Disk, At::Service);
}

#[test]
fn a_download_goes_on_from_each_record() {
    at_every_record("cp", At::Service, At::Disk);
}

#[test]
fn a_copy_at_the_service_goes_on_from_each_record() {
    at_every_record("cp", At::Service, At::Service);
}

#[test]
fn a_copy_between_services_goes_on_from_each_record() {
    at_every_record("cp", At::Service, At::Other);
}

#[test]
fn a_local_copy_goes_on_from_each_record() {
    at_every_record("cp", At::Disk, At::Disk);
}

#[test]
fn a_move_up_goes_on_from_each_record() {
    at_every_record("mv", At::Disk, At::Service);
}

#[test]
fn a_move_down_goes_on_from_each_record() {
    at_every_record("mv", At::Service, At::Disk);
}

#[test]
fn a_move_at_the_service_goes_on_from_each_record() {
    at_every_record("mv", At::Service, At::Service);
}

#[test]
fn a_move_between_services_goes_on_from_each_record() {
    at_every_record("mv", At::Service, At::Other);
}
