//! Postfix, from Debian's package, unpacked and started from there.

use std::fmt::Write;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::{Certificate, Greylist, MailServer, Mailbox, folder_for, private_folder};
use crate::failure::{Failure, TestResult};
use crate::packages;
use crate::process::{Process, command, free_addr};
use crate::wait::listening;

/// How a Postfix is to behave. Without any call: it delivers, knows no other users, and does not relay.
#[derive(Clone, Debug, Default)]
pub struct PostfixSetup {
    main: String,
    recipients: String,
    postscreen: bool,
    greylisting: bool,
    auth: bool,
}

impl PostfixSetup {
    /// Any line for `main.cf`; the last one for a parameter wins.
    #[must_use]
    pub fn extra(mut self, line: &str) -> Self {
        self.main.push_str(line);
        self.main.push('\n');
        self
    }

    /// The largest message in octets that SIZE announces (RFC 1870); 552 above it.
    #[must_use]
    pub fn message_size_limit(self, octets: usize) -> Self {
        self.extra(&format!("message_size_limit = {octets}"))
    }

    /// 421 after so many errors in one connection.
    #[must_use]
    pub fn hard_error_limit(self, errors: usize) -> Self {
        self.extra(&format!("smtpd_hard_error_limit = {errors}"))
    }

    /// VRFY is refused with 502.
    #[must_use]
    pub fn disable_vrfy(self) -> Self {
        self.extra("disable_vrfy_command = yes")
    }

    /// The answer to RCPT for this address, such as `450 4.2.1 Busy`. 421 and 521 also drop the connection.
    #[must_use]
    pub fn recipient(mut self, address: &str, answer: &str) -> Self {
        let _ = writeln!(self.recipients, "{address} {answer}");
        self
    }

    /// postscreen in front, with this banner as the greeting's first line, and the second `wait` seconds later.
    /// A client that speaks before is refused.
    #[must_use]
    pub fn postscreen(mut self, banner: &str, wait: u32) -> Self {
        self.postscreen = true;
        self.extra(&format!(
            "postscreen_greet_banner = {banner}\npostscreen_greet_wait = {wait}s\npostscreen_greet_ttl = 1s\n\
             postscreen_greet_action = enforce\npostscreen_access_list ="
        ))
    }

    /// The first RCPT for a sender and recipient is put off with 450, the second passes ([`Greylist`]).
    #[must_use]
    pub fn greylisting(mut self) -> Self {
        self.greylisting = true;
        self
    }

    /// AUTH for `tester@domain.test` with the password `test-Pass1`, by Cyrus SASL (package sasl2-bin).
    #[must_use]
    pub fn auth(mut self) -> Self {
        self.auth = true;
        self.extra("smtpd_sasl_auth_enable = yes\nsmtpd_sasl_local_domain = domain.test")
    }

    /// Starts it, and waits until it listens.
    ///
    /// # Errors
    /// When it is not unpacked, or does not start; the text holds its log.
    pub async fn start(self) -> TestResult<Postfix> {
        Postfix::start(self).await
    }
}

/// A running Postfix.
#[derive(Debug)]
pub struct Postfix {
    process: Process,
    addr: SocketAddr,
    tls_addr: SocketAddr,
    mailbox: Mailbox,
    _greylist: Option<Greylist>,
    _folder: TempDir,
}

impl Postfix {
    /// A setup to change and then to start.
    pub fn setup() -> PostfixSetup {
        PostfixSetup::default()
    }

    async fn start(setup: PostfixSetup) -> TestResult<Self> {
        let folder = private_folder()?;
        let root = folder.path();
        let package = packages::for_everybody("postfix", root)?;
        let owner = packages::account("postfix")?;
        let (addr, tls_addr) = (free_addr()?, free_addr()?);
        let greylist = if setup.greylisting { Some(Greylist::start().await?) } else { None };

        make_queue(&root.join("spool"), owner)?;
        folder_for(&root.join("data"), 0o700, owner)?;
        folder_for(&root.join("mail"), 0o755, owner)?;
        let etc = root.join("etc");
        fs::create_dir_all(etc.join("sasl"))?;
        fs::copy(package.join("etc/postfix/postfix-files"), etc.join("postfix-files"))?;
        fs::write(etc.join("dynamicmaps.cf"), "")?;
        fs::write(etc.join("mailboxes"), "recipient@domain.test recipient/\nsecond@domain.test second/\n")?;
        fs::write(etc.join("recipients"), &setup.recipients)?;
        Certificate::shared()?.write(&etc)?;
        if setup.auth {
            add_login(&etc, owner)?;
        }
        fs::write(etc.join("main.cf"), main_cf(&package, root, owner, greylist.as_ref(), &setup.main))?;
        fs::write(etc.join("master.cf"), master_cf(addr, tls_addr, setup.postscreen))?;

        let mut master = command(package.join("usr/lib/postfix/sbin/master"));
        master.args(["-d", "-c"]).arg(&etc).env("MAIL_CONFIG", &etc).env("LD_LIBRARY_PATH", libraries(&package));
        let mut process = Process::start("Postfix", master, &root.join("log"))?;
        listening(addr, &mut process).await?;
        listening(tls_addr, &mut process).await?;
        let mailbox = Mailbox::new(root.join("mail/recipient/new"));
        Ok(Self { process, addr, tls_addr, mailbox, _greylist: greylist, _folder: folder })
    }
}

