//! Every fault, in every direction, alone and mixed: each file ends as the right bytes, or in a failure that
//! left its source and what was at its destination as they were. Nothing half done stays anywhere.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::LazyLock;

use bifold::config::{Connection, Env};
use bifold::model::{ErrorKind, Uri};
use bifold::transfer::{Choice, JobKind, JobOptions, Outcome, Target};
use demo::{Blob, Effect, Rule, Server, Store};
use futures::StreamExt;

use super::bed::{Bed, Pair, finish, noise};

/// A file in parts, one in one piece, and one whose name isn't taken.
const NAMES: [&str; 3] = ["d/large", "d/small", "d/fresh"];
const OLD: &[u8] = b"what was there before";

/// Two parts, each more than the buffers on the way hold, so that a stall shows while it is sent.
static LARGE: LazyLock<Vec<u8>> = LazyLock::new(|| noise(16 << 20));

fn content(name: &str) -> &'static [u8] {
    match name {
        "d/large" => &LARGE,
        "d/small" => &LARGE[..100_001],
        _ => &LARGE[7..30_000],
    }
}

/// The other version of a source that is replaced midway.
fn changed(name: &str) -> Vec<u8> {
    content(name).iter().map(|byte| !byte).collect()
}

const PAIRS: [Pair; 4] = [Pair::LocalS3, Pair::S3Local, Pair::S3S3, Pair::S3Other];
const KINDS: [JobKind; 2] = [JobKind::Copy, JobKind::Move];

/// What goes wrong.
#[derive(Clone, Debug)]
struct Trouble {
    name: &'static str,
    rules: Vec<Rule>,
    /// Whether all must arrive all the same.
    overcome: bool,
}

fn trouble(name: &'static str, overcome: bool, rules: Vec<Rule>) -> Trouble {
    Trouble { name, rules, overcome }
}

fn on(operations: &[&str], effect: &Effect) -> Vec<Rule> {
    operations.iter().map(|operation| Rule::on(operation, effect.clone())).collect()
}

const SENDING: [&str; 2] = ["PutObject", "UploadPart"];
const WRITING: [&str; 5] =
    ["PutObject", "UploadPart", "CompleteMultipartUpload", "CopyObject", "UploadPartCopy"];

/// Those of the way: they pass, and everything arrives.
fn passing() -> Vec<Trouble> {
    vec![
        trouble("slow down", true, vec![Rule::any(Effect::slow_down()).skip(1).times(4)]),
        trouble("500", true, vec![Rule::any(Effect::internal_error()).skip(3).times(3)]),
        trouble("500 when it is to be whole", true, on(&WRITING, &Effect::internal_error())),
        trouble("a 200 with an error in it", true, {
            on(&["CompleteMultipartUpload", "CopyObject"], &Effect::ok_with_error("InternalError"))
        }),
        trouble("the connection ends", true, vec![Rule::any(Effect::Drop).skip(2).times(2)]),
        trouble("an upload cut in its body", true, on(&SENDING, &Effect::CutRequest(20_000))),
        trouble(
            "a download cut in its body",
            true,
            on(&["GetObject", "GetObject"], &Effect::CutBody(20_000)),
        ),
        trouble("a truncated body", true, on(&["GetObject"], &Effect::TruncateBody(20_000))),
        trouble("a short body that says so", true, on(&["GetObject"], &Effect::ShortBody(20_000))),
        trouble("a stall in a download", true, on(&["GetObject"], &Effect::StallBody(20_000))),
        trouble("a stall before a download", true, on(&["GetObject"], &Effect::Stall)),
        trouble("a stall in an upload", true, on(&["UploadPart"], &Effect::Stall)),
        trouble("a lost answer", true, on(&WRITING, &Effect::LoseAnswer)),
        trouble("a lost answer to a removal", true, on(&["DeleteObject"], &Effect::LoseAnswer)),
        trouble("a flipped bit", true, on(&["GetObject"], &Effect::FlipBit(5000))),
        trouble("a wrong checksum", false, on(&["GetObject", "PutObject"], &Effect::WrongChecksum)),
    ]
}

