//! Cases of removing, copying, renaming, linking and telling things apart.

use bifold::model::{ErrorKind, Kind, Name, Timestamp};
use bifold::vfs::{Attributes, CopyOptions, CreateHint, DynPath, Precondition, Removal};

use super::kit::{
    copy, fails, file, files, fill, get, list, names, pattern, put, stat, subdir, tag_of, try_list,
};
use super::listing::subdir_made;

pub(super) async fn removing_removes_one(dir: &DynPath) {
    put(&file(dir, "a"), b"a").await;
    put(&file(dir, "b"), b"b").await;
    file(dir, "a").remove(Precondition::None).await.expect("a removal");
    assert_eq!(names(dir).await, files(&["b"]));
    fails(stat(&file(dir, "a")).await, ErrorKind::NotFound);
    match file(dir, "a").remove(Precondition::None).await {
        // S3 doesn't tell.
        Ok(_) => assert!(!dir.caps().real_dirs),
        Err(error) => assert_eq!(error.kind, ErrorKind::NotFound),
    }
}

pub(super) async fn removing_is_bound_to_its_tag(dir: &DynPath) {
    if !dir.caps().conditional_remove {
        return;
    }
    let path = file(dir, "file");
    put(&path, b"shown").await;
    let bound = Precondition::Matches(tag_of(&path).await);
    put(&path, b"changed since").await;
    fails(path.remove(bound).await, ErrorKind::Conflict);
    assert_eq!(get(&path).await, b"changed since");
    path.remove(Precondition::Matches(tag_of(&path).await)).await.expect("it is what was shown");
    assert_eq!(names(dir).await, []);
}

pub(super) async fn what_holds_something_stays(dir: &DynPath) {
    if !dir.caps().real_dirs {
        return;
    }
    let made = subdir_made(dir, "made").await;
    put(&file(&made, "file"), b"x").await;
    fails(made.remove(Precondition::None).await, ErrorKind::NotEmpty);
    let removal = Removal { name: Name::from("made"), kind: Kind::Dir, expect: None };
    fails(dir.remove_many(&[removal]).await.remove(0), ErrorKind::NotEmpty);
    assert_eq!(get(&file(&made, "file")).await, b"x");
    file(&made, "file").remove(Precondition::None).await.expect("a removal");
    made.remove(Precondition::None).await.expect("it is empty now");
    assert_eq!(names(dir).await, []);
}

fn removal(name: &str) -> Removal {
    Removal { name: Name::from(name), kind: Kind::File, expect: None }
}

pub(super) async fn many_are_removed_each_with_its_outcome(dir: &DynPath) {
    for name in ["a", "b", "c", "keep"] {
        put(&file(dir, name), name.as_bytes()).await;
    }
    let outcomes = dir.remove_many(&["a", "missing", "b", "c"].map(removal)).await;
    assert_eq!(outcomes.len(), 4);
    for at in [0, 2, 3] {
        assert!(outcomes[at].is_ok(), "{:?}", outcomes[at]);
    }
    match &outcomes[1] {
        // S3 doesn't tell.
        Ok(_) => assert!(!dir.caps().real_dirs),
        Err(error) => assert_eq!(error.kind, ErrorKind::NotFound),
    }
    assert_eq!(names(dir).await, files(&["keep"]));
    assert_eq!(dir.remove_many(&[]).await, []);
}

pub(super) async fn many_are_removed_bound_to_their_tags(dir: &DynPath) {
    if !dir.caps().conditional_remove {
        return;
    }
    put(&file(dir, "same"), b"same").await;
    put(&file(dir, "changed"), b"shown").await;
    let mut bound = Vec::new();
    for name in ["same", "changed"] {
        bound.push(Removal { expect: Some(tag_of(&file(dir, name)).await), ..removal(name) });
    }
    put(&file(dir, "changed"), b"changed since").await;
    let outcomes = dir.remove_many(&bound).await;
    assert!(outcomes[0].is_ok(), "{:?}", outcomes[0]);
    fails(outcomes[1].clone(), ErrorKind::Conflict);
    assert_eq!(names(dir).await, files(&["changed"]));
    assert_eq!(get(&file(dir, "changed")).await, b"changed since");
}

