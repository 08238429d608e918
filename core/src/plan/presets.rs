//! Settings for a purpose: which sender, which recipient and how far to go.

use serde::Serialize;

/// A purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Preset {
    /// A stable word.
    pub id: &'static str,
    /// Its name in a menu.
    pub title: &'static str,
    /// What it tests, and whom to name.
    pub about: &'static str,
    /// Where the plan ends, as in a setup.
    pub until: &'static str,
    /// What to name as sender.
    pub from_hint: &'static str,
    /// What to name as recipient.
    pub to_hint: &'static str,
    /// The local part that suits as sender in the recipient's domain; none: the person's own address.
    pub from_local: Option<&'static str>,
    /// The Subject.
    pub subject: &'static str,
    /// The text.
    pub body: &'static str,
}

/// Every preset, the most common first.
pub const PRESETS: [Preset; 5] = [
    Preset {
        id: "mailbox",
        title: "Simple mailbox",
        about: "Send a test mail to one mailbox that you can open, and see it arrive.",
        until: "dot",
        from_hint: "your own address, so that a bounce reaches you",
        to_hint: "a mailbox behind this server that you can open",
        from_local: None,
        subject: "Test",
        body: "This is a test of the mail server, sent by hand with Ehlo.\n",
    },
    Preset {
        id: "list",
        title: "Distribution list",
        about: "Lists often take mail from their members, or from inside, only: send as one who may, then as one who may not.",
        until: "dot",
        from_hint: "a member of the list, or someone who should be refused",
        to_hint: "the address of the list",
        from_local: None,
        subject: "Test of the list",
        body: "This is a test of the distribution list, sent by hand with Ehlo. Please disregard it.\n",
    },
    Preset {
        id: "scanner",
        title: "Scan-to-email device",
        about: "Speak as the device does: its sender address, from its network, without signing in, to a mailbox inside and then to one outside.",
        until: "dot",
        from_hint: "the sender address that is set in the device",
        to_hint: "the mailbox that the scans should reach",
        from_local: Some("scanner"),
        subject: "Scan",
        body: "This stands for a scanned page, sent by hand with Ehlo.\n",
    },
    Preset {
        id: "greet",
        title: "Only greet",
        about: "Connect, say EHLO, read what the server offers, and leave.",
        until: "hello",
        from_hint: "not needed",
        to_hint: "not needed",
        from_local: None,
        subject: "",
        body: "",
    },
    Preset {
        id: "rcpt",
        title: "Up to RCPT, send nothing",
        about: "Ask whether the server would take a mail for a recipient, and leave before any message is sent.",
        until: "rcpt",
        from_hint: "your own address, or none for the null reverse-path",
        to_hint: "the address in question; several are asked in turn",
        from_local: None,
        subject: "",
        body: "",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::Setup;

    #[test]
    fn every_preset_is_a_setup_that_can_be_read() {
        for preset in PRESETS {
            let json = format!(
                r#"{{"host":"mx.example","until":{:?},"message":{{"subject":{:?},"body":{:?}}}}}"#,
                preset.until, preset.subject, preset.body
            );
            assert!(Setup::from_json(&json).is_ok(), "{}", preset.id);
        }
    }
}
