//! What the tests share: a server with a bucket, and the SDK on it.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Builder, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use demo::{ACCESS_KEY, Options, SECRET_KEY, Server};

/// The bucket of most tests.
pub const BUCKET: &str = "bucket";

/// A server with an empty bucket, and a client of it.
pub fn start() -> (Server, Client) {
    start_with(Options::default())
}

pub fn start_with(options: Options) -> (Server, Client) {
    let server = Server::start(options).expect("a free port");
    server.store().create_bucket(BUCKET);
    let client = client(&server);
    (server, client)
}

pub fn client(server: &Server) -> Client {
    Client::from_conf(config(server).build())
}

/// A client that signs for another region.
pub fn client_in(server: &Server, region: &'static str) -> Client {
    Client::from_conf(config(server).region(Region::new(region)).build())
}

/// The settings of a client that asks once and sends and checks no more sums than it must.
pub fn config(server: &Server) -> Builder {
    unsigned(server).credentials_provider(Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "test"))
}

/// The same without credentials.
pub fn unsigned(server: &Server) -> Builder {
    aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(Region::new("us-east-1"))
        .endpoint_url(server.endpoint())
        .force_path_style(true)
        .retry_config(RetryConfig::disabled())
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
}

/// The status and code of a refused request.
pub fn refusal<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug>(
    result: Result<T, SdkError<E>>,
) -> (u16, String) {
    match result {
        Err(SdkError::ServiceError(error)) => {
            let code = error.err().meta().code().unwrap_or("-").to_owned();
            (error.raw().status().as_u16(), code)
        }
        other => panic!("not refused by the service: {other:?}"),
    }
}