pub(super) async fn a_copy_is_the_same(dir: &DynPath) {
    let bytes = pattern(1_000_000, 9);
    let attributes = Attributes {
        mode: Some(0o640),
        modified: Some(Timestamp(1_600_000_000_123)),
        content_type: Some("text/plain".into()),
        metadata: [("colour".to_owned(), "green".to_owned())].into(),
        ..Attributes::default()
    };
    let hint = CreateHint { size: Some(bytes.len() as u64), attributes, ..CreateHint::default() };
    let path = file(dir, "file");
    let sink = path.create(hint).await.expect("a write begins");
    fill(&*sink, &bytes).await;
    sink.commit(Precondition::Absent).await.expect("a commit");
    let source = stat(&path).await.expect("it is there");

    let to = file(dir, "copy");
    let options = CopyOptions {
        source: Some(source.clone()),
        precondition: Precondition::Absent,
        ..CopyOptions::default()
    };
    let Some(entry) = copy(&path, &*to, &options).await.expect("a copy") else { return };
    assert!(get(&to).await == bytes);
    assert!(get(&path).await == bytes);
    assert_eq!(entry.size, source.size);
    let copied = stat(&to).await.expect("it is there");
    assert_eq!((copied.size, copied.mode, &copied.class), (source.size, source.mode, &source.class));
    if dir.caps().real_dirs {
        assert_eq!(copied.mode, Some(0o640));
        assert_eq!(copied.modified, Some(Timestamp(1_600_000_000_123)));
    } else {
        let head = to.head().await.expect("a head");
        assert_eq!(head.content_type.as_deref(), Some("text/plain"));
        assert_eq!(head.metadata.get("colour").map(String::as_str), Some("green"));
    }
}

pub(super) async fn a_copy_is_bound_on_both_sides(dir: &DynPath) {
    let (path, to) = (file(dir, "file"), file(dir, "copy"));
    put(&path, b"shown").await;
    let shown = stat(&path).await.expect("it is there");
    put(&to, b"in the way").await;
    let absent = CopyOptions {
        source: Some(shown.clone()),
        precondition: Precondition::Absent,
        ..CopyOptions::default()
    };
    match copy(&path, &*to, &absent).await {
        Ok(None) => return,
        outcome => fails(outcome, ErrorKind::Conflict),
    }
    assert_eq!(get(&to).await, b"in the way");

    let bound = Precondition::Matches(tag_of(&to).await);
    let agreed = CopyOptions { source: Some(shown), precondition: bound, ..CopyOptions::default() };
    put(&path, b"changed since").await;
    fails(copy(&path, &*to, &agreed).await, ErrorKind::Conflict);
    assert_eq!(get(&to).await, b"in the way");

    let again = CopyOptions { source: Some(stat(&path).await.expect("it is there")), ..agreed };
    copy(&path, &*to, &again).await.expect("both are what was shown");
    assert_eq!(get(&to).await, b"changed since");
    assert_eq!(names(dir).await, files(&["copy", "file"]));

    let onto_itself = CopyOptions::default();
    assert!(copy(&path, &*path, &onto_itself).await.is_err(), "a thing isn't copied onto itself");
    assert_eq!(get(&path).await, b"changed since");
}

pub(super) async fn a_rename_moves_everything(dir: &DynPath) {
    put(&file(dir, "file"), b"bytes").await;
    let outcome = file(dir, "file").rename(&*file(dir, "moved"), Precondition::Absent).await;
    if !dir.caps().atomic_rename {
        fails(outcome, ErrorKind::Unsupported);
        assert_eq!(get(&file(dir, "file")).await, b"bytes");
        return;
    }
    outcome.expect("a rename");
    assert_eq!(names(dir).await, files(&["moved"]));
    assert_eq!(get(&file(dir, "moved")).await, b"bytes");

    let tree = subdir_made(dir, "tree").await;
    put(&file(&subdir_made(&tree, "deep").await, "leaf"), b"leaf").await;
    tree.rename(&*subdir(dir, "other"), Precondition::Absent).await.expect("a rename");
    assert_eq!(get(&file(&subdir(&subdir(dir, "other"), "deep"), "leaf")).await, b"leaf");
    fails(try_list(&tree).await, ErrorKind::NotFound);
    let missing = file(dir, "missing").rename(&*file(dir, "x"), Precondition::Absent).await;
    fails(missing, ErrorKind::NotFound);
}

pub(super) async fn a_rename_replaces_nothing(dir: &DynPath) {
    if !dir.caps().atomic_rename {
        return;
    }
    let (from, to) = (file(dir, "from"), file(dir, "to"));
    put(&from, b"from").await;
    put(&to, b"to").await;
    fails(from.rename(&*to, Precondition::Absent).await, ErrorKind::Conflict);
    let bound = Precondition::Matches(tag_of(&to).await);
    put(&to, b"changed since").await;
    fails(from.rename(&*to, bound).await, ErrorKind::Conflict);
    assert_eq!((get(&from).await, get(&to).await), (b"from".to_vec(), b"changed since".to_vec()));
    from.rename(&*to, Precondition::Matches(tag_of(&to).await)).await.expect("agreed to");
    assert_eq!(get(&to).await, b"from");
    let made = subdir_made(dir, "made").await;
    fails(to.rename(&*file(dir, "made"), Precondition::None).await, ErrorKind::AlreadyExists);
    fails(made.rename(&*file(dir, "to"), Precondition::None).await, ErrorKind::AlreadyExists);
}

pub(super) async fn a_rename_stays_out_of_itself(dir: &DynPath) {
    if !dir.caps().atomic_rename {
        return;
    }
    let tree = subdir_made(dir, "tree").await;
    put(&file(&tree, "leaf"), b"leaf").await;
    let inside = tree.rename(&*subdir(&tree, "inside"), Precondition::Absent).await;
    fails(inside, ErrorKind::Invalid);
    assert_eq!(get(&file(&tree, "leaf")).await, b"leaf");
}

