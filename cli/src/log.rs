//! The log, on stderr.

use std::io;

use ehlo_relay::{Config, LogFormat};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

use crate::Failure;

/// The most lines of the log that wait for being written: some MB, or minutes of a busy relay.
const LOG_LINES: usize = 20_000;

/// The log goes to stderr: one line a session, and what goes wrong. Nobody waits for it: where stderr takes nothing for
/// long, lines are lost and conversations go on. What is in the queue is written when the guard goes.
pub(crate) fn start_log(config: &Config) -> Result<WorkerGuard, Failure> {
    let filter = EnvFilter::try_new(&config.log)
        .map_err(|error| (2, format!("--log {:?} is no filter ({error}); write info or debug", config.log)))?;
    let (writer, guard) = NonBlockingBuilder::default().buffered_lines_limit(LOG_LINES).finish(io::stderr());
    let builder = tracing_subscriber::fmt().with_writer(writer).with_env_filter(filter);
    // A line that cannot be written, as on a full disk, is lost; the library would else say so, and panic.
    let builder = builder.log_internal_errors(false);
    match config.log_format {
        // Without the module's name, which would be called `target` as the mail server is.
        LogFormat::Json => builder.json().flatten_event(true).with_target(false).init(),
        LogFormat::Human => builder.with_ansi(false).init(),
    }
    // Where it happened, and not what was said: a message may hold what went through.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panic");
    }));
    Ok(guard)
}
