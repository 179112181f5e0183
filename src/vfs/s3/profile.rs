//! What the shared AWS configuration file says that must be known before the SDK reads it: the endpoint of
//! a profile, since two connections to one service are one place, and whether the instance's metadata
//! service is asked for by name.

use std::path::{Path, PathBuf};

use crate::config::Env;

/// The text of the shared configuration file; empty where there is none.
pub(super) fn shared_config(env: &Env) -> String {
    let named = env.get_os("AWS_CONFIG_FILE").map(PathBuf::from);
    let usual = || env.get_os("HOME").map(|home| Path::new(home).join(".aws/config"));
    let text = named.or_else(usual).and_then(|path| std::fs::read_to_string(path).ok());
    text.unwrap_or_default()
}

/// Whether a profile has `credential_source = Ec2InstanceMetadata`.
pub(super) fn names_metadata_service(env: &Env) -> bool {
    shared_config(env).to_ascii_lowercase().contains("ec2instancemetadata")
}

/// The endpoint that a profile names for S3: that of its `services` section, else its own.
pub(super) fn endpoint(text: &str, profile: &str) -> Option<String> {
    let section = if profile == "default" { "default".to_owned() } else { format!("profile {profile}") };
    let own = section_lines(text, &section);
    let top = |name: &str| own.iter().find_map(|line| value(line, name).filter(|_| !is_nested(line)));
    let services = top("services").map(|name| section_lines(text, &format!("services {name}")));
    let of_s3 = services.as_deref().and_then(s3_endpoint);
    of_s3.or_else(|| top("endpoint_url")).map(str::to_owned)
}

/// The nested `endpoint_url` below `s3 =`.
fn s3_endpoint<'a>(lines: &[&'a str]) -> Option<&'a str> {
    let start = lines.iter().position(|line| !is_nested(line) && value(line, "s3").is_some())?;
    let nested = lines[start + 1..].iter().take_while(|line| is_nested(line));
    nested.into_iter().find_map(|line| value(line, "endpoint_url"))
}

fn section_lines<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let header = |line: &str| {
        let inner = line.trim().strip_prefix('[')?.split(']').next()?;
        Some(inner.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let mut inside = false;
    let mut lines = Vec::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with(['#', ';'])) {
        match header(line) {
            Some(found) => inside = found == name,
            None if inside && !line.trim().is_empty() => lines.push(line),
            None => {}
        }
    }
    lines
}

fn is_nested(line: &str) -> bool {
    line.starts_with([' ', '\t'])
}

fn value<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (key, value) = line.split_once('=')?;
    (key.trim() == name).then(|| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "
[default]
region = us-east-1
s3 =
    endpoint_url = http://nested.example.org
[profile minio]
endpoint_url = http://127.0.0.1:9000
[ profile  both ]
# endpoint_url = http://comment.example.org
endpoint_url = https://any.example.org
services = own
[services own]
ec2 =
  endpoint_url = https://ec2.example.org
s3 =
  addressing_style = path
  endpoint_url = https://s3.example.org
";

    #[test]
    fn a_profile_names_its_endpoint() {
        assert_eq!(endpoint(TEXT, "minio").as_deref(), Some("http://127.0.0.1:9000"));
        assert_eq!(endpoint(TEXT, "both").as_deref(), Some("https://s3.example.org"));
        assert_eq!(endpoint(TEXT, "default"), None);
        assert_eq!(endpoint(TEXT, "nobody"), None);
        assert_eq!(endpoint("", "default"), None);
    }
}
