//! What an endpoint's address tells: whether it may be spoken to, and whose it is.

use std::fmt;

use super::profile;
use crate::config::{Connection, Env};

/// Why an address is no endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadEndpoint {
    /// It is no `http://` or `https://` address.
    NoAddress(String),
    /// Plain `http` to another machine, which nobody asked for.
    Plain(String),
}

impl fmt::Display for BadEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress(text) => write!(f, "\"{text}\" is no address of a service"),
            Self::Plain(text) => {
                write!(f, "{text} is plain http to another machine: all would pass unencrypted")
            }
        }
    }
}

impl BadEndpoint {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoAddress(_) => "write endpoint_url as https://host or https://host:port",
            Self::Plain(_) => "use https, or set allow_http = true for this connection",
        }
    }
}

/// Checks that an endpoint is an address, and that plain `http` stays on this machine or is meant.
///
/// # Errors
/// What is wrong with it.
pub fn check(address: &str, allow_http: bool) -> Result<(), BadEndpoint> {
    let bad = || BadEndpoint::NoAddress(without_userinfo(address));
    let uri: http::Uri = address.parse().map_err(|_| bad())?;
    let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(bad)?;
    match uri.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if allow_http || is_loopback(host) => Ok(()),
        Some("http") => Err(BadEndpoint::Plain(without_userinfo(address))),
        _ => Err(bad()),
    }
}

/// A password in an address must not reach a screen or a log.
pub(super) fn without_userinfo(address: &str) -> String {
    match (address.split_once("://"), address.rfind('@')) {
        (Some((scheme, _)), Some(at)) => format!("{scheme}://{}", &address[at + 1..]),
        _ => address.to_owned(),
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// The endpoint of a connection by settings, environment and profile, in one spelling; `None` is AWS.
/// Reads the shared AWS configuration file where it has to.
pub fn named(connection: &Connection, env: &Env) -> Option<String> {
    let ignored = env.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|it| it == "true");
    let of_env = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]
        .iter()
        .find_map(|name| env.get(name).filter(|address| !address.is_empty()));
    let named = connection.endpoint_url.clone().or_else(|| of_env.filter(|_| !ignored).map(str::to_owned));
    let of_profile = || profile::endpoint(&profile::shared_config(env), profile_name(connection, env));
    let address = named.or_else(|| if ignored { None } else { of_profile() })?;
    Some(one_spelling(&address))
}

/// Two names of one place are one: this machine's is its number.
fn one_spelling(address: &str) -> String {
    let address = address.trim_end_matches('/').to_ascii_lowercase();
    let Some((scheme, rest)) = address.split_once("://") else { return address };
    let at_home = |after: &&str| after.is_empty() || after.starts_with([':', '/']);
    match rest.strip_prefix("localhost").filter(at_home) {
        Some(after) => format!("{scheme}://127.0.0.1{after}"),
        None => address,
    }
}

/// The profile in force.
fn profile_name<'a>(connection: &'a Connection, env: &'a Env) -> &'a str {
    connection.profile.as_deref().or_else(|| env.get("AWS_PROFILE")).unwrap_or("default")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine() {
        for fine in
            ["http://localhost:9000", "http://127.0.0.1:1", "http://[::1]:9000", "https://s3.example.org"]
        {
            assert_eq!(check(fine, false), Ok(()), "{fine}");
        }
        for plain in ["http://10.0.0.1:9000", "http://localhost.example.org", "http://127.0.0.1.example.org"]
        {
            assert_eq!(check(plain, false), Err(BadEndpoint::Plain(plain.into())), "{plain}");
            assert_eq!(check(plain, true), Ok(()), "{plain}");
        }
        for none in ["", "localhost:9000", "ftp://x", "https://", "not an address"] {
            assert!(matches!(check(none, true), Err(BadEndpoint::NoAddress(_))), "{none}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        let error = check("http://me:hunter2@10.0.0.1", false).expect_err("plain");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn this_machine_has_one_name() {
        for (typed, one) in [
            ("http://localhost:9000/", "http://127.0.0.1:9000"),
            ("http://LOCALHOST", "http://127.0.0.1"),
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
            ("http://localhost.example.org", "http://localhost.example.org"),
            ("https://user@localhost:1", "https://user@localhost:1"),
        ] {
            assert_eq!(one_spelling(typed), one);
        }
    }

    #[test]
    fn settings_come_before_the_environment() {
        let env =
            Env::default().with("AWS_ENDPOINT_URL", "http://a/").with("AWS_ENDPOINT_URL_S3", "http://B");
        assert_eq!(named(&Connection::default(), &env).as_deref(), Some("http://b"));
        let own = Connection { endpoint_url: Some("https://own/".into()), ..Connection::default() };
        assert_eq!(named(&own, &env).as_deref(), Some("https://own"));
        assert_eq!(named(&Connection::default(), &Env::default()), None);
    }
}
