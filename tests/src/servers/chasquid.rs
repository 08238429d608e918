//! chasquid, from Debian's package, unpacked and started from there.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::{Certificate, MailServer, Mailbox, private_folder};
use crate::failure::{Failure, TestResult};
use crate::packages;
use crate::process::{Process, command, free_addr};
use crate::wait::listening;

/// How a chasquid is to behave: it has little to choose. It closes after the third error of any kind.
#[derive(Clone, Debug)]
pub struct ChasquidSetup {
    megabytes: usize,
}

impl ChasquidSetup {
    /// The largest message, in MiB, that SIZE announces (RFC 1870); one unless said.
    #[must_use]
    pub fn message_size_limit_mb(mut self, megabytes: usize) -> Self {
        self.megabytes = megabytes;
        self
    }

    /// Starts it, and waits until it listens.
    ///
    /// # Errors
    /// When it is not unpacked, or does not start; the text holds its log.
    pub async fn start(self) -> TestResult<Chasquid> {
        Chasquid::start(self).await
    }
}

/// A running chasquid.
#[derive(Debug)]
pub struct Chasquid {
    process: Process,
    addr: SocketAddr,
    tls_addr: SocketAddr,
    submission_addr: SocketAddr,
    mailbox: Mailbox,
    _folder: TempDir,
}

impl Chasquid {
    /// A setup to change and then to start.
    pub fn setup() -> ChasquidSetup {
        ChasquidSetup { megabytes: 1 }
    }

    /// The submission port (RFC 6409), which wants TLS and the login `tester@domain.test`, `test-Pass1`.
    pub fn submission_addr(&self) -> SocketAddr {
        self.submission_addr
    }

    async fn start(setup: ChasquidSetup) -> TestResult<Self> {
        let folder = private_folder()?;
        let root = folder.path();
        let package = packages::unpacked("chasquid")?;
        let (addr, tls_addr, submission_addr) = (free_addr()?, free_addr()?, free_addr()?);
        let conf = root.join("conf");
        let certs = conf.join("certs/mail.domain.test");
        for path in [&certs, &conf.join("domains/domain.test"), &root.join("data")] {
            fs::create_dir_all(path)?;
        }
        for user in ["recipient", "second"] {
            fs::create_dir_all(root.join("mail").join(user).join("tmp"))?;
            fs::create_dir_all(root.join("mail").join(user).join("new"))?;
        }
        let certificate = Certificate::shared()?;
        fs::write(certs.join("fullchain.pem"), &certificate.leaf)?;
        fs::write(certs.join("privkey.pem"), &certificate.key)?;
        fs::write(root.join("deliver"), DELIVER)?;
        let text = configuration(root, [addr, submission_addr, tls_addr], setup.megabytes);
        fs::write(conf.join("chasquid.conf"), text)?;
        for user in ["tester", "recipient", "second"] {
            let made = Command::new(package.join("usr/bin/chasquid-util"))
                .arg(format!("-C={}", conf.display()))
                .args(["user-add", &format!("{user}@domain.test"), "--password=test-Pass1"])
                .output()?;
            if !made.status.success() {
                return Err(Failure::new("chasquid-util made no user").with(String::from_utf8_lossy(&made.stderr)));
            }
        }

        let mut chasquid = command(package.join("usr/bin/chasquid"));
        chasquid.arg("-config_dir").arg(&conf).arg("-alsologtostderr");
        let mut process = Process::start("chasquid", chasquid, &root.join("out"))?;
        for port in [addr, tls_addr, submission_addr] {
            listening(port, &mut process).await?;
        }
        let mailbox = Mailbox::new(root.join("mail/recipient/new"));
        Ok(Self { process, addr, tls_addr, submission_addr, mailbox, _folder: folder })
    }
}

impl MailServer for Chasquid {
    fn name(&self) -> &'static str {
        "chasquid"
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

/// The delivery program: one file for each mail, which appears only when it is whole.
const DELIVER: &str = r#"set -e
file=$(mktemp "$1/$2/tmp/XXXXXXXX")
cat >"$file"
mv "$file" "$1/$2/new/"
"#;

fn configuration(root: &Path, [smtp, submission, tls]: [SocketAddr; 3], megabytes: usize) -> String {
    let r = root.display();
    format!(
        r#"hostname: "mail.domain.test"
max_data_size_mb: {megabytes}
smtp_address: "{smtp}"
submission_address: "{submission}"
submission_over_tls_address: "{tls}"
mail_delivery_agent_bin: "/bin/sh"
mail_delivery_agent_args: "{r}/deliver"
mail_delivery_agent_args: "{r}/mail"
mail_delivery_agent_args: "%to_user%"
data_dir: "{r}/data"
mail_log_path: "<stderr>"
"#
    )
}
