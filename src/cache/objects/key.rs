//! Which body: [`BodyKey`].

use std::sync::Arc;

use crate::cache::ConnectionId;
use crate::cache::disk::{About, FileName};
use crate::model::{ETag, S3Uri};

/// Names a body exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyKey {
    /// Through which connection it is read.
    pub connection: ConnectionId,
    /// The bucket.
    pub bucket: Arc<str>,
    /// The key, byte-exact.
    pub key: Arc<str>,
    /// The version, where one was asked for.
    pub version: Option<Arc<str>>,
    name: FileName,
}

impl BodyKey {
    /// The key of an object, or of one version of it.
    pub fn new(
        connection: &ConnectionId,
        bucket: &Arc<str>,
        key: &Arc<str>,
        version: Option<&Arc<str>>,
    ) -> Self {
        let profile = connection.profile.as_deref().unwrap_or_default();
        let anonymous: &[u8] = if connection.anonymous { b"anonymous" } else { b"" };
        let name = FileName::of(&[
            connection.name.as_bytes(),
            connection.endpoint.as_bytes(),
            profile.as_bytes(),
            anonymous,
            bucket.as_bytes(),
            key.as_bytes(),
            if version.is_some() { b"version" } else { b"" },
            version.map(|version| version.as_bytes()).unwrap_or_default(),
        ]);
        let (bucket, key, version) = (bucket.clone(), key.clone(), version.cloned());
        Self { connection: connection.clone(), bucket, key, version, name }
    }

    /// The name of its file.
    pub fn name(&self) -> FileName {
        self.name
    }

    /// Where the object is.
    pub fn location(&self) -> S3Uri {
        S3Uri::new(&self.connection.name, &self.bucket, &self.key)
    }

    pub(super) fn about(&self, tag: &ETag, size: u64, head: Option<String>) -> About {
        About {
            name: self.name,
            connection: self.connection.name.clone(),
            endpoint: self.connection.endpoint.clone(),
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            version: self.version.clone(),
            tag: tag.to_string().into(),
            size,
            head,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_under_two_accounts_is_two_bodies() {
        let of = |name: &str, endpoint: &str, profile: Option<&str>, anonymous| ConnectionId {
            name: name.into(),
            endpoint: endpoint.into(),
            profile: profile.map(Into::into),
            anonymous,
        };
        let (bucket, key, version): (Arc<str>, Arc<str>, Arc<str>) = ("b".into(), "k".into(), "1".into());
        let name = |of: &ConnectionId| BodyKey::new(of, &bucket, &key, None).name();
        let own = of("s3", "http://a", None, false);
        let others = [
            of("s4", "http://a", None, false),
            of("s3", "http://b", None, false),
            of("s3", "http://a", Some("p"), false),
            of("s3", "http://a", None, true),
        ];
        for other in others {
            assert_ne!(name(&own), name(&other), "{other:?}");
        }
        assert_ne!(name(&own), BodyKey::new(&own, &bucket, &key, Some(&version)).name());
        assert_ne!(name(&own), BodyKey::new(&own, &key, &bucket, None).name());
    }
}
