//! The requests of a plan, counted by kind: [`Requests`].

use std::ops::AddAssign;

/// A kind of request to a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Request {
    /// A page of a listing.
    List,
    /// What an object's headers tell.
    Head,
    /// The tags of an object.
    Tags,
    /// The bytes of an object or of a range of it.
    Get,
    /// A whole object, or a marker.
    Put,
    /// The beginning of an upload in parts.
    Create,
    /// One part of an upload.
    Part,
    /// The end of an upload in parts.
    Complete,
    /// A copy on the service.
    Copy,
    /// One part of a copy on the service.
    PartCopy,
    /// The removal of one object.
    Delete,
    /// The removal of up to 1,000 objects.
    DeleteMany,
}

impl Request {
    /// All kinds in the order in which they are told.
    pub const ALL: [Self; 12] = [
        Self::List,
        Self::Head,
        Self::Tags,
        Self::Get,
        Self::Put,
        Self::Create,
        Self::Part,
        Self::Complete,
        Self::Copy,
        Self::PartCopy,
        Self::Delete,
        Self::DeleteMany,
    ];

    /// What S3 calls it.
    pub fn operation(self) -> &'static str {
        match self {
            Self::List => "ListObjectsV2",
            Self::Head => "HeadObject",
            Self::Tags => "GetObjectTagging",
            Self::Get => "GetObject",
            Self::Put => "PutObject",
            Self::Create => "CreateMultipartUpload",
            Self::Part => "UploadPart",
            Self::Complete => "CompleteMultipartUpload",
            Self::Copy => "CopyObject",
            Self::PartCopy => "UploadPartCopy",
            Self::Delete => "DeleteObject",
            Self::DeleteMany => "DeleteObjects",
        }
    }

    /// The word for it on a screen, which several kinds share.
    pub fn word(self) -> &'static str {
        match self {
            Self::List => "LIST",
            Self::Head => "HEAD",
            Self::Tags => "TAGS",
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Create | Self::Complete => "UPLOAD",
            Self::Part => "PART",
            Self::Copy | Self::PartCopy => "COPY",
            Self::Delete | Self::DeleteMany => "DELETE",
        }
    }
}

/// How many of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests([u64; Request::ALL.len()]);

impl Requests {
    /// So many of one kind.
    pub fn of(kind: Request, count: u64) -> Self {
        let mut requests = Self::default();
        requests.add(kind, count);
        requests
    }

    /// Adds so many of a kind.
    pub fn add(&mut self, kind: Request, count: u64) {
        self.0[kind as usize] += count;
    }

    /// How many of a kind.
    pub fn get(&self, kind: Request) -> u64 {
        self.0[kind as usize]
    }

    /// How many in all.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The kinds of which there are any, each with its number.
    pub fn iter(&self) -> impl Iterator<Item = (Request, u64)> + '_ {
        Request::ALL.into_iter().zip(self.0).filter(|(_, count)| *count > 0)
    }

    /// The same by the words of a screen, in their order.
    pub fn words(&self) -> Vec<(&'static str, u64)> {
        let mut words: Vec<(&'static str, u64)> = Vec::new();
        for (kind, count) in self.iter() {
            match words.iter_mut().find(|(word, _)| *word == kind.word()) {
                Some((_, sum)) => *sum += count,
                None => words.push((kind.word(), count)),
            }
        }
        words
    }
}

impl AddAssign for Requests {
    fn add_assign(&mut self, other: Self) {
        for (own, more) in self.0.iter_mut().zip(other.0) {
            *own += more;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_place() {
        let mut all = Requests::default();
        for (at, kind) in (1..).zip(Request::ALL) {
            all.add(kind, at);
        }
        for (at, kind) in (1..).zip(Request::ALL) {
            assert_eq!(all.get(kind), at);
        }
        assert_eq!((all.iter().count(), all.total()), (12, 78));
    }

    #[test]
    fn words_gather_what_is_shown_as_one() {
        let mut some = Requests::of(Request::Create, 1);
        some.add(Request::Part, 7);
        some.add(Request::Complete, 1);
        assert_eq!(some.words(), [("UPLOAD", 2), ("PART", 7)]);
    }
}
