//! The commands, one after another, and the mail transaction.

use super::answer::{
    as_of_old, expn, lacks_recipient, no_room, not_ascii, recipient_fault, sender_fault, too_big, unknown_user,
    with_bracket_remark,
};
use super::command::{self, Fault, Mailbox, PathArgument, Verb};
use super::content::{Content, DataReader, LINE_LIMIT, LineEnd, SIZE_LIMIT};
use super::envelope::Envelope;
use super::reply::Reply;
use super::{HOST, Personality, Practice, Reading, Received, Stage, WAITING_LIMIT};

/// Recipients of one mail (RFC 5321 section 4.5.3.1.8 asks for 100 at least).
const RECIPIENT_LIMIT: usize = 100;

/// Octets of accepted mail that one connection keeps, with 100 for each mail and path.
const STORAGE: usize = 16 << 20;

/// Errors after which the grumpy server hangs up.
const ERROR_LIMIT: u32 = 5;

/// Mailboxes that exist where users can be unknown.
const USERS: [&str; 3] = ["postmaster", "recipient", "info"];

/// What EHLO announces, besides the greeting line.
const EXTENSIONS: [&str; 9] =
    ["PIPELINING", "SIZE 10485760", "VRFY", "EXPN", "ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8", "CHUNKING", "HELP"];

/// How the client introduced itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hello {
    Helo,
    Ehlo,
}

