//! What a plan says is what the server then counts, kind by kind.

use std::collections::BTreeMap;

use bifold::model::{Entry, Kind, S3Uri, Uri};
use bifold::transfer::plan::{RefusalKind, Request};
use bifold::transfer::{
    Choice, ConflictPolicy, Counts, JobId, JobKind, JobOptions, JobSpec, Outcome, Plan, SourceItem, Target,
};
use demo::Blob;
use futures::TryStreamExt;

use super::bed::{Bed, Pair, finish, noise};

/// The last plan of a job.
async fn plan(bed: &Bed, spec: &JobSpec) -> Plan {
    let plans: Vec<Plan> = bed.engine.plan(spec.clone()).try_collect().await.expect("a plan");
    let last = plans.last().expect("one at least").clone();
    assert!(last.known && plans[..plans.len() - 1].iter().all(|plan| !plan.known));
    last
}

fn requests(plan: &Plan, policy: ConflictPolicy) -> BTreeMap<String, u64> {
    let total = plan.total(policy).requests;
    total.iter().map(|(kind, count)| (kind.operation().to_owned(), count)).collect()
}

async fn spec(bed: &Bed, kind: JobKind, names: &[&str], options: JobOptions) -> JobSpec {
    let target = (kind != JobKind::Delete).then(|| Target::Into(bed.right.root.uri().clone()));
    JobSpec { kind, sources: bed.left.items(names).await, target, options }
}

/// Plans a job, which asks for nothing but listings and heads; runs it; and holds the server's count to the
/// plan.
async fn comes_true(bed: &Bed, spec: JobSpec) -> (Plan, Outcome) {
    bed.server().reset_counts();
    let plan = plan(bed, &spec).await;
    let asked: Vec<String> = bed.server().counts().operations.into_keys().collect();
    assert!(
        asked.iter().all(|it| matches!(&**it, "ListObjectsV2" | "HeadObject" | "HeadBucket")),
        "{asked:?}"
    );
    bed.server().reset_counts();
    let policy = spec.options.conflict;
    let outcome = finish(bed.engine.start(JobId(1), spec), Choice::Overwrite).await;
    let counted: BTreeMap<String, u64> = bed.server().counts().operations.into_iter().collect();
    assert_eq!(requests(&plan, policy), counted);
    (plan, outcome)
}

const TREE: [(&str, usize); 6] =
    [("d/a", 3), ("d/e/b", 0), ("d/e/c", 70_000), ("d/f/g/h", 1), ("d/large", 17 << 20), ("lone", 9)];

async fn fill(bed: &Bed) {
    for (name, size) in TREE {
        bed.left.put(name, &noise(size)).await;
    }
}

#[tokio::test]
async fn a_tree_up_down_and_across_takes_what_the_plan_says() {
    for pair in [Pair::LocalS3, Pair::S3Local, Pair::S3S3, Pair::S3Other] {
        for kind in [JobKind::Copy, JobKind::Move] {
            let bed = Bed::new(pair);
            fill(&bed).await;
            let (plan, outcome) =
                comes_true(&bed, spec(&bed, kind, &["d/", "lone"], JobOptions::default()).await).await;
            assert_eq!(outcome.failures, [], "{pair:?} {kind:?}");
            let bytes = TREE.iter().map(|(_, size)| *size as u64).sum();
            assert_eq!(plan.counts, Counts { files: 6, dirs: 4, bytes });
            assert_eq!((outcome.progress.done.files, outcome.progress.done.bytes), (6, bytes));
            let leaves = if pair == Pair::S3Local { bytes } else { 0 };
            assert_eq!((plan.total(ConflictPolicy::Ask).egress, plan.conflicts.count), (leaves, 0));
            bed.check_clean();
        }
    }
}

