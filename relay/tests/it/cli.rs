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