impl Practice {
    pub(super) fn greet(&mut self) {
        let pace = self.personality.pace();
        if let Some(delay) = pace.teaser {
            let mut teaser = Reply::new(220, "", format!("{HOST} Slow practice server, please wait"));
            teaser.lines.push(format!("{HOST} ESMTP Practice server, delivers nothing"));
            let bytes = teaser.to_bytes(false);
            let (first, rest) = bytes.split_at(bytes.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1));
            self.send_later(first.to_vec(), delay);
            self.send_later(rest.to_vec(), pace.greeting);
            return;
        }
        let banner = if self.personality.is_old() { "SMTP" } else { "ESMTP Practice server, delivers nothing" };
        self.say(&Reply::new(220, "", format!("{HOST} {banner}")), pace.greeting);
    }

    /// Answers one command line.
    pub(super) fn command(&mut self, line: &[u8], end: LineEnd) {
        let (mut reply, verb) = match self.legible(line, end) {
            Ok((verb, argument)) => (self.dispatch(verb, argument), Some(verb)),
            Err(refusal) => (Some(refusal), None),
        };
        let Some(reply) = &mut reply else { return };
        let says_hello = line.split(|byte| *byte == b' ').next().is_some_and(|verb| {
            [&b"EHLO"[..], b"HELO"].iter().any(|hello| verb.trim_ascii().eq_ignore_ascii_case(hello))
        });
        if says_hello {
            // RFC 2034 section 4: never with EHLO and HELO.
            reply.enhanced = "";
        }
        if self.personality.is_old() {
            as_of_old(reply);
        }
        if end == LineEnd::BareLf && !self.personality.is_strict() {
            reply.remark(if reply.code == 354 {
                "your line ended with LF alone: mail needs CR LF, also around the final dot"
            } else {
                "your line ended with LF alone, not with CR LF"
            });
        }
        self.answer(reply, self.personality.pace().reply);
        if verb == Some(Verb::Quit) && reply.code == 221 && self.stage == Stage::Open {
            self.hang_up();
        }
    }

    /// The verb and what follows it, or why the line cannot be read.
    fn legible<'a>(&self, line: &'a [u8], end: LineEnd) -> Result<(Verb, &'a str), Reply> {
        let strict = self.personality.is_strict();
        if end == LineEnd::TooLong {
            return Err(Reply::new(500, "5.5.2", format!("Line too long: at most {LINE_LIMIT} octets")));
        }
        let Ok(text) = std::str::from_utf8(line) else {
            return Err(Reply::new(500, "5.5.2", "Command line is neither ASCII nor UTF-8"));
        };
        if text.chars().any(|char| char.is_control() && (strict || char != '\t')) {
            let words = "Control character in the command line; backspace and arrow keys send some in telnet";
            return Err(Reply::new(500, "5.5.2", words));
        }
        if strict && end == LineEnd::BareLf {
            return Err(Reply::new(501, "5.5.2", "Every line must end with CR LF, not with LF alone"));
        }
        if strict && text != text.trim() {
            return Err(Reply::new(501, "5.5.2", "No space is allowed before or after a command"));
        }
        let text = text.trim();
        let (name, argument) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        if strict && argument != argument.trim_start() {
            return Err(Reply::new(501, "5.5.2", "One space belongs behind the command, not more"));
        }
        match command::find(name) {
            Some(known) if known.old || !self.personality.is_old() => Ok((known.verb, argument.trim_start())),
            _ if name.is_empty() => Err(Reply::new(500, "5.5.2", "Empty line: a command was expected")),
            _ => Err(Reply::new(500, "5.5.2", "Command not recognized; HELP lists what there is")),
        }
    }

    fn dispatch(&mut self, verb: Verb, argument: &str) -> Option<Reply> {
        let takes_none = matches!(verb, Verb::Data | Verb::Rset | Verb::Quit);
        if takes_none && !argument.is_empty() {
            return Some(Reply::new(501, "5.5.4", "This command takes nothing behind it"));
        }
        Some(match verb {
            Verb::Ehlo => self.hello(Hello::Ehlo, argument),
            Verb::Helo => self.hello(Hello::Helo, argument),
            Verb::Mail => self.mail(argument).unwrap_or_else(|refusal| refusal),
            Verb::Rcpt => self.rcpt(argument).unwrap_or_else(|refusal| refusal),
            Verb::Data => self.data(),
            Verb::Bdat => return self.bdat(argument),
            Verb::Rset => {
                self.envelope = None;
                Reply::new(250, "2.0.0", "Ok")
            }
            Verb::Noop => Reply::new(250, "2.0.0", "Ok"),
            Verb::Quit => Reply::new(221, "2.0.0", format!("{HOST} closing the connection")),
            Verb::Vrfy => self.vrfy(argument),
            Verb::Expn => expn(argument),
            Verb::Help => self.help(argument),
            Verb::StartTls => Reply::new(502, "5.5.1", "No TLS here: the practice server speaks plain text only"),
            Verb::Auth => Reply::new(503, "5.5.1", "No login here: go on with MAIL, this server wants none"),
            Verb::Other => Reply::new(502, "5.5.1", "Command not implemented"),
        })
    }

    /// Sends a reply, and ends the connection where it was one too many.
    fn answer(&mut self, reply: &Reply, delay: u64) {
        self.say(reply, delay);
        self.errors += u32::from(reply.is_error());
        if self.personality.is_strict() && self.errors >= ERROR_LIMIT {
            self.end_with("4.7.0", "Too many errors");
        } else if self.waiting > WAITING_LIMIT {
            self.end_with("4.3.2", "Too many commands at once");
        }
    }

    /// EHLO and HELO (RFC 5321 section 4.1.1.1); both end the transaction.
    fn hello(&mut self, hello: Hello, argument: &str) -> Reply {
        if argument.is_empty() || argument.contains(char::is_whitespace) {
            return Reply::new(501, "", "Behind EHLO or HELO comes the name of your host, one word");
        }
        let full = argument.is_ascii() && argument.contains('.') && command::is_domain(argument);
        if self.personality.is_strict() && !full && !command::is_address_literal(argument) {
            return Reply::new(501, "", "Your host name must be fully qualified, like mail.example.com");
        }
        self.hello = Some(hello);
        self.envelope = None;
        match hello {
            Hello::Helo => Reply::new(250, "", HOST),
            Hello::Ehlo => {
                // A long name is cut where the line ends.
                let mut reply = Reply::new(250, "", format!("{HOST} greets {argument:.200}"));
                reply.lines.extend(EXTENSIONS.map(String::from));
                reply
            }
        }
    }

    fn mail(&mut self, argument: &str) -> Result<Reply, Reply> {
        let Some(hello) = self.hello else {
            return Err(Reply::new(503, "5.5.1", "Say EHLO first"));
        };
        if self.envelope.is_some() {
            return Err(Reply::new(503, "5.5.1", "The sender was given already; RSET begins anew"));
        }
        let read = command::path_argument(argument, "FROM", self.personality.is_strict());
        let argument = read.map_err(|fault| sender_fault(fault, ""))?;
        if hello == Hello::Helo && !argument.parameters.is_empty() {
            return Err(Reply::new(555, "5.5.4", "Parameters need EHLO instead of HELO"));
        }
        let (size, utf8) = mail_parameters(&argument)?;
        let reverse_path = match argument.path {
            "" => "",
            path if !utf8 && !path.is_ascii() => return Err(not_ascii()),
            path => command::mailbox(path).map_err(|fault| sender_fault(fault, path))?.address,
        };
        if size > SIZE_LIMIT {
            return Err(Reply::new(552, "5.3.4", format!("Message too big: at most {SIZE_LIMIT} octets")));
        }
        if self.stored as u64 + size >= STORAGE as u64 {
            return Err(no_room());
        }
        self.envelope = Some(Envelope {
            reverse_path: reverse_path.into(),
            forward_paths: Vec::new(),
            asked: false,
            utf8,
            chunks: None,
        });
        Ok(with_bracket_remark(Reply::new(250, "2.1.0", "Sender Ok"), &argument))
    }

    fn rcpt(&mut self, argument: &str) -> Result<Reply, Reply> {
        let Some(envelope) = self.envelope.as_mut().filter(|envelope| envelope.chunks.is_none()) else {
            return Err(Reply::new(503, "5.5.1", "Recipients come after MAIL and before the message"));
        };
        envelope.asked = true;
        let utf8 = envelope.utf8;
        let read = command::path_argument(argument, "TO", self.personality.is_strict());
        let argument = read.map_err(|fault| recipient_fault(fault, ""))?;
        if let Some((keyword, _)) = argument.parameters.first() {
            return Err(Reply::new(555, "5.5.4", format!("Unknown RCPT parameter {keyword:.60}")));
        }
        let mailbox = match argument.path {
            "" => return Err(recipient_fault(Fault::Empty, "")),
            path if !utf8 && !path.is_ascii() => return Err(not_ascii()),
            path => command::mailbox(path).map_err(|fault| recipient_fault(fault, path))?,
        };
        self.judge(&mailbox)?;
        if let Some(envelope) = &mut self.envelope {
            if envelope.forward_paths.len() == RECIPIENT_LIMIT {
                return Err(Reply::new(452, "4.5.3", format!("Too many recipients: at most {RECIPIENT_LIMIT}")));
            }
            envelope.forward_paths.push(mailbox.address.into());
        }
        Ok(with_bracket_remark(Reply::new(250, "2.1.5", "Ok"), &argument))
    }

    /// What the personality thinks of a recipient.
    fn judge(&mut self, mailbox: &Mailbox<'_>) -> Result<(), Reply> {
        let address = mailbox.address;
        match self.personality {
            Personality::UnknownUser if !USERS.iter().any(|user| mailbox.is_for(user)) => Err(unknown_user(address)),
            Personality::RelayingDenied if !mailbox.domain.is_empty() && !mailbox.domain.eq_ignore_ascii_case(HOST) => {
                Err(Reply::new(554, "5.7.1", format!("<{address}>: Relay access denied")))
            }
            Personality::Greylisting => {
                let sender = self.envelope.as_ref().map_or("", |envelope| &envelope.reverse_path);
                match self.memory.wait(self.now, sender, address) {
                    0 => Ok(()),
                    wait => {
                        let text = format!(
                            "<{address}>: Recipient address rejected: Greylisted, try again in {} s",
                            wait.div_ceil(1000)
                        );
                        Err(Reply::new(450, "4.2.0", text))
                    }
                }
            }
            _ => Ok(()),
        }
    }

    fn data(&mut self) -> Reply {
        match &self.envelope {
            Some(envelope) if envelope.chunks.is_some() => {
                Reply::new(503, "5.5.1", "The message began with BDAT and must go on so")
            }
            envelope => match lacks_recipient(envelope.as_ref()) {
                Some(refusal) => refusal,
                None => {
                    self.reading = Reading::Data(DataReader::default());
                    Reply::new(354, "", "Enter mail, end with \".\" on a line by itself")
                }
            },
        }
    }

    /// BDAT (RFC 3030 section 2): the octets come whatever the answer, so it waits for them.
    fn bdat(&mut self, argument: &str) -> Option<Reply> {
        let mut words = argument.split_whitespace();
        let left = words.next().filter(|word| is_number(word)).and_then(|word| word.parse::<u64>().ok());
        let last = words.next();
        let (Some(left), true, None) = (left, last.is_none_or(|word| word.eq_ignore_ascii_case("LAST")), words.next())
        else {
            return Some(Reply::new(501, "5.5.4", "Syntax: BDAT size [LAST]"));
        };
        let refusal = match (&self.envelope, self.hello) {
            (_, Some(Hello::Helo)) => Some(Reply::new(503, "5.5.1", "BDAT needs EHLO instead of HELO")),
            (Some(envelope), _) if envelope.chunks.as_ref().is_some_and(Content::is_too_big) => {
                Some(Reply::new(503, "5.5.1", "The message was refused already; RSET begins anew"))
            }
            (envelope, _) => lacks_recipient(envelope.as_ref()),
        };
        self.reading = Reading::Chunk { left, last: last.is_some(), refusal };
        if left == 0 {
            self.end_of_chunk();
        }
        None
    }

    /// All octets of a chunk are there.
    pub(super) fn end_of_chunk(&mut self) {
        let Reading::Chunk { last, refusal, .. } = std::mem::replace(&mut self.reading, Reading::Commands) else {
            return;
        };
        let pace = self.personality.pace();
        if let Some(refusal) = refusal {
            if last {
                self.envelope = None;
            }
            return self.answer(&refusal, pace.reply);
        }
        if last {
            let content = self.envelope.as_mut().and_then(|envelope| envelope.chunks.take()).unwrap_or_default();
            return self.end_of_data(content);
        }
        let chunks = self.envelope.as_mut().map(|envelope| envelope.chunks.get_or_insert_default());
        let reply = match chunks {
            Some(content) if content.is_too_big() => too_big(),
            _ => Reply::new(250, "2.0.0", "Ok: chunk received"),
        };
        self.answer(&reply, pace.reply);
    }

    /// The message is complete: it is taken or refused, and the transaction is over either way.
    pub(super) fn end_of_data(&mut self, content: Content) {
        let Some(envelope) = self.envelope.take() else { return };
        let mut reply = match self.accept(envelope, content) {
            Ok(_) if self.personality == Personality::DropsLine => return self.hang_up(),
            Ok(id) if self.personality.is_old() => Reply::new(250, "", format!("Mail accepted, number {id}")),
            Ok(id) => Reply::new(250, "2.0.0", format!("Ok: queued as {id}")),
            Err(refusal) => refusal,
        };
        if self.personality.is_old() {
            as_of_old(&mut reply);
        }
        self.answer(&reply, self.personality.pace().end_of_data);
    }

    /// Keeps the mail and gives it a name.
    fn accept(&mut self, envelope: Envelope, content: Content) -> Result<String, Reply> {
        if content.is_too_big() {
            return Err(too_big());
        }
        if content.bare_lf || content.bare_cr {
            let which = if content.bare_lf { "an LF without CR" } else { "a CR without LF" };
            let text = format!("Message refused: it holds {which}, and every line must end with CR LF");
            return Err(Reply::new(550, "5.6.0", text));
        }
        let bytes = content.into_bytes();
        let paths = envelope.forward_paths.iter().map(|path| path.len() + 100).sum::<usize>();
        let stored = self.stored + 100 + envelope.reverse_path.len() + paths + bytes.len();
        if stored > STORAGE {
            return Err(no_room());
        }
        self.stored = stored;
        let queue_id = queue_id(self.received.len(), &envelope, &bytes);
        let Envelope { reverse_path, forward_paths, .. } = envelope;
        self.received.push(Received { queue_id: queue_id.clone(), reverse_path, forward_paths, bytes });
        Ok(queue_id)
    }

    fn vrfy(&self, argument: &str) -> Reply {
        let whom = argument.trim_start_matches('<').trim_end_matches('>');
        let name = whom.split('@').next().unwrap_or(whom);
        if name.is_empty() {
            Reply::new(501, "5.5.4", "Syntax: VRFY address")
        } else if self.personality != Personality::UnknownUser {
            Reply::new(252, "2.0.0", "Cannot say before RCPT, but mail may be tried")
        } else if USERS.iter().any(|user| name.eq_ignore_ascii_case(user)) {
            Reply::new(250, "2.1.5", format!("<{}@{HOST}>", name.to_ascii_lowercase()))
        } else {
            unknown_user(&whom.chars().take(256).collect::<String>())
        }
    }

    fn help(&self, argument: &str) -> Reply {
        let offered = command::COMMANDS
            .iter()
            .filter(|known| !known.syntax.is_empty() && (known.old || !self.personality.is_old()));
        if argument.is_empty() {
            let names: Vec<_> = offered.map(|known| known.name).collect();
            let mut reply = Reply::new(214, "2.0.0", names.join(" "));
            reply.lines.push("HELP and a command shows how it is written".into());
            return reply;
        }
        match offered.into_iter().find(|known| known.name.eq_ignore_ascii_case(argument)) {
            Some(known) => Reply::new(214, "2.0.0", known.syntax),
            None => Reply::new(504, "5.5.4", "No help for that"),
        }
    }
}

