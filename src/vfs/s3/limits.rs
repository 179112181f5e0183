//! What services hold at most, and how an object is cut into parts: [`Limits`].

use crate::config::Connection;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// From this size on, an object goes up in parts.
pub const MULTIPART_FROM: u64 = 16 * MIB;
/// Parts are at least so large, where the object is large enough.
const PREFERRED_PART: u64 = 8 * MIB;
/// Parts of one object under way at once.
pub const PARALLEL_PARTS: usize = 8;
/// Up to this size one request copies an object on the service.
pub const COPY_AT_ONCE: u64 = 4 * GIB + 512 * MIB;
/// The parts of a larger server-side copy.
pub const COPY_PART: u64 = 512 * MIB;
/// Parts of one such copy under way at once.
pub const PARALLEL_COPIES: usize = 16;

/// The bounds of a service, in bytes and counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest object.
    pub max_object: u64,
    /// The largest object that one PUT takes.
    pub max_put: u64,
    /// The smallest part, but for the last.
    pub min_part: u64,
    /// The largest part.
    pub max_part: u64,
    /// The most parts.
    pub max_parts: u64,
    /// The longest key.
    pub max_key: usize,
    /// Whether all parts but the last must have one size.
    pub equal_parts: bool,
    /// Whether `If-None-Match: *` on a PUT is kept and not passed over in silence.
    pub conditional_put: bool,
    /// Whether `If-Match` on a deletion is kept and not passed over in silence.
    pub conditional_delete: bool,
    /// Whether conditions on the destination of a copy are kept and not passed over in silence.
    pub conditional_copy: bool,
}

/// Amazon's own.
pub const AWS: Limits = Limits {
    max_object: 10_000 * 5 * GIB,
    max_put: 5 * GIB,
    min_part: 5 * MIB,
    max_part: 5 * GIB,
    max_parts: 10_000,
    max_key: KIB as usize,
    equal_parts: false,
    conditional_put: true,
    conditional_delete: true,
    conditional_copy: true,
};

/// What every other service is taken to hold, unless it is known better.
pub const OTHER: Limits = Limits {
    max_object: 5 * 1024 * GIB,
    conditional_put: false,
    conditional_delete: false,
    conditional_copy: false,
    ..AWS
};

/// Cloudflare R2.
pub const R2: Limits = Limits {
    max_object: 5 * 1024 * GIB - 5 * GIB,
    max_put: 5 * GIB - 5 * MIB,
    max_part: 5 * GIB - 5 * MIB,
    equal_parts: true,
    ..OTHER
};

/// Why something can't be kept by a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// The object is larger than the bound given.
    Object(u64),
    /// A part of this size is too small for the bound given.
    PartBelow(u64),
    /// A part of this size is too large for the bound given.
    PartAbove(u64),
    /// Parts of this size are more than the bound given.
    Parts(u64),
    /// The key is longer than the bound given.
    Key(usize),
}

impl std::fmt::Display for Beyond {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Object(most) => write!(f, "the service holds objects of at most {most} bytes"),
            Self::PartBelow(least) => write!(f, "parts have at least {least} bytes here"),
            Self::PartAbove(most) => write!(f, "parts have at most {most} bytes here"),
            Self::Parts(most) => write!(f, "parts of that size would be more than {most}"),
            Self::Key(most) => write!(f, "the key is longer than {most} bytes"),
        }
    }
}

impl Limits {
    /// The bounds of whoever answers at an endpoint; `None` is AWS.
    pub fn of(endpoint: Option<&str>) -> Self {
        let Some(endpoint) = endpoint else { return AWS };
        let host = host(endpoint);
        match endpoint {
            _ if is_aws(endpoint) => AWS,
            _ if host.ends_with(".r2.cloudflarestorage.com") => R2,
            _ => OTHER,
        }
    }