#[tokio::test]
async fn what_is_there_already_is_told_by_name_and_costs_what_the_policy_says() {
    for policy in [ConflictPolicy::Overwrite, ConflictPolicy::Skip, ConflictPolicy::Rename] {
        for pair in [Pair::LocalS3, Pair::S3Local, Pair::S3S3] {
            let bed = Bed::new(pair);
            fill(&bed).await;
            for name in ["d/a", "d/f/g/h", "lone", "d/other"] {
                bed.right.put(name, b"before").await;
            }
            let options = JobOptions { conflict: policy, ..JobOptions::default() };
            let (plan, outcome) =
                comes_true(&bed, spec(&bed, JobKind::Copy, &["d/", "lone"], options).await).await;
            assert_eq!(outcome.failures, [], "{pair:?} {policy:?}");
            let mut names: Vec<String> = plan
                .conflicts
                .first
                .iter()
                .map(|conflict| conflict.target.name().to_lossy().into_owned())
                .collect();
            names.sort();
            assert_eq!((names, plan.conflicts.count), (["a", "h", "lone"].map(str::to_owned).to_vec(), 3));
            assert_eq!(plan.conflicts.first[0].target_entry.size, Some(6));
        }
    }
}

#[tokio::test]
async fn deleting_a_tree_takes_what_the_plan_says() {
    let bed = Bed::new(Pair::S3S3);
    fill(&bed).await;
    for at in 0..2500 {
        bed.server().store().put("left", &format!("many/{at:04}"), "x");
    }
    for at in 0..5 {
        bed.server().store().put("left", &format!("f{at}"), "x");
    }
    let names = ["d/", "many/", "lone", "f0", "f1", "f2", "f3", "f4"];
    let (plan, outcome) =
        comes_true(&bed, spec(&bed, JobKind::Delete, &names, JobOptions::default()).await).await;
    assert_eq!((outcome.failures.len(), plan.counts.files), (0, 2511));
    assert_eq!(plan.total(ConflictPolicy::Ask).requests.get(Request::DeleteMany), 3 + 3 + 1);
}

#[tokio::test]
async fn a_hundred_are_named_and_the_rest_is_counted() {
    let bed = Bed::new(Pair::LocalS3);
    for at in 0..250 {
        let name = format!("d/{at:04}");
        bed.left.put(&name, b"x").await;
        bed.server().store().put("right", &name, "y");
    }
    let spec = spec(&bed, JobKind::Copy, &["d/"], JobOptions::default()).await;
    bed.server().reset_counts();
    let plan = plan(&bed, &spec).await;
    assert_eq!(bed.server().counts().get("ListObjectsV2"), bed.server().counts().total());
    assert_eq!((plan.conflicts.count, plan.conflicts.first.len(), plan.conflicts.more()), (250, 100, 150));
    assert_eq!((plan.sure.files, plan.replaced.files), (0, 250));
}

#[tokio::test]
async fn what_will_not_get_there_is_told_with_its_reason() {
    let bed = Bed::new(Pair::S3Local);
    let store = bed.server().store();
    for key in ["d/fine", "d/a", "d/a/b", "d//c", "d/../e", "d/dir", "d/cold", "d/deep"] {
        store.put("left", key, "12345");
    }
    store.put("left", &format!("d/{}", "x".repeat(300)), "long");
    store.set_class("left", "d/cold", "GLACIER");
    store.set_class("left", "d/deep", "DEEP_ARCHIVE");
    store.set_class("left", "d/fine", "GLACIER_IR");
    bed.right.put("d/dir/inside", b"1").await;
    let spec = spec(&bed, JobKind::Copy, &["d/"], JobOptions::default()).await;
    let plan = plan(&bed, &spec).await;
    let kinds: BTreeMap<RefusalKind, u64> = plan.refusal_kinds().collect();
    let expected = [
        (RefusalKind::Name, 3),
        (RefusalKind::Collision, 1),
        (RefusalKind::Archived, 2),
        (RefusalKind::InTheWay, 1),
    ];
    assert_eq!(kinds, BTreeMap::from(expected), "{:?}", plan.refusals.first);
    assert_eq!((plan.sure.files, plan.losses.metadata), (2, 2));
    let outcome = finish(bed.engine.start(JobId(1), spec), Choice::Cancel).await;
    assert_eq!(outcome.progress.done.files, plan.sure.files);
    assert_eq!(outcome.failures.len() as u64, plan.refusals.count);
}

