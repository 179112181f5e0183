//! The SDK's clients of one connection, made when they are first needed: one pair per region.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::config::{
    RequestChecksumCalculation, ResponseChecksumValidation, StalledStreamProtectionConfig,
};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::os_shim_internal;
use parking_lot::Mutex;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::super::endpoint;
use super::{credentials, http};
use crate::config::{ChecksumMode, Connection, Env};

/// How long a call without a body may take in all, its retries included.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);
/// How often such a call is tried.
const CALL_ATTEMPTS: u32 = 5;
/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long clients with new credentials are held to be good: whoever refuses those at once refuses all.
const RENEWED: Duration = Duration::from_secs(5);
/// The region where nothing names one: every service knows it.
const NO_REGION: &str = "us-east-1";

/// Two clients of one region: they differ in who retries.
#[derive(Clone, Debug)]
pub(super) struct Clients {
    /// For calls without bodies: the SDK retries.
    pub calls: aws_sdk_s3::Client,
    /// For bodies, copies and completions: nobody retries here, the transfer engine does.
    pub transfers: aws_sdk_s3::Client,
    /// The region that both sign for.
    pub region: Arc<str>,
    /// Whether buckets stand in the path.
    pub path_style: bool,
    /// Whether CRC64NVME may be sent; `Content-MD5` goes otherwise.
    pub sends_crc: bool,
    /// Whether answers are to carry checksums.
    pub asks_crc: bool,
    /// Which generation of credentials they hold.
    born: u64,
}

/// What is found once, on first use: files are read and variables looked at, nothing is asked.
#[derive(Debug)]
struct Base {
    config: SdkConfig,
    endpoint: Option<String>,
    region: Arc<str>,
}

/// All clients of a connection.
#[derive(Debug)]
pub(super) struct ClientPool {
    connection: Connection,
    env: Env,
    base: OnceCell<Base>,
    by_region: Mutex<HashMap<Arc<str>, Clients>>,
    renewed: Mutex<(u64, Option<Instant>)>,
}

impl ClientPool {
    pub(super) fn new(connection: Connection, env: Env) -> Self {
        Self {
            connection,
            env,
            base: OnceCell::new(),
            by_region: Mutex::default(),
            renewed: Mutex::default(),
        }
    }

    /// The region that applies where a bucket's own isn't known.
    pub(super) async fn home_region(&self) -> Result<Arc<str>, endpoint::BadEndpoint> {
        Ok(self.base().await?.region.clone())
    }

    /// Who gives credentials, and which generation of them is in use.
    pub(super) async fn signer(
        &self,
    ) -> Result<(Option<SharedCredentialsProvider>, u64), endpoint::BadEndpoint> {
        let provider = self.base().await?.config.credentials_provider();
        let born = self.renewed.lock().0;
        Ok((provider, born))
    }

    /// The endpoint, or at AWS the region; `None` before the first request.
    pub(super) fn place(&self) -> Option<String> {
        let base = self.base.get()?;
        Some(base.endpoint.as_deref().map_or_else(|| base.region.to_string(), endpoint::without_userinfo))
    }

    /// The clients for `region`, or for the connection's own.
    pub(super) async fn get(&self, region: Option<Arc<str>>) -> Result<Clients, endpoint::BadEndpoint> {
        let base = self.base().await?;
        let region = region.unwrap_or_else(|| base.region.clone());
        let mut made = self.by_region.lock();
        let born = self.renewed.lock().0;
        let clients = made.entry(region.clone()).or_insert_with(|| self.make(base, region, born));
        Ok(clients.clone())
    }

    /// Sees to it that credentials are asked for anew, since a service refused those of `used`. `false` where
    /// that was done just before, and didn't help.
    pub(super) fn renew(&self, used: &Clients) -> bool {
        let mut made = self.by_region.lock();
        let mut renewed = self.renewed.lock();
        if renewed.0 != used.born {
            return true;
        }
        if renewed.1.is_some_and(|at| at.elapsed() < RENEWED) {
            return false;
        }
        *renewed = (renewed.0 + 1, Some(Instant::now()));
        made.clear();
        true
    }

