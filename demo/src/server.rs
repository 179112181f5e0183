//! Starting and stopping: [`Server`], [`Options`].

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use s3s::service::S3ServiceBuilder;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

use crate::access::{ACCESS_KEY, Access, Keys, RESTRICTED_KEY, RESTRICTED_SECRET, SECRET_KEY, WrongRegion};
use crate::faults::Faults;
use crate::front::Front;
use crate::service::Service;
use crate::store::{Now, Store};
use crate::traffic::{Counts, Record, Traffic};

/// How a server behaves.
#[derive(Clone)]
pub struct Options {
    /// How long each request takes at least.
    pub latency: Duration,
    /// The most rows of a page, whatever a client asks for: at most 1,000, as S3 has it.
    pub max_page: usize,
    /// The least bytes of a part that isn't the last: 5 MiB, as S3 has it.
    pub min_part: u64,
    /// Whether it tells the checksum of what was written when nobody sent one, as S3 does.
    pub tells_checksums: bool,
    /// The region of the service; buckets can be made in others.
    pub region: String,
    /// How a request for a bucket of another region is refused.
    pub wrong_region: WrongRegion,
    /// The port on the loopback interface; 0 takes a free one.
    pub port: u16,
    /// Tells the time.
    pub clock: Now,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            latency: Duration::ZERO,
            max_page: 1000,
            min_part: 5 << 20,
            tells_checksums: true,
            region: "us-east-1".to_owned(),
            wrong_region: WrongRegion::default(),
            port: 0,
            clock: Arc::new(Utc::now),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("latency", &self.latency)
            .field("max_page", &self.max_page)
            .field("min_part", &self.min_part)
            .field("tells_checksums", &self.tells_checksums)
            .field("region", &self.region)
            .field("wrong_region", &self.wrong_region)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// An S3 service in memory on the loopback interface, with its own runtime: it serves tests with and
/// without one of their own. It stops when it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    store: Store,
    faults: Faults,
    traffic: Arc<Traffic>,
    runtime: Option<Runtime>,
}

impl Server {
    /// Starts an empty service.
    ///
    /// # Errors
    /// When the port is taken, or the system gives no socket or threads.
    #[expect(clippy::needless_pass_by_value, reason = "callers write them down on the spot")]
    pub fn start(options: Options) -> io::Result<Self> {
        let listener = StdListener::bind((Ipv4Addr::LOCALHOST, options.port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let store = Store::new(Arc::clone(&options.clock), &options.region);
        let (faults, traffic) = (Faults::default(), Arc::new(Traffic::default()));
        let front = Arc::new(front(&options, &store, &faults, &traffic));
        let runtime =
            Builder::new_multi_thread().worker_threads(2).thread_name("demo-s3").enable_all().build()?;
        let listener = {
            let _inside = runtime.enter();
            TcpListener::from_std(listener)?
        };
        runtime.spawn(accept(listener, front));
        Ok(Self { address, store, faults, traffic, runtime: Some(runtime) })
    }

    /// The address: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The environment that makes any AWS client use this server, and nothing of the machine's own.
    pub fn env(&self) -> Vec<(String, String)> {
        self.env_of(ACCESS_KEY, SECRET_KEY)
    }

    /// The same for the access key that may not list buckets.
    pub fn env_restricted(&self) -> Vec<(String, String)> {
        self.env_of(RESTRICTED_KEY, RESTRICTED_SECRET)
    }

    /// Seeds and inspects the content.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Scripts faults.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What was asked since the start or the last [`Server::reset_counts`].
    pub fn counts(&self) -> Counts {
        self.traffic.counts()
    }

    /// The requests since then, in the order in which they came.
    pub fn log(&self) -> Vec<Record> {
        self.traffic.log()
    }

    /// Begins counts and log anew.
    pub fn reset_counts(&self) {
        self.traffic.reset();
    }

    fn env_of(&self, access_key: &str, secret: &str) -> Vec<(String, String)> {
        let pairs = [
            ("AWS_ACCESS_KEY_ID", access_key),
            ("AWS_SECRET_ACCESS_KEY", secret),
            ("AWS_REGION", self.store.region()),
            ("AWS_ENDPOINT_URL", &self.endpoint()),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ];
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn front(options: &Options, store: &Store, faults: &Faults, traffic: &Arc<Traffic>) -> Front {
    let mut builder = S3ServiceBuilder::new(Service {
        store: store.clone(),
        max_page: options.max_page.clamp(1, 1000),
        min_part: options.min_part,
        tells_checksums: options.tells_checksums,
    });
    builder.set_auth(Keys);
    builder.set_access(Access {
        store: store.clone(),
        faults: faults.clone(),
        traffic: Arc::clone(traffic),
        latency: options.latency,
        wrong_region: options.wrong_region,
    });
    Front { service: builder.build(), traffic: Arc::clone(traffic) }
}

async fn accept(listener: TcpListener, front: Arc<Front>) {
    loop {
        // What fails here (too many open files) passes; the next one may succeed.
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(stream, Arc::clone(&front)));
        } else {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn connection(stream: TcpStream, front: Arc<Front>) {
    let _ = stream.set_nodelay(true); // only slower without
    let serve = service_fn(move |request| Arc::clone(&front).serve(request));
    // An error is a client that went away, or a fault that closes the connection.
    let _ =
        http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), serve).await;
}
