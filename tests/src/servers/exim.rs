//! Exim, from Debian's package, unpacked and started from there.

use std::fmt::Write;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::chown;
use std::path::Path;

use tempfile::TempDir;

use super::{Certificate, MailServer, Mailbox, folder_for, private_folder};
use crate::failure::TestResult;
use crate::packages;
use crate::process::{Process, command, free_addr};
use crate::wait::listening;

/// How an Exim is to behave. `r450@domain.test` and `r452@domain.test` are always put off with that code.
#[derive(Clone, Debug, Default)]
pub struct EximSetup {
    main: String,
}

impl EximSetup {
    /// Any line for the first part of the configuration.
    #[must_use]
    pub fn extra(mut self, line: &str) -> Self {
        let _ = writeln!(self.main, "{line}");
        self
    }

    /// The largest message in octets that SIZE announces (RFC 1870); 552 above it.
    #[must_use]
    pub fn message_size_limit(self, octets: usize) -> Self {
        self.extra(&format!("message_size_limit = {octets}"))
    }

    /// The connection is dropped after more syntax and protocol errors than this.
    #[must_use]
    pub fn hard_error_limit(self, errors: usize) -> Self {
        self.extra(&format!("smtp_max_synprot_errors = {errors}"))
    }

    /// Starts it, and waits until it listens.
    ///
    /// # Errors
    /// When it is not unpacked, or does not start; the text holds its log.
    pub async fn start(self) -> TestResult<Exim> {
        Exim::start(self).await
    }
}

/// A running Exim.
#[derive(Debug)]
pub struct Exim {
    process: Process,
    addr: SocketAddr,
    tls_addr: SocketAddr,
    mailbox: Mailbox,
    folder: TempDir,
}

impl Exim {
    /// A setup to change and then to start.
    pub fn setup() -> EximSetup {
        EximSetup::default()
    }

    async fn start(setup: EximSetup) -> TestResult<Self> {
        let folder = private_folder()?;
        let root = folder.path();
        let package = packages::for_everybody("exim4-daemon-light", root)?;
        let owner = packages::account("Debian-exim")?;
        let (addr, tls_addr) = (free_addr()?, free_addr()?);
        for name in ["spool", "log", "mail"] {
            folder_for(&root.join(name), 0o755, owner)?;
        }
        Certificate::shared()?.write(root)?;
        for name in ["leaf.pem", "leaf.key"] {
            chown(root.join(name), Some(owner.0), Some(owner.1))?;
        }
        let file = root.join("exim.conf");
        fs::write(&file, configuration(&package, root, addr, tls_addr, &setup.main))?;

        let libraries = format!("{0}/usr/lib:{0}/usr/lib/x86_64-linux-gnu", package.display());
        let mut exim = command(package.join("usr/sbin/exim4"));
        exim.arg("-C").arg(&file).arg("-bdf").env("LD_LIBRARY_PATH", libraries);
        let mut process = Process::start("Exim", exim, &root.join("out"))?;
        listening(addr, &mut process).await?;
        listening(tls_addr, &mut process).await?;
        let mailbox = Mailbox::new(root.join("mail/recipient/new"));
        Ok(Self { process, addr, tls_addr, mailbox, folder })
    }
}

impl MailServer for Exim {
    fn name(&self) -> &'static str {
        "Exim"
    }
    fn addr(&self) -> SocketAddr {
        self.addr
    }
    fn tls_addr(&self) -> SocketAddr {
        self.tls_addr
    }
    fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }
    fn log(&self) -> String {
        let mut text = self.process.log();
        for name in ["mainlog", "rejectlog", "paniclog"] {
            let file = fs::read(self.folder.path().join("log").join(name)).unwrap_or_default();
            let _ = writeln!(text, "{}", String::from_utf8_lossy(&file));
        }
        text
    }
}

fn configuration(package: &Path, root: &Path, addr: SocketAddr, tls_addr: SocketAddr, extra: &str) -> String {
    let (p, r, port, tls_port) = (package.display(), root.display(), addr.port(), tls_addr.port());
    let main = format!(
        "exim_path = {p}/usr/sbin/exim4
keep_environment = LD_LIBRARY_PATH
exim_user = Debian-exim
exim_group = Debian-exim
spool_directory = {r}/spool
log_file_path = {r}/log/%slog
pid_file_path = {r}/pid
primary_hostname = mail.domain.test
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port} : {tls_port}
tls_on_connect_ports = {tls_port}
disable_ipv6 = true
deliver_drop_privilege = true
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts = *
tls_certificate = {r}/leaf.pem
tls_privatekey = {r}/leaf.key
acl_smtp_rcpt = rcpt
{extra}"
    );
    main + RULES.replace("@MAIL@", &format!("{r}/mail")).as_str()
}

/// Who is accepted, where mail goes, and who may log in.
const RULES: &str = r"begin acl
rcpt:
  defer local_parts = r450 : r452
        message = ${sg{$local_part}{^r}{}} Try later
  accept authenticated = *
  require message = relay not permitted
        domains = domain.test
  require verify = recipient
  accept
begin routers
users:
  driver = accept
  domains = domain.test
  local_parts = recipient : second
  transport = maildir
unknown:
  driver = redirect
  domains = domain.test
  data = :fail: Unknown user
  allow_fail
elsewhere:
  driver = accept
  transport = nowhere
begin transports
maildir:
  driver = appendfile
  maildir_format
  directory = @MAIL@/$local_part_data
  user = Debian-exim
  create_directory
nowhere:
  driver = appendfile
  file = /dev/null
  user = Debian-exim
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{eq{$auth2}{tester}}{eq{$auth3}{test-Pass1}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${if and{{eq{$auth1}{tester}}{eq{$auth2}{test-Pass1}}}}
  server_set_id = $auth1
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${if eq{$auth1}{tester}{test-Pass1}fail}
  server_set_id = $auth1
";