/// Those that a person has to hear of.
fn lasting() -> Vec<Trouble> {
    let always = |operations: &[&str], effect: &Effect| {
        operations.iter().map(|operation| Rule::on(operation, effect.clone()).always()).collect()
    };
    vec![
        trouble("a service that may not be written", false, {
            always(&["PutObject", "CreateMultipartUpload", "CopyObject"], &Effect::access_denied())
        }),
        trouble("parts that are refused", false, always(&["UploadPart"], &Effect::access_denied())),
        trouble("a completion that is refused", false, {
            always(&["CompleteMultipartUpload"], &Effect::access_denied())
        }),
        trouble(
            "reads that are refused",
            false,
            always(&["GetObject", "CopyObject"], &Effect::access_denied()),
        ),
        trouble("sources that can't be removed", false, always(&["DeleteObject"], &Effect::access_denied())),
        trouble("bytes that never come right", false, always(&["GetObject"], &Effect::FlipBit(5000))),
    ]
}

/// One side from behind: what is there, whatever is wrong with the way to it.
#[derive(Clone)]
struct Behind {
    name: &'static str,
    dir: Option<PathBuf>,
}

impl Behind {
    fn left(bed: &Bed, pair: Pair) -> Self {
        Self { name: "left", dir: (pair == Pair::LocalS3).then(|| bed.dir.path().join("left")) }
    }

    fn right(bed: &Bed, pair: Pair) -> Self {
        Self { name: "right", dir: (pair == Pair::S3Local).then(|| bed.dir.path().join("right")) }
    }

    /// Replaces what a name holds, or removes it, as somebody else does.
    fn set(&self, store: &Store, name: &str, bytes: Option<&[u8]>) {
        match (&self.dir, bytes) {
            (Some(dir), Some(bytes)) => {
                std::fs::create_dir_all(dir.join("d")).expect("a directory");
                std::fs::write(dir.join(name), bytes).expect("written");
            }
            (Some(dir), None) => drop(std::fs::remove_file(dir.join(name))),
            (None, Some(bytes)) => store.put(self.name, name, bytes),
            (None, None) => store.delete(self.name, name),
        }
    }

    fn get(&self, store: &Store, name: &str) -> Option<Vec<u8>> {
        match &self.dir {
            Some(dir) => std::fs::read(dir.join(name)).ok(),
            None => store.get(self.name, name).map(|bytes| bytes.to_vec()),
        }
    }
}

fn source_changes(bed: &Bed, pair: Pair, goes: bool) -> Trouble {
    let sources = Behind::left(bed, pair);
    let act = move |store: &Store| {
        let bytes = (!goes).then(|| changed("d/large"));
        sources.set(store, "d/large", bytes.as_deref());
    };
    let effect = Effect::run(act);
    let name = if goes { "a source that goes midway" } else { "a source that changes midway" };
    // Between two parts, or right before the copy.
    let rules =
        ["UploadPart", "GetObject"].map(|operation| Rule::on(operation, effect.clone()).key("large").skip(1));
    let copy = Rule::on("CopyObject", effect).key("large");
    trouble(name, false, rules.into_iter().chain([copy]).collect())
}

/// A bed with all three sources, and something else at the place of two.
fn bed_of(pair: Pair, env: impl FnOnce(&Server) -> Env) -> Bed {
    let response_checksums = Some(bifold::config::ChecksumMode::WhenSupported);
    let connection = Connection { stall_seconds: Some(4), response_checksums, ..Connection::default() };
    let bed = Bed::reaching(pair, connection, env);
    let (left, right) = (Behind::left(&bed, pair), Behind::right(&bed, pair));
    for name in NAMES {
        left.set(bed.server().store(), name, Some(content(name)));
    }
    for name in &NAMES[..2] {
        right.set(bed.server().store(), name, Some(OLD));
    }
    bed
}

fn plain(server: &Server) -> Env {
    server.env().into_iter().collect()
}

async fn run(bed: &Bed, kind: JobKind, rules: Vec<Rule>) -> Outcome {
    for rule in rules {
        bed.server().faults().add(rule);
    }
    let outcome = finish(bed.begin(kind, &["d/"], JobOptions::default()).await, Choice::Overwrite).await;
    bed.server().faults().clear();
    outcome
}

