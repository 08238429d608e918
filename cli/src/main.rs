//! `ehlo`: serves the page, and bridges it to mail servers.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::LazyLock;

use clap::{Arg, ArgAction, ArgMatches, Args, FromArgMatches, Parser, Subcommand};
use ehlo_cli::page;
use ehlo_core::secret::Secret;
use ehlo_relay::options::{self, Given, Text};
use ehlo_relay::{Assets, Config, LogFormat, Relay, Running, Token};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

/// Memory that thousands of sessions have used goes back to the system when they have left, by a thread of its own within
/// seconds; the system's allocator keeps nearly all of it (figures in DEPLOY.md).
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The most lines of the log that wait for being written: some MB, or minutes of a busy relay.
const LOG_LINES: usize = 20_000;

/// Ehlo: the SMTP conversation as a web page. Start it, and open the address that it prints.
#[derive(Debug, Parser)]
#[command(name = "ehlo", version = version(), args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the page and the relay; this is what happens without a command.
    Serve(Serve),
    /// Write the page's files into a folder, for a static host.
    Export {
        /// The folder; it is made where it does not exist.
        dir: PathBuf,
    },
    /// Print the sizes of the page's files.
    Sizes,
    /// Say in sentences what the configuration allows, or what is wrong with it; nothing is started.
    CheckConfig(Serve),
    /// Print a table of all options in Markdown.
    Options,
    /// Print a new token, and its hash for the configuration.
    Token,
}

/// What a flag says counts before the environment, that before the file, and that before the profile.
#[derive(Debug)]
struct Serve {
    file: Option<PathBuf>,
    given: Given,
}

impl Serve {
    fn config(&self) -> Result<Config, Failure> {
        Config::read(self.file.as_deref(), &self.given).map_err(|why| (2, why))
    }
}

/// The flags come from the table of options; those of single limits only stand in the long help.
impl Args for Serve {
    fn augment_args(command: clap::Command) -> clap::Command {
        let file = Arg::new("config").long("config").value_name("FILE").env("EHLO_CONFIG");
        let file = file.value_parser(clap::value_parser!(PathBuf)).help("Read the configuration from this TOML file");
        options::ALL.iter().fold(command.arg(file), |command, entry| {
            let about = entry.about.trim_end_matches('.').to_owned();
            let arg = Arg::new(entry.name).long(entry.flag()).env(entry.variable()).help(about);
            let arg = arg.value_name(entry.form).hide_short_help(entry.name.starts_with("limits."));
            command.arg(match entry.text {
                Text::Switch => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
                text if text.is_list() => arg.action(ArgAction::Append).value_delimiter(','),
                _ => arg,
            })
        })
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Serve {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let texts = |name| matches.get_many::<String>(name).map(|texts| texts.cloned().collect());
        let values = options::ALL.iter().filter_map(|entry| Some((entry, texts(entry.name)?))).collect();
        Ok(Self { file: matches.get_one::<PathBuf>("config").cloned(), given: Given { values } })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let outcome = match cli.command {
        Some(Command::Export { dir }) => export(&dir),
        Some(Command::Sizes) => sizes().map_err(|error| failed(error.to_string())),
        Some(Command::CheckConfig(serve)) => check_config(&serve),
        Some(Command::Options) => say(options::markdown().trim_end()),
        Some(Command::Token) => token(),
        Some(Command::Serve(serve)) => run(&serve),
        None => run(&cli.serve),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, message)) => {
            let _ = writeln!(io::stderr(), "ehlo: {message}");
            ExitCode::from(code)
        }
    }
}

/// The version, and which page it is.
fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| format!("{}\npage {}", env!("CARGO_PKG_VERSION"), page_hash()));
    &VERSION
}

fn page_hash() -> &'static str {
    page().hash().unwrap_or("empty")
}

/// Help goes to stdout; a mistake is one line that says where help is.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let told = error.to_string();
    let first = told.lines().next().unwrap_or_default().trim_start_matches("error: ");
    let _ = writeln!(io::stderr(), "ehlo: {first}; see ehlo --help");
    ExitCode::from(2)
}

