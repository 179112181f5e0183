//! Whose answers these are: [`ConnectionId`].

use std::sync::Arc;

/// Who is asking whom: what tells one connection's answers from another's in the caches. It never
/// holds a rotating access key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId {
    /// The connection's name in locations.
    pub name: Arc<str>,
    /// The endpoint's address, or the provider's own (`aws`) where none is set. Writes invalidate by
    /// it, across all connections.
    pub endpoint: Arc<str>,
    /// The profile, where one is set.
    pub profile: Option<Arc<str>>,
    /// Whether requests go unsigned.
    pub anonymous: bool,
}