#[tokio::test]
async fn what_is_too_large_and_how_much_is_free_is_known_before() {
    let bed = Bed::new(Pair::S3Other);
    bed.server().store().put("left", "huge", Blob::noise(1, 6 << 40));
    let spec_of = |to: Uri| {
        let uri = Uri::S3(S3Uri::new("s3", "left", "huge"));
        let entry = Entry { size: Some(6 << 40), ..Entry::new("huge".into(), Kind::File) };
        let sources = vec![SourceItem { uri, entry }];
        let target = Some(Target::Into(to));
        JobSpec { kind: JobKind::Copy, sources, target, options: JobOptions::default() }
    };
    let across = plan(&bed, &spec_of(bed.right.root.uri().clone())).await;
    assert_eq!(across.refused[RefusalKind::Limit as usize], 1);
    assert!(across.refusals.first[0].why.contains("at most"), "{:?}", across.refusals);
    let down = plan(&bed, &spec_of(Uri::Local(bed.dir.path().join("right")))).await;
    let room = down.room.expect("a disk");
    assert_eq!(down.short_of(ConflictPolicy::Ask), (6u64 << 40).saturating_sub(room));
    assert!(down.short_of(ConflictPolicy::Ask) > 0);
    assert_eq!(down.cost(ConflictPolicy::Ask, None), None, "only AWS has a price");
}

#[tokio::test]
async fn a_directory_that_cannot_be_listed_is_told_and_the_rest_is_planned() {
    let bed = Bed::new(Pair::S3Local);
    fill(&bed).await;
    let denied = demo::Effect::access_denied();
    bed.server().faults().add(demo::Rule::on("ListObjectsV2", denied).key("d/e/").always());
    let spec = spec(&bed, JobKind::Copy, &["d/", "lone"], JobOptions::default()).await;
    let plan = plan(&bed, &spec).await;
    assert_eq!((plan.refused[RefusalKind::Unreadable as usize], plan.sure.files), (1, 4));
    assert_eq!(plan.refusals.first[0].uri, bed.left.uri("d/e/"));
}

#[tokio::test]
async fn a_dropped_plan_asks_no_more() {
    let bed = Bed::new(Pair::S3Local);
    for at in 0..50 {
        bed.server().store().put("left", &format!("d/{at:02}/x"), "x");
    }
    let gate = bed.server().faults().hold("ListObjectsV2");
    let plans = bed.engine.plan(spec(&bed, JobKind::Copy, &["d/"], JobOptions::default()).await);
    let all = plans.try_collect::<Vec<_>>();
    let all = tokio::time::timeout(std::time::Duration::from_millis(200), all).await;
    assert!(all.is_err(), "the first listing is held");
    gate.open();
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert!(bed.server().counts().total() <= 1);
}

#[tokio::test]
async fn onto_and_into_itself_is_refused() {
    let bed = Bed::new(Pair::LocalLocal);
    fill(&bed).await;
    let sources = bed.left.items(&["d/", "lone"]).await;
    let into = |at: Uri| JobSpec {
        kind: JobKind::Copy,
        sources: sources.clone(),
        target: Some(Target::Into(at)),
        options: JobOptions::default(),
    };
    let same = plan(&bed, &into(bed.left.root.uri().clone())).await;
    assert_eq!((same.refused[RefusalKind::Invalid as usize], same.sure.files), (2, 0));
    let inside = plan(&bed, &into(bed.left.uri("d/e/"))).await;
    assert_eq!((inside.refused[RefusalKind::Invalid as usize], inside.sure.files), (1, 1));
}