/// An exit code and what to do: 2 where the command line is wrong, 1 for everything else.
type Failure = (u8, String);

const fn failed(message: String) -> Failure {
    (1, message)
}

fn export(dir: &Path) -> Result<(), Failure> {
    let written = page().export(dir).map_err(|error| {
        failed(format!("cannot write to {} ({error}); name a folder that you may write to", dir.display()))
    })?;
    let (folder, hash, command) = (dir.display(), page_hash(), Assets::HASH_COMMAND);
    say(&format!(
        "{written} files are in {folder}.\n\
         Put that folder on any web server, and let its page use a relay by starting that with --allow-origin and\n\
         the page's address. On this machine, for example:\n  \
         python3 -m http.server --bind 127.0.0.1 --directory {folder} 8025\n  \
         ehlo --allow-origin http://127.0.0.1:8025\n\
         The page's hash is {hash}. In that folder, this prints it too:\n  \
         {command}"
    ))
}

fn sizes() -> io::Result<()> {
    let mut out = io::stdout().lock();
    let mut sum = 0;
    writeln!(out, "{:>9} {:>9} {:>9}  file", "raw", "gzip", "brotli")?;
    for asset in page().files() {
        sum += asset.smallest();
        writeln!(out, "{:>9} {:>9} {:>9}  {}", asset.raw.len(), asset.gzip.len(), asset.brotli.len(), asset.path)?;
    }
    writeln!(out, "{:>9} {:>9} {sum:>9}  all, brotli", "", "")?;
    writeln!(out, "page {}", page_hash())
}

fn check_config(serve: &Serve) -> Result<(), Failure> {
    let config = serve.config()?;
    let mut told = config.sentences();
    let changed = config.changed();
    if !changed.is_empty() {
        told.push("What is not as the profile has it:".to_owned());
        told.extend(changed.iter().map(|option| format!("  {option}")));
    }
    say(&told.join("\n"))
}

/// 256 bits that nobody can guess, as the system gives them.
fn token() -> Result<(), Failure> {
    let mut octets = [0; 32];
    getrandom::fill(&mut octets).map_err(|error| failed(format!("the system gives no random numbers ({error})")))?;
    let text = octets.iter().fold(String::new(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    });
    let token =
        Token::from_secret("visitor", &Secret::new(text.as_str())).map_err(|error| failed(error.to_string()))?;
    say(&format!(
        "The token, for the person who may use the relay; it is shown only now:\n  {text}\n\
         Its hash, for the relay's file; write the person's name for \"visitor\":\n  \
         [tokens.visitor]\n  sha256 = \"{}\"",
        token.hexadecimal()
    ))
}

fn run(serve: &Serve) -> Result<(), Failure> {
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

/// A line on stdout; whoever has closed it does not want it.
fn say(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(failed(format!("cannot print ({error})"))),
        _ => Ok(()),
    }
}

/// The log goes to stderr: one line a session, and what goes wrong. Nobody waits for it: where stderr takes nothing for
/// long, lines are lost and conversations go on. What is in the queue is written when the guard goes.
fn start_log(config: &Config) -> Result<WorkerGuard, Failure> {
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

/// Ctrl-C, or a service manager's word; listened for from the moment that it is made.
struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    #[cfg(unix)]
    async fn asked_to_stop(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    fn new() -> io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn asked_to_stop(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// The word to read the file again (SIGHUP); without a file the signal ends the program, as when a terminal is closed.
struct Hangups {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl Hangups {
    #[cfg(unix)]
    fn new(has_file: bool) -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { signal: has_file.then(|| signal(SignalKind::hangup())).transpose()? })
    }

    #[cfg(not(unix))]
    fn new(_has_file: bool) -> io::Result<Self> {
        Ok(Self {})
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal {
            signal.recv().await;
            return;
        }
        std::future::pending::<()>().await;
    }
}
