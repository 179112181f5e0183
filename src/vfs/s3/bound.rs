//! Removals and copies that are bound to what was shown, on services that pass over such a condition in
//! silence: what they are bound to is looked at right before.

use std::collections::HashMap;

use futures::stream::{self, StreamExt, TryStreamExt};

use super::api::Detail;
use super::path::S3Path;
use crate::model::{ErrorKind, Freshness, Kind, Name, Op, Result, Tag};
use crate::vfs::{Precondition, Removal, VfsPath};

/// Up to so many are asked for one by one. From there on the listing is the cheaper answer.
const ONE_BY_ONE: usize = 16;

/// The outcome so far of each removal: a failure where it isn't what was shown.
pub(super) async fn look(dir: &S3Path, removals: &[Removal]) -> Vec<Result<()>> {
    let bound = removals.iter().filter(|removal| removal.expect.is_some()).count();
    if bound == 0 || dir.service.limits.conditional_delete {
        return vec![Ok(()); removals.len()];
    }
    if bound <= ONE_BY_ONE {
        let looks: Vec<_> = removals.iter().map(|one| look_at(dir.clone(), one.clone())).collect();
        return stream::iter(looks).buffered(ONE_BY_ONE).collect().await;
    }
    match tags(dir).await {
        Ok(tags) => removals.iter().map(|removal| compare(dir, removal, tags.get(&removal.name))).collect(),
        Err(error) => vec![Err(error); removals.len()],
    }
}

impl S3Path {
    /// Looks at a destination right before a copy.
    pub(super) async fn still_bound(&self, op: Op, on: &Precondition) -> Result<()> {
        if self.service.limits.conditional_copy || *on == Precondition::None {
            return Ok(());
        }
        let object = self.object(op)?;
        match (on, self.service.api.head(&object, Detail::Row, Freshness::Past).await) {
            (Precondition::Matches(tag), Ok(head)) if head.entry.tag.as_ref() == Some(tag) => Ok(()),
            (Precondition::Absent, Err(error)) if error.kind == ErrorKind::NotFound => Ok(()),
            (_, Err(error)) if error.kind != ErrorKind::NotFound => Err(error),
            _ => Err(self.error(op, ErrorKind::Conflict, "it is not what it was")),
        }
    }
}

async fn look_at(dir: S3Path, removal: Removal) -> Result<()> {
    if removal.expect.is_none() {
        return Ok(());
    }
    let object = dir.child(&removal)?.object(Op::Remove)?;
    let head = dir.service.api.head(&object, Detail::Row, Freshness::Past).await?;
    compare(&dir, &removal, head.entry.tag.as_ref())
}

/// The tags of all objects of a directory.
async fn tags(dir: &S3Path) -> Result<HashMap<Name, Tag>> {
    let mut tags = HashMap::new();
    let mut pages = dir.list(Freshness::Past);
    while let Some(page) = pages.try_next().await? {
        let files = page.entries.iter().filter(|entry| entry.kind == Kind::File);
        tags.extend(files.filter_map(|entry| Some((entry.name.clone(), entry.tag.clone()?))));
    }
    Ok(tags)
}

fn compare(dir: &S3Path, removal: &Removal, now: Option<&Tag>) -> Result<()> {
    if removal.expect.is_none() || removal.expect.as_ref() == now {
        return Ok(());
    }
    Err(dir.child(removal)?.error(Op::Remove, ErrorKind::Conflict, "it is not what was shown"))
}
