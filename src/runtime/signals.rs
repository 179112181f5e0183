//! What the operating system asks of the program: [`Signal`].

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// A signal, in the program's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// SIGTERM, SIGHUP (a closed terminal).
    Terminate,
    /// SIGINT: from elsewhere, or a key of a program that has the terminal.
    Interrupt,
    /// SIGTSTP: stop until a shell goes on with it.
    Suspend,
    /// SIGCONT: it goes on.
    Resumed,
    /// SIGWINCH. The terminal's events tell sizes too, but lose one that comes together with a key.
    Resized,
}

/// The signals from now on. Must be called inside the tokio runtime.
pub(super) fn watch() -> io::Result<mpsc::Receiver<Signal>> {
    let (send, receive) = mpsc::channel(8);
    let kinds = [
        (SignalKind::terminate(), Signal::Terminate),
        (SignalKind::hangup(), Signal::Terminate),
        (SignalKind::interrupt(), Signal::Interrupt),
        (SignalKind::window_change(), Signal::Resized),
        (SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()), Signal::Suspend),
        (SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()), Signal::Resumed),
    ];
    for (kind, means) in kinds {
        let (mut signals, send) = (signal(kind)?, send.clone());
        tokio::spawn(
            async move { while signals.recv().await.is_some() && send.send(means).await.is_ok() {} },
        );
    }
    Ok(receive)
}