fn link(dir: &DynPath, name: &str) -> DynPath {
    dir.join(&Name::from(name), Kind::Symlink).expect("a name that fits")
}

pub(super) async fn links_are_things_of_their_own(dir: &DynPath) {
    if !dir.caps().symlinks {
        fails(file(dir, "link").symlink(&Name::from("x")).await, ErrorKind::Unsupported);
        return;
    }
    put(&file(dir, "file"), b"bytes").await;
    let made = subdir_made(dir, "made").await;
    put(&file(&made, "inner"), b"inner").await;
    for (name, target) in [("to file", "file"), ("to dir", "made"), ("nowhere", "gone"), ("odd", "a//../b/")]
    {
        link(dir, name).symlink(&Name::from(target)).await.expect("a link");
    }
    for (name, target, leads_to) in [
        ("to file", "file", Some(Kind::File)),
        ("to dir", "made", Some(Kind::Dir)),
        ("nowhere", "gone", None),
        ("odd", "a//../b/", None),
    ] {
        let row = stat(&link(dir, name)).await.expect("a link is there");
        let told = row.link.clone().expect("a link tells its target");
        assert_eq!((row.kind, told.target.as_str(), told.leads_to), (Kind::Symlink, Some(target), leads_to));
        assert!(list(dir).await.contains(&row));
        assert_eq!(row.can_enter(), name == "to dir");
    }
    fails(link(dir, "to file").read(None, Precondition::None).await.map(drop), ErrorKind::Unsupported);
    fails(link(dir, "nowhere").symlink(&Name::from("x")).await, ErrorKind::AlreadyExists);
    let followed = link(dir, "to file").follow().await.expect("it leads to a file");
    assert_eq!(get(&followed).await, b"bytes");
    let followed = link(dir, "to dir").follow().await.expect("it leads to a directory");
    assert_eq!(names(&followed).await, files(&["inner"]));
    fails(link(dir, "nowhere").follow().await, ErrorKind::NotFound);
}

pub(super) async fn removing_a_link_keeps_what_it_leads_to(dir: &DynPath) {
    if !dir.caps().symlinks {
        return;
    }
    let made = subdir_made(dir, "made").await;
    put(&file(&made, "inner"), b"inner").await;
    put(&file(dir, "file"), b"bytes").await;
    for (name, target) in [("one", "made"), ("two", "made"), ("three", "file")] {
        link(dir, name).symlink(&Name::from(target)).await.expect("a link");
    }
    link(dir, "one").remove(Precondition::None).await.expect("a removal");
    let removal = Removal { kind: Kind::Symlink, ..removal("two") };
    assert!(dir.remove_many(&[removal]).await[0].is_ok());
    // What is written over a link replaces the link.
    put(&file(dir, "three"), b"new").await;
    assert_eq!(get(&file(dir, "file")).await, b"bytes");
    assert_eq!(get(&file(&made, "inner")).await, b"inner");
    assert_eq!(stat(&file(dir, "three")).await.expect("it is there").kind, Kind::File);
}

pub(super) async fn a_thing_is_itself_by_any_name(dir: &DynPath) {
    put(&file(dir, "a"), b"a").await;
    put(&file(dir, "b"), b"a").await;
    let identity = async |path: &DynPath| path.identity().await.expect("an identity");
    assert_eq!(identity(&file(dir, "a")).await, identity(&file(dir, "a")).await);
    assert_ne!(identity(&file(dir, "a")).await, identity(&file(dir, "b")).await);
    assert_ne!(identity(&file(dir, "a")).await, identity(dir).await);
    assert_eq!(identity(&file(dir, "new")).await, identity(&file(dir, "new")).await);
    assert_ne!(identity(&file(dir, "new")).await, identity(&file(dir, "other")).await);
    let again = file(dir, "a").parent().expect("a directory holds it");
    assert_eq!(identity(&again).await, identity(dir).await);
}

pub(super) async fn inside_is_told(dir: &DynPath) {
    let outer = subdir_made(dir, "outer").await;
    let inner = subdir_made(&outer, "inner").await;
    let beside = subdir_made(dir, "outer2").await;
    put(&file(&inner, "leaf"), b"x").await;
    put(&file(&beside, "leaf"), b"x").await;
    let outer = outer.identity().await.expect("an identity");
    for path in [inner.clone(), file(&inner, "leaf"), file(&inner, "new"), file(&subdir(&inner, "no"), "new")]
    {
        let identity = path.identity().await.expect("an identity");
        assert!(identity.is_inside(&outer), "{path:?}: {identity:?} {outer:?}");
        assert!(!outer.is_inside(&identity));
    }
    for path in [beside.clone(), file(&beside, "leaf"), file(&beside, "new"), dir.clone()] {
        assert!(!path.identity().await.expect("an identity").is_inside(&outer), "{path:?}");
    }
    assert!(!outer.is_inside(&outer));
}
