//! Replies of real servers, and the phrase that each must lead to.

use super::super::phrase::needles;
use crate::explain::words;

const REPLIES: &[(&str, &str)] = &[
    ("4.2.0 <b@mx.example>: Recipient address rejected: Greylisted, see http://postgrey.example/help", "greylisting"),
    ("4.7.1 Greylisting in action, please come back in 00:05:00", "greylisting"),
    ("5.7.1 <b@mx.example>: Relay access denied", "relaying-denied"),
    ("5.7.1 <b@mx.example>... Relaying denied", "relaying-denied"),
    ("5.7.54 SMTP; Unable to relay recipient in non-accepted domain", "relaying-denied"),
    ("relay not permitted", "relaying-denied"),
    ("sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", "relaying-denied"),
    ("5.1.1 <b@mx.example>: Recipient address rejected: User unknown in virtual mailbox table", "user-unknown-virtual"),
    ("5.1.1 <b@mx.example>: Recipient address rejected: User unknown in local recipient table", "user-unknown-local"),
    ("5.1.1 <b@mx.example>: Recipient address rejected: User unknown in relay recipient table", "user-unknown-relay"),
    ("5.1.1 <b@mx.example>... User unknown", "user-unknown"),
    ("5.1.1 The email account that you tried to reach does not exist. Please try", "user-unknown"),
    ("5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", "user-unknown"),
    ("5.4.1 Recipient address rejected: Access denied. [AM0EXAMPLE]", "unknown-at-edge"),
    ("Unrouteable address", "unroutable-address"),
    ("Sender verify failed", "sender-verify-failed"),
    ("4.1.1 <b@mx.example>: Recipient address rejected: unverified address: in progress", "address-not-verified"),
    ("4.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.1]", "missing-ptr"),
    ("5.7.1 [192.0.2.1] The IP address sending this message does not have a PTR record setup.", "missing-ptr"),
    ("5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied", "client-rejected"),
    ("5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", "listed-at-spamhaus"),
    ("5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.list.example", "block-list"),
    ("Your host is blocked. See b.barracudacentral.org", "listed-at-barracuda"),
    ("5.7.606 Access denied, banned sending IP [192.0.2.1]", "listed-at-microsoft"),
    ("4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume", "deferred-by-yahoo"),
    ("5.5.2 <client>: Helo command rejected: need fully-qualified hostname", "hello-not-a-full-name"),
    ("5.7.1 <localhost>: Helo command rejected: Host not found", "hello-rejected"),
    ("4.1.8 <a@nowhere.example>: Sender address rejected: Domain not found", "sender-domain-not-found"),
    (
        "5.1.8 <a@nowhere.example>... Domain of sender address a@nowhere.example does not exist",
        "sender-domain-not-found",
    ),
    ("5.2.2 The recipient's inbox is out of storage space.", "mailbox-full"),
    ("5.2.2 <b@mx.example> Mailbox full", "mailbox-full"),
    ("5.2.2 <b@mx.example> Quota exceeded (mailbox for user is full)", "mailbox-full"),
    ("4.7.0 mx.example Error: too many connections from 192.0.2.1", "too-many-connections"),
    ("5.7.0 Must issue a STARTTLS command first", "starttls-first"),
    ("5.7.0 Authentication Required. For more information, go to", "authentication-required"),
    ("5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.", "smtp-auth-disabled"),
    ("5.7.139 Authentication unsuccessful, basic authentication is disabled.", "password-login-blocked"),
    ("5.7.3 Authentication unsuccessful", "login-failed"),
    ("5.7.8 Username and Password not accepted. For more information, go to", "login-failed"),
    ("5.7.9 Application-specific password required. For more information, go to", "app-password-required"),
    ("5.7.57 Client not authenticated to send mail.", "client-not-authenticated"),
    ("5.7.60 SMTP; Client does not have permissions to send as this sender", "send-as-denied"),
    ("5.7.1 <a@mx.example>: Sender address rejected: not owned by user c", "send-as-denied"),
    ("5.7.26 Your email has been blocked because the sender is unauthenticated.", "unauthenticated"),
    ("5.7.1 [192.0.2.1] Messages missing a valid address in From: header, not RFC 5322 compliant", "header-not-valid"),
    ("5.5.2 Error: bare <LF> received", "bare-line-feed"),
    ("SMTP synchronization error", "talked-too-early"),
    ("5.5.1 Protocol error", "talked-too-early"),
    ("5.5.0 Error: SMTP protocol synchronization\r\nerror", "talked-too-early"),
    ("5.5.0 <DATA>: Data command rejected: Improper use of SMTP command pipelining", "wrong-pipelining"),
    ("4.7.0 mx.example Error: too many errors", "too-many-errors"),
    ("Too many syntax or protocol errors", "too-many-errors"),
    ("4.4.2 mx.example Error: timeout exceeded", "waited-too-long"),
    ("4.3.2 Service currently unavailable", "first-contact-test"),
    ("5.3.4 Message size exceeds fixed limit", "message-too-large"),
    ("5.4.6 Too many hops 26 (25 max)", "mail-loop"),
    ("5.5.1 Error: no valid recipients", "no-recipient-left"),
    ("5.7.1 Message contains a virus (Eicar-Test-Signature)", "virus"),
    ("5.7.1 Spam message rejected", "taken-for-spam"),
    ("4.3.0 Error: queue file write error: insufficient system storage", "server-out-of-room"),
    ("4.3.5 Server configuration error", "server-set-up-wrongly"),
    ("5.7.509 Access denied, sending domain a.example does not pass DMARC verification", "dmarc-refused"),
    ("5.7.23 SPF check failed for a@a.example", "spf-failed"),
];

#[test]
fn the_words_of_real_servers_lead_to_their_phrase() {
    for (text, name) in REPLIES {
        assert_eq!(words(text).map(|phrase| phrase.name), Some(*name), "{text}");
    }
}

#[test]
fn case_and_line_ends_do_not_matter() {
    for text in ["RELAY ACCESS DENIED", "Relay\r\naccess   denied", "<b@mx.example>:\tRelay access\ndenied\n"] {
        assert_eq!(words(text).map(|phrase| phrase.name), Some("relaying-denied"), "{text:?}");
    }
}

#[test]
fn ordinary_words_lead_to_no_phrase() {
    for text in [
        "",
        "2.1.0 Ok",
        "2.1.5 Recipient OK",
        "2.0.0 Ok: queued as 4F1D2A0B",
        "mx.example ESMTP Postfix (Debian/GNU)",
        "mx.example Microsoft ESMTP MAIL Service ready at Mon, 2 Nov 2026 10:00:00 +0000",
        "mx.google.com ESMTP a640c23a62f3a-a0 - gsmtp",
        "2.0.0 closing connection",
        "End data with <CR><LF>.<CR><LF>",
        "Start mail input; end with <CRLF>.<CRLF>",
        "2.6.0 <id@client.example> [InternalId=1] Queued mail for delivery",
        "2.7.0 Authentication successful",
        "2.0.0 Ready to start TLS",
        "4.7.1 Antivirus not reachable",
        "5.5.1 Unrecognized command",
    ] {
        assert_eq!(words(text).map(|phrase| phrase.name), None, "{text}");
    }
}

#[test]
fn every_word_that_is_looked_for_can_be_found() {
    for (name, says) in needles() {
        for needle in says {
            let plain = needle.to_ascii_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(plain, needle.trim(), "{name}: {needle:?} is not as the texts are made");
            let found = words(&format!("x {needle} x"));
            assert_eq!(found.map(|phrase| phrase.name), Some(name), "{needle:?}");
        }
    }
}
