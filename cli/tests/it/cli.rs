//! The program itself: what it prints, and what it refuses.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};

fn ehlo() -> Command {
    Command::new(env!("CARGO_BIN_EXE_ehlo"))
}

fn output(args: &[&str]) -> Output {
    ehlo().args(args).output().unwrap()
}

/// Ends what it started, however the test goes.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn an_address_that_others_can_reach_is_refused_with_the_profile_it_needs() {
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:2580"] {
        let output = output(&["--listen", listen]);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(told.contains("intranet") && told.contains("public"), "{told}");
    }
}

#[test]
fn a_wrong_command_line_is_told_in_one_line() {
    for args in
        [&["--listen", "localhost"][..], &["--allow-port", "0"], &["--allow-origin", "*"], &["--what"], &["export"]]
    {
        let output = output(args);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {told}");
        assert_eq!(told.trim_end().lines().count(), 1, "{args:?}: {told}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_port_that_is_taken_is_told_with_what_to_do() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let output = output(&["--listen", &taken.local_addr().unwrap().to_string()]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains("in use") && told.contains("--listen"), "{told}");
}

#[test]
fn the_program_says_in_one_line_what_to_open_and_the_page_of_practice_below() {
    let mut command = ehlo();
    command.args(["serve", "--listen", "127.0.0.1:0", "--practice", "--allow-origin", "https://docs.example/"]);
    let mut child = Ends(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let url = first.strip_prefix("Ehlo is ready: open http://127.0.0.1:").unwrap();
    let port: u16 = url.strip_suffix('/').unwrap().parse().unwrap();
    let practice = lines.next().unwrap().unwrap();
    assert!(practice.starts_with("Practice server: telnet 127.0.0.1 "), "{practice}");

    let mut tcp = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    let head = format!("GET /healthz HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    std::io::Write::write_all(&mut tcp, head.as_bytes()).unwrap();
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.0 200 "), "{answer}");
}

#[cfg(unix)]
#[test]
fn the_program_ends_in_order_when_it_is_told_to() {
    let mut command = ehlo();
    let mut child = Ends(command.args(["--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(child.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let told = Command::new("kill").args(["-TERM", &child.0.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert_eq!(child.0.wait().unwrap().code(), Some(0));
}

#[test]
fn what_a_configuration_means_is_said_in_sentences_and_nothing_is_started() {
    let told = output(&["check-config", "--profile", "intranet", "--target", "exchange=mail.corp.example:25"]);
    let text = String::from_utf8(told.stdout).unwrap();
    assert_eq!(told.status.code(), Some(0), "{text}");
    assert!(text.contains("The server \"exchange\" is mail.corp.example, port 25."), "{text}");
}

#[test]
fn an_open_combination_is_refused_in_one_line_that_says_what_to_write() {
    for (args, word) in [
        (&["--profile", "intranet"][..], "--target"),
        (&["--profile", "public"], "ehlo token"),
        (&["--profile", "public", "--open-to-everybody", "--listen", "0.0.0.0:0"], "--public-name"),
        (&["--profile", "open"], "intranet"),
        (&["--target", "exchange"], "exchange=mail.corp.example:25"),
        (&["--config", "nowhere.toml"], "does not exist"),
        (&["--source-address", "192.0.2.1"], "no address of this machine"),
        (&["--prefer", "ipv5"], "only-ipv4"),
    ] {
        let output = output(args);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {told}");
        assert_eq!(told.trim_end().lines().count(), 1, "{args:?}: {told}");
        assert!(told.contains(word), "{args:?}: {told}");
    }
}

#[test]
fn a_flag_counts_before_the_environment_and_that_before_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ehlo.toml");
    std::fs::write(&file, "profile = \"public\"\nopen_to_everybody = true\nlisten = [\"127.0.0.1:1\"]\n").unwrap();
    let check = |environment: &[(&str, &str)], args: &[&str]| {
        let mut command = ehlo();
        let command = command.args(["check-config", "--config"]).arg(&file).args(args);
        let output = command.envs(environment.iter().copied()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let from_file = check(&[], &[]);
    assert!(from_file.contains("public") && from_file.contains("127.0.0.1:1."), "{from_file}");
    let variables = [("EHLO_PROFILE", "personal"), ("EHLO_LISTEN", "127.0.0.1:2")];
    let from_environment = check(&variables, &[]);
    assert!(from_environment.contains("personal") && from_environment.contains("127.0.0.1:2."), "{from_environment}");
    let from_flag = check(&variables, &["--listen", "127.0.0.1:3"]);
    assert!(from_flag.contains("personal") && from_flag.contains("127.0.0.1:3."), "{from_flag}");
}

#[test]
fn a_new_token_comes_with_the_hash_that_the_file_takes() {
    let told = String::from_utf8(output(&["token"]).stdout).unwrap();
    let token = told.lines().nth(1).unwrap().trim();
    assert_eq!(token.len(), 64);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ehlo.toml");
    let section: Vec<&str> = told.lines().rev().take(2).map(str::trim).collect();
    std::fs::write(&file, format!("profile = \"public\"\n{}\n{}\n", section[1], section[0])).unwrap();
    let check = ehlo().args(["check-config", "--config"]).arg(&file).output().unwrap();
    let text = String::from_utf8(check.stdout).unwrap();
    assert!(text.contains("A page needs the token of visitor.") && !text.contains(token), "{text}");
}
