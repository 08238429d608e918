//! `ehlo`: serves the page, and bridges it to mail servers.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::LazyLock;

use clap::{Args, Parser, Subcommand, ValueEnum};
use ehlo_relay::{Config, Relay, Running, assets, default_listen};
use tracing_subscriber::EnvFilter;

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
}

#[derive(Debug, Args)]
struct Serve {
    /// Where to listen.
    #[arg(
        long,
        value_name = "ADDR:PORT",
        help = "Listen here [default: 127.0.0.1:2580 and [::1]:2580]; port 0 takes a free one"
    )]
    listen: Vec<SocketAddr>,
    /// Offer a mail server to practise on, over real TCP
    #[arg(long)]
    practice: bool,
    /// Reach this port too, beside 25, 465, 587, 2525 and 2465
    #[arg(long, value_name = "N")]
    allow_port: Vec<u16>,
    /// Whose pages may use the relay.
    #[arg(long, value_name = "URL", help = "Let pages of this origin use the relay, such as https://docs.example")]
    allow_origin: Vec<String>,
    /// Ask this DNS server in place of the system's
    #[arg(long, value_name = "ADDR:PORT")]
    dns: Option<SocketAddr>,
    /// How the log on stderr looks; EHLO_LOG=debug in the environment says more
    #[arg(long, value_enum, default_value_t = Log::Json)]
    log: Log,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Log {
    /// One JSON object a line.
    Json,
    /// Lines for a person.
    Human,
}

impl Serve {
    fn config(self) -> Config {
        Config {
            listen: if self.listen.is_empty() { default_listen() } else { self.listen },
            allow_ports: self.allow_port,
            // A browser's Origin has no path; people paste one with the slash.
            allow_origins: self.allow_origin.iter().map(|url| url.trim_end_matches('/').to_owned()).collect(),
            dns: self.dns,
            practice: self.practice,
            ..Config::default()
        }
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
        Some(Command::Serve(serve)) => run(serve),
        None => run(cli.serve),
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
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        let page = assets::hash().map_or_else(|| "built without a page".to_owned(), |hash| format!("page {hash}"));
        format!("{}\n{page}", env!("CARGO_PKG_VERSION"))
    });
    &VERSION
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
    let written = assets::export(dir).map_err(|error| {
        failed(format!("cannot write to {} ({error}); name a folder that you may write to", dir.display()))
    })?;
    let Some(hash) = assets::hash() else {
        return Err(failed("this ehlo was built without the page; build it with the feature \"page\"".to_owned()));
    };
    let (folder, command) = (dir.display(), assets::HASH_COMMAND);
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
    for asset in assets::all() {
        sum += asset.smallest();
        writeln!(out, "{:>9} {:>9} {:>9}  {}", asset.raw.len(), asset.gzip.len(), asset.brotli.len(), asset.path)?;
    }
    writeln!(out, "{:>9} {:>9} {sum:>9}  all, brotli", "", "")?;
    writeln!(out, "page {}", assets::hash().unwrap_or("not built in"))
}

fn run(serve: Serve) -> Result<(), Failure> {
    start_log(serve.log);
    let config = serve.config();
    config.check().map_err(|error| (2, error.to_string()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failed(format!("cannot start ({error})")))?;
    runtime.block_on(async {
        let mut signals = Signals::new().map_err(|error| failed(format!("cannot listen for signals ({error})")))?;
        let running = Relay::start(config).await.map_err(|error| failed(error.to_string()))?;
        say(&ready(&running))?;
        signals.asked_to_stop().await;
        tokio::select! {
            () = running.stop() => {}
            // Asked twice: at once.
            () = signals.asked_to_stop() => {}
        }
        Ok(())
    })
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

/// The log goes to stderr: one line a session, and what goes wrong. `EHLO_LOG` takes another filter.
fn start_log(log: Log) {
    let filter = EnvFilter::try_from_env("EHLO_LOG").unwrap_or_else(|_| EnvFilter::new("warn,ehlo_relay=info"));
    let builder = tracing_subscriber::fmt().with_writer(io::stderr).with_env_filter(filter);
    match log {
        // Without the module's name, which would be called `target` as the mail server is.
        Log::Json => builder.json().flatten_event(true).with_target(false).init(),
        Log::Human => builder.with_ansi(false).init(),
    }
    // Where it happened, and not what was said: a message may hold what went through.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panic");
    }));
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
