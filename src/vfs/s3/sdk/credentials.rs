//! Where credentials come from: the ordinary AWS chain, with the instance's metadata service last and
//! given one second, so that a machine outside AWS doesn't wait for what isn't there.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::imds::{self, credentials::ImdsCredentialsProvider};
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::SharedCredentialsProvider;

use super::super::profile::names_metadata_service;
use crate::config::{Connection, Env};

const DISABLED: &str = "AWS_EC2_METADATA_DISABLED";

/// The environment for the SDK's own chain, which would try the metadata service for many seconds,
/// once for a region and once for credentials: without it, unless a profile names it as its source.
pub(super) fn without_metadata_service<'a>(
    env: &Env,
    mut texts: Vec<(&'a str, &'a str)>,
) -> Vec<(&'a str, &'a str)> {
    if !names_metadata_service(env) {
        texts.retain(|(name, _)| *name != DISABLED);
        texts.push((DISABLED, "true"));
    }
    texts
}

/// Adds the metadata service behind the SDK's chain.
pub(super) fn complete(config: SdkConfig, connection: &Connection, env: &Env) -> SdkConfig {
    let off = env.get(DISABLED).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let chain = config.credentials_provider();
    let (Some(chain), false) = (chain, off || connection.anonymous || names_metadata_service(env)) else {
        return config;
    };
    let Some(metadata) = metadata_service(&config, env) else { return config };
    let chain = CredentialsProviderChain::first_try("AwsChain", chain).or_else("InstanceMetadata", metadata);
    config.into_builder().credentials_provider(SharedCredentialsProvider::new(chain)).build()
}

fn metadata_service(config: &SdkConfig, env: &Env) -> Option<ImdsCredentialsProvider> {
    let second = Duration::from_secs(1);
    let http = config.http_client()?;
    let mut client = imds::Client::builder()
        .configure(&ProviderConfig::without_region().with_http_client(http))
        .max_attempts(1)
        .connect_timeout(second)
        .read_timeout(second);
    if let Some(address) = env.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") {
        client = client.endpoint(address).ok()?;
    }
    Some(ImdsCredentialsProvider::builder().imds_client(client.build()).build())
}
