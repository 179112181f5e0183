//! Links from the panes of the real program.

use base64::Engine as _;

use super::ask;
use crate::terminal::{F10, Place, READY};

/// What the program last put into the terminal's clipboard.
fn copied(raw: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(raw);
    let code = text.rsplit("\x1b]52;c;").next().filter(|_| text.contains("\x1b]52;c;"))?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(code.split('\x07').next()?).ok()?;
    String::from_utf8(bytes).ok()
}

#[test]
fn a_link_is_made_copied_and_shown_as_a_code_and_kept_nowhere() {
    let place = Place::new();
    place.server.store().put("box", "a.txt", "bytes");
    let mut terminal = place.bifold(&["--set", "log.level=trace", "s3://box/", "."]);
    terminal.see(READY);
    terminal.see("a.txt");
    terminal.keys("jY");
    terminal.see("works for");
    terminal.keys("\r");
    terminal.see("X-Amz-Signature");
    terminal.keys("q");
    terminal.see("too small for the QR code");
    terminal.resize(160, 60);
    terminal.wait("the larger screen", |screen| {
        screen.rows(0, 160).nth(59).is_some_and(|row| row.contains("Quit"))
    });
    terminal.keys("q");
    terminal.see("▀▀▀▀▀▀▀");
    terminal.keys("x");
    terminal.see("X-Amz-Signature");
    terminal.keys("\r");
    terminal.see("copied a link to a.txt");
    let url = copied(&terminal.raw()).expect("the clipboard has it");
    assert_eq!(ask("GET", &url, &[], b"").body, b"bytes");
    terminal.keys(F10);
    assert!(terminal.ended().success());
    let all = super::cli::everything(&place.home());
    assert!(super::cli::holds(&all, "presigned a link"));
    let signature = url.split("X-Amz-Signature=").nth(1).expect("signed");
    let signature = signature.split('&').next().expect("a value");
    for secret in [signature, "X-Amz-Signature", "X-Amz-Credential", demo::SECRET_KEY] {
        assert!(!super::cli::holds(&all, secret), "{secret} was written");
    }
}

#[test]
fn marked_objects_give_a_link_a_line() {
    let place = Place::new();
    for name in ["a", "b", "c"] {
        place.server.store().put("box", name, name);
    }
    let mut terminal = place.bifold(&["s3://box/", "."]);
    terminal.see("1 B");
    terminal.keys("\x01Y\r");
    terminal.see("They work until");
    terminal.keys("\r");
    terminal.see("copied 3 links");
    let urls = copied(&terminal.raw()).expect("the clipboard has them");
    let read: Vec<_> = urls.lines().map(|url| ask("GET", url, &[], b"").body).collect();
    assert_eq!(read, [b"a", b"b", b"c"]);
    terminal.keys(F10);
    assert!(terminal.ended().success());
}