/// What must be true however it ended.
fn check(bed: &Bed, pair: Pair, kind: JobKind, outcome: &Outcome, what: &str) {
    bed.check_clean();
    check_bytes(bed, pair, kind, outcome, what);
}

/// What must be true of the bytes on both sides.
fn check_bytes(bed: &Bed, pair: Pair, kind: JobKind, outcome: &Outcome, what: &str) {
    let (behind_left, behind_right) = (Behind::left(bed, pair), Behind::right(bed, pair));
    let store = bed.server().store();
    let failed: BTreeMap<&Uri, ErrorKind> =
        outcome.failures.iter().map(|failure| (&failure.item.uri, failure.error.kind)).collect();
    for name in NAMES {
        let (left, right) = (behind_left.get(store, name), behind_right.get(store, name));
        let (whole, other) = (content(name), changed(name));
        let is_whole =
            |bytes: &Option<Vec<u8>>| bytes.as_deref().is_some_and(|it| it == whole || it == other);
        let old = (name != "d/fresh").then_some(OLD);
        if failed.contains_key(&bed.left.uri(name)) {
            // A source that somebody else removed is gone for good; what was put and refused to be told is there.
            assert!(right.as_deref() == old || is_whole(&right), "{what}: {name} is neither old nor whole");
            assert!(is_whole(&left) || right.as_deref() == old, "{what}: {name} is lost");
        } else {
            assert!(is_whole(&right), "{what}: {name} is said to be there");
            assert!(
                kind == JobKind::Copy || left.is_none() || left.as_deref() == Some(&other),
                "{what}: {name}"
            );
        }
        assert!(
            is_whole(&left) || is_whole(&right) || what.contains("goes midway"),
            "{what}: {name} is nowhere"
        );
    }
    for failure in &outcome.failures {
        assert!(!failure.error.reason.is_empty(), "{what}");
    }
}

/// How many cases are under way at once: each mostly waits for its next try.
const AT_ONCE: usize = 6;

async fn one(pair: Pair, kind: JobKind, number: usize) {
    let bed = bed_of(pair, plain);
    let mut all: Vec<Trouble> = passing().into_iter().chain(lasting()).collect();
    all.extend([false, true].map(|goes| source_changes(&bed, pair, goes)));
    let trouble = all.swap_remove(number);
    let what = format!("{pair:?} {kind:?}, {}", trouble.name);
    let outcome = run(&bed, kind, trouble.rules).await;
    check(&bed, pair, kind, &outcome, &what);
    assert!(!trouble.overcome || outcome.failures.is_empty(), "{what}: {:?}", outcome.failures);
}

async fn one_by_one(pair: Pair) {
    let troubles = passing().len() + lasting().len() + 2;
    let cases = KINDS.into_iter().flat_map(|kind| (0..troubles).map(move |number| (kind, number)));
    let cases = futures::stream::iter(cases);
    cases.for_each_concurrent(AT_ONCE, |(kind, number)| one(pair, kind, number)).await;
}

#[tokio::test]
async fn uploads_stand_each_fault() {
    one_by_one(Pair::LocalS3).await;
}

#[tokio::test]
async fn downloads_stand_each_fault() {
    one_by_one(Pair::S3Local).await;
}

#[tokio::test]
async fn copies_within_a_service_stand_each_fault() {
    one_by_one(Pair::S3S3).await;
}

#[tokio::test]
async fn copies_between_connections_stand_each_fault() {
    one_by_one(Pair::S3Other).await;
}