    /// What the settings know better.
    #[must_use]
    pub fn with(self, connection: &Connection) -> Self {
        let known = |own| connection.conditional_writes.unwrap_or(own);
        Self {
            conditional_put: known(self.conditional_put),
            conditional_copy: known(self.conditional_copy),
            conditional_delete: known(self.conditional_delete),
            ..self
        }
    }

    /// Checks a key's length.
    ///
    /// # Errors
    /// [`Beyond::Key`].
    pub fn check_key(&self, key: &str) -> Result<(), Beyond> {
        if key.len() > self.max_key { Err(Beyond::Key(self.max_key)) } else { Ok(()) }
    }

    /// The size of the parts of an object of `size` bytes: at least 8 MiB and few enough, in whole
    /// MiB, all equal. A size that the caller insists on is only checked.
    ///
    /// # Errors
    /// What the service doesn't hold.
    pub fn part_size(&self, size: u64, insisted: Option<u64>) -> Result<u64, Beyond> {
        if size > self.max_object {
            return Err(Beyond::Object(self.max_object));
        }
        let fewest = size.div_ceil(self.max_parts).max(PREFERRED_PART).div_ceil(MIB) * MIB;
        let part = insisted.unwrap_or_else(|| fewest.min(self.max_part));
        if part < self.min_part && part < size {
            return Err(Beyond::PartBelow(self.min_part));
        }
        if part > self.max_part {
            return Err(Beyond::PartAbove(self.max_part));
        }
        if size.div_ceil(part.max(1)) > self.max_parts {
            return Err(Beyond::Parts(self.max_parts));
        }
        Ok(part)
    }

    /// In how many parts an object of `size` bytes goes up; `None` where one PUT takes it.
    ///
    /// # Errors
    /// What the service doesn't hold.
    pub fn parts(&self, size: u64, insisted: Option<u64>) -> Result<Option<u64>, Beyond> {
        let part = self.part_size(size, insisted)?;
        Ok((size >= parts_from(insisted)).then(|| size.div_ceil(part.max(1))))
    }

    /// The size of the parts in which an object of `size` bytes is copied on the service.
    pub fn copy_part(&self, size: u64) -> u64 {
        COPY_PART.max(size.div_ceil(self.max_parts))
    }

    /// In how many parts an object of `size` bytes is copied on the service; `None` where one request does
    /// it.
    pub fn copy_parts(&self, size: u64, insisted: Option<u64>) -> Option<u64> {
        let part = insisted.unwrap_or_else(|| self.copy_part(size)).max(1);
        (size > COPY_AT_ONCE).then(|| size.div_ceil(part))
    }

    /// The size of part `number` (from 1) of an object whose size nobody knows: it grows, so that
    /// a short stream needs little memory and a long one finds room; up to 256 MiB a part. Where all parts
    /// must be equal it is one size for all.
    pub fn growing_part(&self, number: u32) -> u64 {
        if self.equal_parts {
            return 64 * MIB;
        }
        PREFERRED_PART << (number.saturating_sub(1) / 1000).min(5)
    }
}

/// The host of an endpoint's address.
fn host(endpoint: &str) -> String {
    let address = endpoint.parse::<http::Uri>().ok();
    address.as_ref().and_then(http::Uri::host).unwrap_or_default().to_owned()
}

/// Whether this is AWS: the word `aws`, or an address there.
pub fn is_aws(endpoint: &str) -> bool {
    let host = host(endpoint);
    endpoint == "aws" || host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn")
}