    async fn base(&self) -> Result<&Base, endpoint::BadEndpoint> {
        self.base.get_or_try_init(|| self.load()).await
    }

    async fn load(&self) -> Result<Base, endpoint::BadEndpoint> {
        let config = self.loader().load().await;
        let own = self.connection.endpoint_url.clone();
        let set = |address: &String| !address.is_empty();
        let of_service = || service_endpoint(&config).filter(set);
        let endpoint = own.or_else(of_service).or(config.endpoint_url().map(str::to_owned).filter(set));
        if let Some(address) = &endpoint {
            endpoint::check(address, self.connection.allow_http)?;
        }
        let region = config.region().map_or(NO_REGION, Region::as_ref).into();
        let config = credentials::complete(config, &self.connection, &self.env);
        Ok(Base { config, endpoint, region })
    }

    fn loader(&self) -> ConfigLoader {
        let texts: Vec<_> = self.env.texts().collect();
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .env(os_shim_internal::Env::from_slice(&credentials::without_metadata_service(&self.env, texts)))
            .http_client(http::client(&self.env))
            .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build())
            .retry_config(RetryConfig::standard().with_max_attempts(CALL_ATTEMPTS));
        if let Some(profile) = &self.connection.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &self.connection.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if self.connection.anonymous {
            loader = loader.no_credentials();
        }
        loader
    }

    fn make(&self, base: &Base, region: Arc<str>, born: u64) -> Clients {
        let custom = base.endpoint.is_some();
        let path_style = self.connection.path_style.unwrap_or(custom);
        let sends_crc = mode(self.connection.request_checksums, custom) == ChecksumMode::WhenSupported;
        let asks_crc = mode(self.connection.response_checksums, custom) == ChecksumMode::WhenSupported;
        let config = self.config(base, &region, path_style);
        let transfers = config
            .clone()
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        Clients {
            calls: aws_sdk_s3::Client::from_conf(config.build()),
            transfers: aws_sdk_s3::Client::from_conf(transfers.build()),
            region,
            path_style,
            sends_crc,
            asks_crc,
            born,
        }
    }

    fn config(&self, base: &Base, region: &str, path_style: bool) -> aws_sdk_s3::config::Builder {
        let custom = base.endpoint.is_some();
        let timeouts =
            TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_timeout(CALL_TIMEOUT).build();
        let mut config = aws_sdk_s3::config::Builder::from(&base.config)
            .region(Region::new(region.to_owned()))
            .force_path_style(path_style)
            .timeout_config(timeouts)
            // Of its own, so that it ends with these clients.
            .identity_cache(IdentityCache::lazy().build())
            .request_checksum_calculation(match mode(self.connection.request_checksums, custom) {
                ChecksumMode::WhenSupported => RequestChecksumCalculation::WhenSupported,
                ChecksumMode::WhenRequired => RequestChecksumCalculation::WhenRequired,
            })
            .response_checksum_validation(match mode(self.connection.response_checksums, custom) {
                ChecksumMode::WhenSupported => ResponseChecksumValidation::WhenSupported,
                ChecksumMode::WhenRequired => ResponseChecksumValidation::WhenRequired,
            });
        config.set_endpoint_url(base.endpoint.clone());
        if self.connection.anonymous {
            config.set_allow_no_auth();
        }
        config
    }
}

/// A custom endpoint gets only what S3 requires, unless it is set: many services refuse the rest.
fn mode(set: Option<ChecksumMode>, custom: bool) -> ChecksumMode {
    set.unwrap_or(if custom { ChecksumMode::WhenRequired } else { ChecksumMode::WhenSupported })
}

/// `AWS_ENDPOINT_URL_S3`, or what the profile says of S3 alone.
fn service_endpoint(config: &SdkConfig) -> Option<String> {
    let key = aws_types::service_config::ServiceConfigKey::builder()
        .service_id("s3")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()?;
    config.service_config()?.load_config(key)
}