/// Faults at random, several at once. A failure names its seed: `BIFOLD_TEST_SEED` runs it again.
#[tokio::test]
async fn faults_mixed_at_random_lose_nothing() {
    let given = std::env::var("BIFOLD_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = given.unwrap_or_else(|| fastrand::u64(..));
    println!("seed {seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    for round in 0..if given.is_some() { 8 } else { 4 } {
        for pair in PAIRS {
            let kind = *rng.choice(&KINDS).expect("two kinds");
            let bed = bed_of(pair, plain);
            let mut all: Vec<Trouble> = passing().into_iter().chain(lasting()).collect();
            all.extend([false, true].map(|goes| source_changes(&bed, pair, goes)));
            let chosen: Vec<Trouble> = (0..3).filter_map(|_| rng.choice(&all).cloned()).collect();
            let names: Vec<_> = chosen.iter().map(|trouble| trouble.name).collect();
            let what = format!("seed {seed}, round {round}: {pair:?} {kind:?}, {}", names.join(", "));
            let rules = chosen.into_iter().flat_map(|trouble| trouble.rules);
            let rules = rules.map(|rule| rule.skip(rng.u32(0..4))).collect();
            let outcome = run(&bed, kind, rules).await;
            check(&bed, pair, kind, &outcome, &what);
        }
    }
}

/// An environment whose credentials come from a program that gives another token each time.
fn asking(dir: &std::path::Path) -> impl FnOnce(&Server) -> Env {
    let (program, config, asked) = (dir.join("ask"), dir.join("config"), dir.join("asked"));
    move |server| {
        let all: BTreeMap<_, _> = server.env().into_iter().collect();
        let text = format!(
            "#!/bin/sh\necho once >> {asked}\nn=$(wc -l < {asked} | tr -d ' ')\n\
             echo \"{{\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"{id}\\\",\\\"SecretAccessKey\\\":\\\"{secret}\\\",\
             \\\"SessionToken\\\":\\\"token-$n\\\",\\\"Expiration\\\":\\\"2199-01-01T00:00:00Z\\\"}}\"\n",
            asked = asked.display(),
            id = all["AWS_ACCESS_KEY_ID"],
            secret = all["AWS_SECRET_ACCESS_KEY"],
        );
        std::fs::write(&program, text).expect("written");
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o700)).expect("a program");
        let profile = format!("[profile asks]\ncredential_process = {}\n", program.display());
        std::fs::write(&config, profile).expect("written");
        let own = all.into_iter().filter(|(name, _)| !name.contains("KEY"));
        let env: Env = own.collect();
        env.with("AWS_CONFIG_FILE", config.as_os_str()).with("AWS_PROFILE", "asks")
    }
}

#[tokio::test]
async fn a_token_that_expires_midway_is_replaced_by_the_program_that_gave_it() {
    for pair in PAIRS {
        for kind in KINDS {
            for skip in [0, 2, 4] {
                let dir = tempfile::tempdir().expect("a directory");
                let bed = bed_of(pair, asking(dir.path()));
                let outcome = run(&bed, kind, vec![Rule::any(Effect::ExpireToken).skip(skip)]).await;
                let what = format!("{pair:?} {kind:?}, at request {skip}");
                assert_eq!(outcome.failures, [], "{what}");
                check(&bed, pair, kind, &outcome, &what);
                let asked = std::fs::read_to_string(dir.path().join("asked")).expect("it was asked");
                assert!(
                    (2..=6).contains(&asked.lines().count()),
                    "{what}: asked {} times",
                    asked.lines().count()
                );
            }
        }
    }
}

#[tokio::test]
async fn a_token_that_nothing_replaces_is_a_failure_that_says_so() {
    for pair in PAIRS {
        let bed = bed_of(pair, plain);
        let outcome =
            run(&bed, JobKind::Move, vec![Rule::any(Effect::expired_token()).skip(4).always()]).await;
        check_bytes(&bed, pair, JobKind::Move, &outcome, &format!("{pair:?}"));
        assert!(!outcome.failures.is_empty(), "{pair:?}");
        // Without a right to anything an upload can't be ended either, which is told.
        let (temporary, uploads) = bed.leftovers();
        let told = outcome.failures.iter().filter(|it| it.error.to_string().contains("cleaned up")).count();
        assert!(temporary.is_empty() && uploads <= told, "{pair:?}: {uploads} open, {:?}", outcome.failures);
        for failure in &outcome.failures {
            // The answer to a HEAD has no body that could say which.
            assert!(failure.error.to_string().contains("expired"), "{pair:?}: {}", failure.error);
        }
    }
}

