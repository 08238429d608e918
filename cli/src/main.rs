//! `ehlo`: serves the page, and bridges it to mail servers.

mod flags;
mod log;
mod serve;
mod signals;

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::LazyLock;

use clap::{Parser, Subcommand};
use ehlo_cli::page;
use ehlo_core::secret::Secret;
use ehlo_relay::{Assets, Token, options};

use flags::Serve;
use serve::run;

/// Memory that thousands of sessions have used goes back to the system when they have left, by a thread of its own within
/// seconds; the system's allocator keeps nearly all of it (figures in DEPLOY.md).
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

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

/// A line on stdout; whoever has closed it does not want it.
fn say(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(failed(format!("cannot print ({error})"))),
        _ => Ok(()),
    }
}
