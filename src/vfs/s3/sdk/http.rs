//! The HTTP client of a connection: rustls on ring, and the proxy that the environment names.

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use crate::config::Env;

/// Addresses that are never behind a proxy: this machine, and the metadata services.
const NEVER_PROXIED: &str = "localhost,127.0.0.1,::1,169.254.169.254,169.254.170.2,169.254.170.23";

/// A client that makes its connections when they are needed.
pub(super) fn client(env: &Env) -> SharedHttpClient {
    let proxy = proxy(env);
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut builder = Connector::builder().enable_tcp_nodelay(true);
        builder.set_connector_settings(settings.cloned());
        builder.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        builder.set_proxy_config(proxy.clone());
        builder.tls_provider(Provider::Rustls(CryptoMode::Ring)).build()
    })
}

fn proxy(env: &Env) -> Option<ProxyConfig> {
    let names = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    let address = names.iter().find_map(|name| env.get(name))?;
    let never = ["no_proxy", "NO_PROXY"].iter().find_map(|name| env.get(name)).unwrap_or_default();
    let proxy = ProxyConfig::all(address).ok();
    if proxy.is_none() {
        tracing::warn!("the proxy in the environment is no address; going without it");
    }
    Some(proxy?.no_proxy(format!("{NEVER_PROXIED},{never}")))
}