#[tokio::test]
async fn a_destination_that_changes_midway_is_asked_about_again() {
    for (operation, name) in [("PutObject", "d/small"), ("CompleteMultipartUpload", "d/large")] {
        let bed = bed_of(Pair::LocalS3, plain);
        let sneak = Effect::run(move |store| store.put("right", name, "sneaked in"));
        bed.server().faults().add(Rule::on(operation, sneak).key(name));
        let job = bed.begin(JobKind::Move, &["d/"], JobOptions::default()).await;
        let mut asked = BTreeMap::<Uri, u32>::new();
        let (outcome, _) = super::bed::finish_with(job, |question| {
            let bifold::transfer::Question::Conflict(conflict) = question else { return Choice::Skip };
            let turn = asked.entry(conflict.source.clone()).or_default();
            *turn += 1;
            if *turn == 1 { Choice::Overwrite } else { Choice::Skip }
        })
        .await;
        assert_eq!((outcome.failures.len(), outcome.progress.skipped), (0, 1), "{name}");
        assert_eq!(bed.right.get(name).await.as_deref(), Some(&b"sneaked in"[..]), "{name}");
        assert!(bed.left.get(name).await.as_deref() == Some(content(name)), "{name}");
        bed.check_clean();
    }
}

#[tokio::test]
async fn a_disk_that_is_full_is_told_at_once() {
    let bed = bed_of(Pair::S3Local, plain);
    let stat = rustix::fs::statvfs(bed.dir.path()).expect("a file system");
    let more = stat.f_bavail * stat.f_frsize + (1 << 30);
    bed.server().store().put("left", "d/large", Blob::repeat("x", more));
    for kind in KINDS {
        let outcome = run(&bed, kind, Vec::new()).await;
        assert_eq!(outcome.failures.len(), 1, "{:?}", outcome.failures);
        assert_eq!(outcome.failures[0].error.kind, ErrorKind::NoSpace, "{}", outcome.failures[0].error);
        assert_eq!(bed.right.get("d/large").await.as_deref(), Some(OLD));
        assert_eq!(bed.server().store().info("left", "d/large").map(|info| info.size), Some(more));
        assert!(bed.server().counts().get("GetObject") < 10, "no byte of it was fetched");
        bed.check_clean();
    }
}

#[tokio::test]
async fn a_directory_that_may_not_be_written_is_told_and_the_source_stays() {
    let bed = bed_of(Pair::S3Local, plain);
    let closed = bed.dir.path().join("closed");
    std::fs::create_dir(&closed).expect("a directory");
    std::fs::set_permissions(&closed, PermissionsExt::from_mode(0o500)).expect("closed");
    // What even root may not write is the system's own.
    let closed =
        if rustix::process::geteuid().is_root() { PathBuf::from("/proc/sys/kernel") } else { closed };
    for kind in KINDS {
        let sources = bed.left.items(&["d/small", "d/large"]).await;
        let outcome = bed.copy_to(kind, sources, Target::Into(Uri::Local(closed.clone()))).await;
        assert_eq!(outcome.failures.len(), 2, "{:?}", outcome.failures);
        for failure in &outcome.failures {
            let kind = failure.error.kind;
            let refused = [ErrorKind::Denied, ErrorKind::ReadOnly, ErrorKind::NotFound];
            assert!(refused.contains(&kind), "{}", failure.error);
        }
        for name in ["d/small", "d/large"] {
            assert!(bed.left.get(name).await.as_deref() == Some(content(name)));
        }
    }
}

#[tokio::test]
async fn a_read_only_connection_takes_nothing() {
    let read_only = Connection { read_only: true, ..Connection::default() };
    let bed = Bed::reaching(Pair::LocalS3, read_only, plain);
    bed.left.put("d/small", content("d/small")).await;
    for kind in KINDS {
        let outcome = run(&bed, kind, Vec::new()).await;
        assert!(!outcome.failures.is_empty(), "{kind:?}");
        assert_eq!(outcome.failures[0].error.kind, ErrorKind::ReadOnly);
        assert!(bed.left.get("d/small").await.as_deref() == Some(content("d/small")));
        assert_eq!(bed.server().counts().total(), 0, "refused before any request");
    }
}