/// From which size on an object goes up in parts, where the caller insists on a size of these.
pub fn parts_from(insisted: Option<u64>) -> u64 {
    insisted.map_or(MULTIPART_FROM, |part| part.saturating_add(1).min(MULTIPART_FROM))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_at_most_what_the_service_holds() {
        for limits in [AWS, OTHER, R2] {
            assert!(limits.part_size(limits.max_object - 1, None).is_ok());
            assert!(limits.part_size(limits.max_object, None).is_ok());
            assert_eq!(limits.part_size(limits.max_object + 1, None), Err(Beyond::Object(limits.max_object)));
        }
    }

    #[test]
    fn parts_keep_their_bounds() {
        for limits in [AWS, OTHER, R2] {
            let size = limits.max_part * 2;
            assert_eq!(limits.part_size(size, Some(limits.min_part)), Ok(limits.min_part));
            let below = limits.part_size(size, Some(limits.min_part - 1));
            assert_eq!(below, Err(Beyond::PartBelow(limits.min_part)));
            assert!(limits.part_size(size, Some(limits.max_part - 1)).is_ok());
            assert!(limits.part_size(size, Some(limits.max_part)).is_ok());
            let above = limits.part_size(size, Some(limits.max_part + 1));
            assert_eq!(above, Err(Beyond::PartAbove(limits.max_part)));
        }
    }

    #[test]
    fn there_are_at_most_ten_thousand_parts() {
        let most = AWS.min_part * AWS.max_parts;
        assert!(AWS.part_size(most - 1, Some(AWS.min_part)).is_ok());
        assert!(AWS.part_size(most, Some(AWS.min_part)).is_ok());
        assert_eq!(AWS.part_size(most + 1, Some(AWS.min_part)), Err(Beyond::Parts(AWS.max_parts)));
        let eighty = PREFERRED_PART * AWS.max_parts;
        assert_eq!(AWS.part_size(eighty, None), Ok(8 * MIB));
        assert_eq!(AWS.part_size(eighty + 1, None), Ok(9 * MIB));
    }

    #[test]
    fn objects_are_cut_where_one_request_no_longer_takes_them() {
        let parts = |size, insisted| AWS.parts(size, insisted);
        assert_eq!((parts(0, None), parts(MULTIPART_FROM - 1, None)), (Ok(None), Ok(None)));
        assert_eq!(parts(MULTIPART_FROM, None), Ok(Some(2)));
        assert_eq!(
            (parts(5 * MIB, Some(5 * MIB)), parts(5 * MIB + 1, Some(5 * MIB))),
            (Ok(None), Ok(Some(2)))
        );
        assert_eq!(parts(AWS.max_object + 1, None), Err(Beyond::Object(AWS.max_object)));
        let copies = |size, insisted| AWS.copy_parts(size, insisted);
        assert_eq!((copies(COPY_AT_ONCE, None), copies(COPY_AT_ONCE + 1, None)), (None, Some(10)));
        assert_eq!(copies(COPY_AT_ONCE + 1, Some(GIB)), Some(5));
    }

    #[test]
    fn a_key_has_at_most_1024_bytes() {
        for (length, fits) in [(1023, true), (1024, true), (1025, false)] {
            assert_eq!(AWS.check_key(&"k".repeat(length)).is_ok(), fits, "{length}");
        }
        assert_eq!(AWS.check_key(&"ü".repeat(513)), Err(Beyond::Key(1024)));
    }

    #[test]
    fn parts_of_a_stream_grow() {
        assert_eq!((AWS.growing_part(1), AWS.growing_part(1000)), (8 * MIB, 8 * MIB));
        assert_eq!((AWS.growing_part(1001), AWS.growing_part(10_000)), (16 * MIB, 256 * MIB));
        assert_eq!(R2.growing_part(1), R2.growing_part(10_000));
    }

    #[test]
    fn an_endpoint_tells_whose_it_is() {
        assert_eq!(Limits::of(None), AWS);
        assert_eq!(Limits::of(Some("https://s3.eu-west-1.amazonaws.com")), AWS);
        assert_eq!(Limits::of(Some("https://acc.r2.cloudflarestorage.com")), R2);
        assert_eq!(Limits::of(Some("http://127.0.0.1:9000")), OTHER);
        assert_eq!(Limits::of(Some("https://amazonaws.com.example.org")), OTHER);
        assert!(is_aws("aws") && is_aws("https://s3.eu-west-1.amazonaws.com"));
        assert!(!is_aws("https://amazonaws.com.example.org") && !is_aws("http://127.0.0.1:9000"));
    }
}
