//! From locations to live handles: [`Registry`].

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::RwLock;

use super::archive::{ArchivePath, Shelf};
use super::local::LocalPath;
use super::s3::api::S3Api;
use super::s3::limits::{Limits, is_aws};
use super::s3::{Cached, S3Path, Sdk, Service, endpoint};
use super::{Attributes, DynPath, Encryption};
use crate::cache::ops::SharedOpCache;
use crate::cache::{CacheStats, ConnectionId, DiskCaches, LinkCache, LinkFigures, Meter, RequestCounts};
use crate::config::{Connection, Env, Settings};
use crate::model::uri::DEFAULT_CONNECTION;
use crate::model::{ConnName, ErrorKind, Op, Result, S3Uri, StorageClass, Uri, VfsError};

/// What makes the handles of a connection.
type Maker = Arc<dyn Fn(&S3Uri) -> Result<DynPath> + Send + Sync>;

struct Place {
    maker: Maker,
    meter: Arc<Meter>,
    sdk: Option<Sdk>,
}

/// All connections of the program, the one operation cache around them, and the local disk.
///
/// Making one reads the shared AWS configuration file, for the endpoints of profiles, and asks nothing of
/// the network; making handles asks nothing at all. Clones share everything.
#[derive(Clone)]
pub struct Registry(Arc<Inner>);

struct Inner {
    places: RwLock<BTreeMap<ConnName, Place>>,
    cache: SharedOpCache,
    archives: Arc<Shelf>,
    links: LinkCache,
    disk: DiskCaches,
}

impl Registry {
    /// The connections of the settings, and `s3` by the ordinary AWS chain where they don't say
    /// otherwise. What the environment says of credentials, regions and endpoints is taken from `env`.
    pub fn new(settings: &Settings, env: &Env) -> Self {
        Self::with_cache(settings, env, SharedOpCache::new(settings.cache.operations()))
    }

    /// The same around a cache of the caller's own.
    pub fn with_cache(settings: &Settings, env: &Env, cache: SharedOpCache) -> Self {
        Self::with_caches(settings, env, cache, DiskCaches::default())
    }

    /// The same with caches on disk.
    pub fn with_caches(settings: &Settings, env: &Env, cache: SharedOpCache, disk: DiskCaches) -> Self {
        let bodies = disk.objects.clone();
        if bodies.enabled() {
            cache.heard_by(move |touch| bodies.touched(touch));
        }
        let (places, archives, links) = (RwLock::default(), Arc::default(), LinkCache::default());
        let registry = Self(Arc::new(Inner { places, cache, archives, links, disk }));
        registry.connect(DEFAULT_CONNECTION, &Connection::default(), env);
        for (name, connection) in &settings.connections {
            registry.connect(name, connection, env);
        }
        registry
    }

    /// Adds a connection, or puts another in its place; handles made before keep the one they have.
    pub fn connect(&self, name: &str, connection: &Connection, env: &Env) {
        self.0.links.forget(name);
        let meter = Arc::new(Meter::default());
        let address = endpoint::named(connection, env);
        let id = identity(name, connection, env, address.as_deref());
        let sdk = Sdk::new(id, connection, env, meter.clone());
        let service = Arc::new(Service {
            api: Arc::new(Cached::new(sdk.clone(), self.0.cache.clone())),
            read_only: connection.read_only,
            limits: Limits::of(address.as_deref()).with(connection),
            written: written(connection),
            links: self.0.links.clone(),
            bodies: self.0.disk.objects.clone(),
            operations: self.0.cache.clone(),
        });
        let maker =
            move |at: &S3Uri| -> Result<DynPath> { Ok(Arc::new(S3Path::new(service.clone(), at.clone()))) };
        self.0.places.write().insert(name.into(), Place { maker: Arc::new(maker), meter, sdk: Some(sdk) });
    }

    /// Adds another kind of backend under a connection's name.
    pub fn register(&self, name: &str, maker: impl Fn(&S3Uri) -> Result<DynPath> + Send + Sync + 'static) {
        let place = Place { maker: Arc::new(maker), meter: Arc::default(), sdk: None };
        self.0.places.write().insert(name.into(), place);
    }

    /// The handle on a location.
    ///
    /// # Errors
    /// `Invalid` for a connection that isn't there.
    pub fn resolve(&self, uri: &Uri) -> Result<DynPath> {
        let at = match uri {
            Uri::Local(path) => return Ok(LocalPath::at(path.clone())),
            Uri::Archive(at) => {
                let outer = self.resolve(&at.outer)?;
                return Ok(Arc::new(ArchivePath::new(self.0.archives.clone(), outer, at.clone())));
            }
            Uri::S3(at) => at,
        };
        let maker = self.0.places.read().get(&at.connection).map(|place| place.maker.clone());
        maker.ok_or_else(|| self.unknown(uri, &at.connection))?(at)
    }

