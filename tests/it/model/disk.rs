//! The local disk against the model of a disk.

use std::sync::Arc;

use bifold::model::ErrorKind;
use bifold::vfs::local::LocalPath;
use bifold::vfs::memory::Memory;
use proptest::prelude::*;

use super::acts::{Act, Told, act, class, perform, tree};

/// What may differ: nothing but words for the same. For a rename that is wrong for several reasons any of
/// them will do.
fn same(act: &Act, model: &Told, disk: &Told) -> bool {
    use ErrorKind::{AlreadyExists, Conflict, Invalid};
    let refused = |kind: &ErrorKind| matches!(kind, AlreadyExists | Conflict | Invalid);
    match (model, disk) {
        (Err(model), Err(disk)) if matches!(act, Act::Rename { .. }) && refused(model) => refused(disk),
        (Err(model), Err(disk)) => class(*model) == class(*disk),
        (model, disk) => model == disk,
    }
}

async fn run(acts: &[Act]) -> Result<(), TestCaseError> {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let disk = LocalPath::at(dir.path());
    let memory = Arc::new(Memory::like_disk());
    let model = memory.root();
    for act in acts {
        let (expected, told) = (perform(&model, act).await, perform(&disk, act).await);
        prop_assert!(same(act, &expected, &told), "{act:?}: the model says {expected:?}, the disk {told:?}");
        prop_assert_eq!(tree(&model).await, tree(&disk).await, "after {:?}", act);
    }
    prop_assert_eq!(memory.open_writes(), 0);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_disk_does_what_the_model_says(acts in prop::collection::vec(act(false), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(run(&acts))?;
    }
}
