//! `ehlo`: serves the page, and bridges it to mail servers.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::LazyLock;

use clap::{Args, Parser, Subcommand, ValueEnum};
use ehlo_core::secret::Secret;
use ehlo_relay::{Config, NamedTarget, Profile, Relay, Running, Token, assets};
use ipnet::IpNet;
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
    /// Say in sentences what the configuration allows, or what is wrong with it; nothing is started.
    CheckConfig(Serve),
    /// Print a new token, and its hash for the configuration.
    Token,
}

/// What a flag says counts before the environment, that before the file, and that before the profile.
#[derive(Debug, Args)]
struct Serve {
    /// Read the configuration from this TOML file
    #[arg(long, value_name = "FILE", env = "EHLO_CONFIG")]
    config: Option<PathBuf>,
    /// For whom the relay is: this decides all defaults [default: personal]
    #[arg(long, value_name = "WORD", env = "EHLO_PROFILE", value_parser = profile)]
    profile: Option<Profile>,
    /// Where to listen.
    #[arg(
        long,
        value_name = "ADDR:PORT",
        env = "EHLO_LISTEN",
        value_delimiter = ',',
        help = "Listen here [default: 127.0.0.1:2580 and [::1]:2580]; port 0 takes a free one"
    )]
    listen: Vec<SocketAddr>,
    /// By which name people open the page, with the port where it is not 80 or 443
    #[arg(long, value_name = "NAME", env = "EHLO_PUBLIC_NAME", value_delimiter = ',')]
    public_name: Vec<String>,
    /// Let pages reach this server by a name
    #[arg(long, value_name = "NAME=HOST:PORT", env = "EHLO_TARGET", value_delimiter = ',', value_parser = target)]
    target: Vec<(String, NamedTarget)>,
    /// Let pages of the profile "intranet" reach the addresses of this network
    #[arg(long, value_name = "NETWORK", env = "EHLO_ALLOW_NETWORK", value_delimiter = ',')]
    allow_network: Vec<IpNet>,
    /// Never reach the addresses of this network
    #[arg(long, value_name = "NETWORK", env = "EHLO_DENY_NETWORK", value_delimiter = ',')]
    deny_network: Vec<IpNet>,
    /// Believe the proxies of this network whom they speak for (X-Forwarded-For)
    #[arg(long, value_name = "NETWORK", env = "EHLO_TRUSTED_PROXY", value_delimiter = ',')]
    trusted_proxy: Vec<IpNet>,
    /// Let everybody use a public relay, without a token
    #[arg(long)]
    open_to_everybody: bool,
    /// Offer a mail server to practise on, over real TCP
    #[arg(long)]
    practice: bool,
    /// Reach this port too, beside 25, 465, 587, 2525 and 2465
    #[arg(long, value_name = "N", env = "EHLO_ALLOW_PORT", value_delimiter = ',')]
    allow_port: Vec<u16>,
    /// Whose pages may use the relay.
    #[arg(
        long,
        value_name = "URL",
        env = "EHLO_ALLOW_ORIGIN",
        value_delimiter = ',',
        help = "Let pages of this origin use the relay, such as https://docs.example"
    )]
    allow_origin: Vec<String>,
    /// Ask this DNS server in place of the system's
    #[arg(long, value_name = "ADDR:PORT", env = "EHLO_DNS")]
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
    /// The file's configuration with what was said here; lists that only add are put together.
    fn config(self) -> Result<Config, Failure> {
        let profile = self.profile;
        let mut config = match &self.config {
            Some(file) => Config::from_file(file, profile).map_err(|error| (2, error.to_string()))?,
            None => Config::of(profile.unwrap_or_default()),
        };
        if !self.listen.is_empty() {
            config.listen = self.listen;
        }
        if !self.public_name.is_empty() {
            config.public_names = self.public_name;
        }
        config.targets.extend(self.target);
        config.allow_networks.extend(self.allow_network);
        config.deny_networks.extend(self.deny_network);
        config.trusted_proxies.extend(self.trusted_proxy);
        config.allow_ports.extend(self.allow_port);
        // A browser's Origin has no path; people paste one with the slash.
        config.allow_origins.extend(self.allow_origin.iter().map(|url| url.trim_end_matches('/').to_owned()));
        config.open_to_everybody |= self.open_to_everybody;
        config.practice |= self.practice;
        config.dns = self.dns.or(config.dns);
        config.check().map_err(|error| (2, error.to_string()))?;
        Ok(config)
    }
}

fn profile(word: &str) -> Result<Profile, String> {
    let found = Profile::ALL.into_iter().find(|profile| profile.word() == word);
    found.ok_or_else(|| "write personal, intranet or public".to_owned())
}

fn target(text: &str) -> Result<(String, NamedTarget), String> {
    let parts = text.split_once('=').and_then(|(name, server)| Some((name, server.rsplit_once(':')?)));
    let Some((name, (host, port))) = parts else {
        return Err("write it as exchange=mail.corp.example:25".to_owned());
    };
    let port = port.parse().map_err(|_| format!("{port:?} is no port"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    Ok((name.to_owned(), NamedTarget { host, port, allow_proxy_header: false }))
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let outcome = match cli.command {
        Some(Command::Export { dir }) => export(&dir),
        Some(Command::Sizes) => sizes().map_err(|error| failed(error.to_string())),
        Some(Command::CheckConfig(serve)) => check_config(serve),
        Some(Command::Token) => token(),
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

fn check_config(serve: Serve) -> Result<(), Failure> {
    say(&serve.config()?.sentences().join("\n"))
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

fn run(serve: Serve) -> Result<(), Failure> {
    start_log(serve.log);
    let config = serve.config()?;
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