    fn unknown(&self, uri: &Uri, name: &str) -> VfsError {
        let reason = format!("no connection is called \"{name}\"");
        let known = self.connections().join(", ");
        let error = VfsError::new(Op::Connect, uri.clone(), ErrorKind::Invalid, reason);
        error.with_hint(format!("known are {known}; add [connections.{name}] to the settings"))
    }

    /// The names of all connections, in order.
    pub fn connections(&self) -> Vec<ConnName> {
        self.0.places.read().keys().cloned().collect()
    }

    /// The requests of each connection since the program began, each attempt counted.
    pub fn requests(&self) -> Vec<(ConnName, RequestCounts)> {
        let places = self.0.places.read();
        places.iter().map(|(name, place)| (name.clone(), place.meter.snapshot())).collect()
    }

    /// Where the requests of a connection go: its endpoint, or at AWS its region. `None` before the first
    /// request: what the files of profiles say is only read then.
    pub fn place(&self, name: &str) -> Option<String> {
        self.0.places.read().get(name)?.sdk.as_ref()?.place()
    }

    /// Whether the requests of a connection go to AWS, whose prices are known.
    pub fn is_aws(&self, name: &str) -> bool {
        let places = self.0.places.read();
        let sdk = places.get(name).and_then(|place| place.sdk.as_ref());
        sdk.is_some_and(|sdk| is_aws(&sdk.connection().endpoint))
    }

    /// What a connection is, for a journal: its name, its endpoint, its profile. No key is told.
    pub fn identity(&self, name: &str) -> Option<String> {
        let places = self.0.places.read();
        let id = places.get(name)?.sdk.as_ref()?.connection();
        let profile = id.profile.as_deref().map(|profile| format!(" profile {profile}")).unwrap_or_default();
        let anonymous = if id.anonymous { " unsigned" } else { "" };
        Some(format!("{}:// at {}{profile}{anonymous}", id.name, id.endpoint))
    }

    /// The figures of the operation cache.
    pub fn cache_stats(&self) -> CacheStats {
        self.0.cache.stats()
    }

    /// What became of the presigned links that were asked for.
    pub fn link_figures(&self) -> LinkFigures {
        self.0.links.figures()
    }

    /// The caches on disk.
    pub fn disk(&self) -> &DiskCaches {
        &self.0.disk
    }

    /// The operation cache, to clear and to configure.
    pub fn cache(&self) -> &SharedOpCache {
        &self.0.cache
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Registry").field(&self.connections()).finish()
    }
}

/// What new objects carry by the settings.
fn written(connection: &Connection) -> Attributes {
    let key = connection.kms_key_id.clone();
    let kind = connection.encryption.clone().or_else(|| key.as_ref().map(|_| "aws:kms".to_owned()));
    let class = connection.storage_class.as_deref().map(StorageClass::new);
    Attributes { class, encryption: kind.map(|kind| Encryption { kind, key }), ..Attributes::default() }
}

/// Who is asking whom.
fn identity(name: &str, connection: &Connection, env: &Env, endpoint: Option<&str>) -> ConnectionId {
    let profile = connection.profile.as_deref().or_else(|| env.get("AWS_PROFILE"));
    ConnectionId {
        name: name.into(),
        endpoint: endpoint.unwrap_or("aws").into(),
        profile: profile.map(Into::into),
        anonymous: connection.anonymous,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry() -> Registry {
        let mut settings = Settings::default();
        let minio = Connection {
            endpoint_url: Some("http://127.0.0.1:9000/".into()),
            read_only: true,
            ..Connection::default()
        };
        settings.connections.insert("minio".into(), minio);
        Registry::new(&settings, &Env::default())
    }

    #[test]
    fn the_default_connection_is_always_there() {
        let names = registry().connections();
        assert_eq!(names.iter().map(|name| &**name).collect::<Vec<_>>(), ["minio", "s3"]);
    }

    #[test]
    fn a_location_becomes_a_handle_on_exactly_it() {
        for uri in [Uri::S3(S3Uri::new("minio", "b", "a//../x/")), Uri::Local("/tmp".into())] {
            assert_eq!(registry().resolve(&uri).expect("known").uri(), &uri);
        }
    }

    #[test]
    fn what_names_no_connection_says_which_there_are() {
        let error = registry().resolve(&Uri::S3(S3Uri::new("prod", "b", ""))).expect_err("unknown");
        assert_eq!(error.kind, ErrorKind::Invalid);
        assert!(error.to_string().contains("minio, s3"), "{error}");
    }

    #[tokio::test]
    async fn one_service_is_one_place_whatever_the_connection_is_called() {
        let registry = registry();
        let other = Connection { endpoint_url: Some("http://127.0.0.1:9000".into()), ..Default::default() };
        registry.connect("other", &other, &Env::default());
        let of = |name: &str| registry.resolve(&Uri::S3(S3Uri::new(name, "b", "k"))).expect("known");
        let (one, two, three) = (of("minio"), of("other"), of("s3"));
        let (one, two) = (one.identity().await.expect("named"), two.identity().await.expect("named"));
        assert_eq!(one, two);
        assert_ne!(one, three.identity().await.expect("named"));
    }
}
