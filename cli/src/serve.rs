//! Runs a relay until it is told to end.

use ehlo_cli::page;
use ehlo_relay::{Relay, Running};

use crate::flags::Serve;
use crate::log::start_log;
use crate::signals::{Hangups, Signals};
use crate::{Failure, failed, say};

/// Starts the relay, says what to open, and ends it when it is told to.
pub(crate) fn run(serve: &Serve) -> Result<(), Failure> {
    let config = serve.config()?;
    let _log = start_log(&config)?;
    #[cfg(unix)]
    raise_descriptors();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failed(format!("cannot start ({error})")))?;
    runtime.block_on(async {
        let unheard = |error| failed(format!("cannot listen for signals ({error})"));
        let mut signals = Signals::new().map_err(unheard)?;
        let mut hangups = Hangups::new(serve.file.is_some()).map_err(unheard)?;
        let running = Relay::start(config, page()).await.map_err(|error| failed(error.to_string()))?;
        if let Err((_, why)) = say(&ready(&running)) {
            // A full disk is no reason not to serve.
            tracing::warn!(why, url = running.url(), "ready");
        }
        loop {
            tokio::select! {
                () = signals.asked_to_stop() => break,
                () = hangups.next() => reload(serve, &running),
            }
        }
        tokio::select! {
            () = running.stop() => {}
            // Asked twice: at once.
            () = signals.asked_to_stop() => {}
        }
        Ok(())
    })
}

/// Reads the file again; what is wrong with it is logged, and the old configuration kept.
fn reload(serve: &Serve, running: &Running) {
    let outcome = serve.config().map_err(|(_, why)| why).inspect_err(|why| running.reload_failed(why));
    match outcome.and_then(|config| running.reload(&config).map_err(|error| error.to_string())) {
        Ok(kept) => {
            tracing::warn!("the configuration has been read again; new conversations follow it");
            for what in kept {
                tracing::warn!("{what}");
            }
        }
        Err(why) => tracing::error!(why, "the configuration cannot be used; the old one is kept"),
    }
}

/// As many descriptors as the system gives, since a conversation takes two; what came of it is logged.
#[cfg(unix)]
fn raise_descriptors() {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(descriptors) => tracing::info!(target: "ehlo_relay::descriptors", descriptors, "descriptor limit"),
        Err(error) => tracing::info!(target: "ehlo_relay::descriptors", %error, "the descriptor limit stays as it is"),
    }
}

/// What to open, and where the practice servers are.
fn ready(running: &Running) -> String {
    let mut text = format!("Ehlo is ready: open {}", running.url());
    let practice = running.practice();
    if let Some(first) = practice.first() {
        let address = first.address;
        text += &format!("\nPractice server: telnet {} {}", address.ip(), address.port());
        for target in practice {
            text += &format!("\n  {:<26} {:<22} {}", target.name, target.address, target.title);
        }
    }
    text
}