impl MailServer for Postfix {
    fn name(&self) -> &'static str {
        "Postfix"
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
        self.process.log()
    }
}

/// Where Postfix's programs find their libraries.
pub(super) fn libraries(package: &Path) -> String {
    let places: Vec<PathBuf> = vec![package.join("usr/lib/postfix"), package.join("usr/lib/x86_64-linux-gnu")];
    places.iter().map(|place| place.display().to_string()).collect::<Vec<_>>().join(":")
}

/// The folders of the queue, which `postfix check` would make more slowly.
fn make_queue(spool: &Path, owner: (u32, u32)) -> TestResult {
    folder_for(spool, 0o755, (0, 0))?;
    folder_for(&spool.join("pid"), 0o755, (0, 0))?;
    for name in "active bounce corrupt defer deferred flush hold incoming private saved trace".split_whitespace() {
        folder_for(&spool.join(name), 0o700, owner)?;
    }
    let dropping = (owner.0, packages::group("postdrop")?);
    folder_for(&spool.join("maildrop"), 0o730, dropping)?;
    folder_for(&spool.join("public"), 0o710, dropping)
}

/// The login in Cyrus SASL's own file; Debian's Postfix reads `sasl/smtpd.conf` beside `main.cf`.
fn add_login(etc: &Path, owner: (u32, u32)) -> TestResult {
    use std::io::Write;
    let file = etc.join("sasl/sasldb2");
    let mechanisms = "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256";
    let text = format!(
        "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {}\nmech_list: {mechanisms}\n",
        file.display()
    );
    fs::write(etc.join("sasl/smtpd.conf"), text)?;
    let tool = packages::program(
        &["saslpasswd2"],
        "run tests/run, or apt-get install sasl2-bin libsasl2-modules libsasl2-modules-db",
    )?;
    let mut child = Command::new(tool)
        .args(["-p", "-c", "-f"])
        .arg(&file)
        .args(["-u", "domain.test", "tester"])
        .stdin(Stdio::piped())
        .spawn()?;
    child.stdin.take().ok_or_else(|| Failure::new("saslpasswd2 takes no input"))?.write_all(b"test-Pass1")?;
    if !child.wait()?.success() {
        return Err(Failure::new("saslpasswd2 did not make the login"));
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
    chown(&file, Some(owner.0), Some(owner.1))?;
    Ok(())
}

fn main_cf(package: &Path, root: &Path, (uid, gid): (u32, u32), greylist: Option<&Greylist>, extra: &str) -> String {
    let policy = greylist.map(|g| format!(", check_policy_service inet:{}", g.addr())).unwrap_or_default();
    let (p, r, libraries) = (package.display(), root.display(), libraries(package));
    format!(
        "compatibility_level = 3.6
daemon_directory = {p}/usr/lib/postfix/sbin
command_directory = {p}/usr/sbin
shlib_directory = {p}/usr/lib/postfix
meta_directory = {r}/etc
queue_directory = {r}/spool
data_directory = {r}/data
sendmail_path = {p}/usr/sbin/sendmail
mailq_path = {p}/usr/sbin/sendmail
newaliases_path = {p}/usr/sbin/sendmail
manpage_directory = {p}/usr/share/man
html_directory = no
readme_directory = no
import_environment = MAIL_CONFIG MAIL_LOGTAG TZ LANG=C LD_LIBRARY_PATH={libraries}
maillog_file = /dev/stdout
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.domain.test
mydestination =
mynetworks = 192.0.2.1/32
local_header_rewrite_clients =
smtpd_peername_lookup = no
alias_maps =
alias_database =
virtual_mailbox_domains = domain.test
virtual_mailbox_maps = texthash:{r}/etc/mailboxes
virtual_mailbox_base = {r}/mail
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 50
default_transport = discard
smtpd_recipient_restrictions = check_recipient_access texthash:{r}/etc/recipients{policy}
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_tls_security_level = may
smtpd_tls_chain_files = {r}/etc/both.pem
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
{extra}"
    )
}

fn master_cf(addr: SocketAddr, tls_addr: SocketAddr, postscreen: bool) -> String {
    let front = if postscreen {
        format!(
            "{addr} inet n - n - 1 postscreen\nsmtpd pass - - n - - smtpd\ntlsproxy unix - - n - 0 tlsproxy\n\
             dnsblog unix - - n - 0 dnsblog"
        )
    } else {
        format!("{addr} inet n - n - - smtpd")
    };
    format!(
        "{front}
{tls_addr} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 discard
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
discard unix - - n - - discard
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"
    )
}