/// SIZE, BODY and SMTPUTF8: the size, and whether SMTPUTF8 was there.
fn mail_parameters(argument: &PathArgument<'_>) -> Result<(u64, bool), Reply> {
    let (mut size, mut utf8) = (0, false);
    for (index, (keyword, value)) in argument.parameters.iter().enumerate() {
        if argument.parameters[..index].iter().any(|(before, _)| before.eq_ignore_ascii_case(keyword)) {
            return Err(Reply::new(501, "5.5.4", format!("Parameter {keyword:.60} was given twice")));
        }
        match (keyword.to_ascii_uppercase().as_str(), value) {
            ("SIZE", Some(value)) if is_number(value) && value.len() <= 20 => {
                size = value.parse().unwrap_or(u64::MAX);
            }
            ("SIZE", _) => return Err(Reply::new(501, "5.5.4", "Syntax: SIZE=octets")),
            ("BODY", Some(value)) if ["7BIT", "8BITMIME"].iter().any(|known| value.eq_ignore_ascii_case(known)) => {}
            ("BODY", _) => return Err(Reply::new(501, "5.5.4", "Syntax: BODY=7BIT or BODY=8BITMIME")),
            ("SMTPUTF8", None) => utf8 = true,
            ("SMTPUTF8", Some(_)) => return Err(Reply::new(501, "5.5.4", "SMTPUTF8 takes no value")),
            _ => return Err(Reply::new(555, "5.5.4", format!("Unknown MAIL parameter {keyword:.60}"))),
        }
    }
    Ok((size, utf8))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Ten hexadecimal digits out of the mail and its number on this connection (FNV-1a).
fn queue_id(number: usize, envelope: &Envelope, bytes: &[u8]) -> String {
    let number = (number as u64).to_le_bytes();
    let paths = std::iter::once(&envelope.reverse_path).chain(&envelope.forward_paths).flat_map(|path| path.bytes());
    let hash = paths
        .chain(number)
        .chain(bytes.iter().copied())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{:010X}", hash >> 24)
}
