//! From a mail domain to the hosts that take its mail (RFC 5321 §5.1), over the relay's look-ups; the same shape as a session.

use std::collections::VecDeque;

use serde::Serialize;

use crate::machine::{Mistake, Output, SocketContext};
use crate::secret::Secret;
use crate::time::Now;
use crate::tunnel::{Answer, Code, Dnssec, FromRelay, Lookup, Rcode, Record, RecordType, ToRelay};

/// How long the whole search may take, in milliseconds.
const LIMIT: u64 = 20_000;

/// For how many of the best hosts addresses are looked up.
const HOSTS_LOOKED_UP: usize = 8;

/// A search under way.
#[derive(Debug)]
pub struct Search {
    domain: String,
    token: Option<Secret>,
    began: Now,
    questions: usize,
    answers: Vec<Answer>,
    told: Vec<Told>,
    out: VecDeque<Output>,
    route: Option<Route>,
}

/// What the search found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Route {
    /// The kind of answer.
    pub verdict: RouteVerdict,
    /// The answer in one sentence.
    pub sentence: String,
    /// What to do where there is no host.
    pub advice: Vec<String>,
    /// The hosts, the preferred first.
    pub hosts: Vec<MailHost>,
    /// Each look-up and its answer.
    pub entries: Vec<Told>,
}

/// The kind of answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RouteVerdict {
    /// There are MX records.
    Mx,
    /// There are none, so the domain's own address counts (RFC 5321 §5.1).
    Implicit,
    /// The domain says that it takes no mail (RFC 7505).
    NullMx,
    /// The domain does not exist.
    NoSuchDomain,
    /// The domain exists and has neither MX nor address.
    NoMailHost,
    /// It could not be found out.
    Failed,
}

/// A host that takes mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MailHost {
    /// Its name.
    pub host: String,
    /// Lower is tried first; none for an implicit MX.
    pub preference: Option<u16>,
    /// Its addresses.
    pub addresses: Vec<String>,
}

/// One line of the search, for the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Told {
    /// Milliseconds since the search began.
    pub at: u64,
    /// What was found.
    pub text: String,
}

impl Search {
    /// A search for the hosts of `domain`, a name or a mail address.
    ///
    /// # Errors
    /// Where `domain` cannot be one, and what to write.
    pub fn new(now: Now, domain: &str, token: Option<Secret>) -> Result<Self, Mistake> {
        let domain =
            domain.trim().rsplit('@').next().unwrap_or_default().trim_matches(['<', '>', '.']).to_ascii_lowercase();
        let mistake = |message: &str| Err(Mistake { field: "domain".into(), message: message.into() });
        if domain.is_empty() {
            return mistake("name the domain behind the @ of the mail address");
        }
        if crate::wire::address::is_ip(&domain) {
            return mistake("this is an address, which has no MX: name it as the server itself");
        }
        let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if !domain.chars().all(sound) || domain.contains("..") || domain.len() > 253 {
            return mistake("a domain has letters, digits, hyphens and dots only; other letters in their xn-- form");
        }
        Ok(Self {
            domain,
            token,
            began: now,
            questions: 0,
            answers: Vec::new(),
            told: Vec::new(),
            out: VecDeque::new(),
            route: None,
        })
    }

    /// The WebSocket is open.
    pub fn reached(&mut self, _now: Now) {
        let domain = self.domain.clone();
        self.ask(domain, RecordType::Mx);
    }

    /// A control message came.
    pub fn relay_says(&mut self, now: Now, message: FromRelay) {
        if self.route.is_some() {
            return;
        }
        match message {
            FromRelay::Answer(answer) => self.answered(now, answer),
            FromRelay::Error(refusal) => {
                let sentence = match refusal.code {
                    Code::Unauthorized => "The relay wants a token before it looks anything up.".to_owned(),
                    _ => format!("The relay refused the look-up: {}", refusal.message),
                };
                self.end(now, RouteVerdict::Failed, sentence, &["Enter a host name yourself."], Vec::new());
            }
            _ => {}
        }
    }

    /// The WebSocket closed.
    pub fn closed(&mut self, now: Now, context: &SocketContext) {
        if self.route.is_none() {
            let sentence = if context.reached {
                "The connection to the relay broke during the look-up."
            } else {
                "There is no connection to the relay, which does the look-up."
            };
            let advice =
                ["Is the relay running, and does it serve this page?", "You can name the mail server itself instead."];
            self.end(now, RouteVerdict::Failed, sentence.into(), &advice, Vec::new());
        }
    }

    /// The deadline has come.
    pub fn tick(&mut self, now: Now) {
        if self.route.is_none() && now.since(self.began) >= LIMIT {
            let sentence = "The DNS did not answer in time.".to_owned();
            self.end(now, RouteVerdict::Failed, sentence, &["Try again, or name the mail server itself."], Vec::new());
        }
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Output {
        let idle = Output::Idle(self.route.is_none().then(|| self.began.plus(LIMIT)));
        self.out.pop_front().unwrap_or(idle)
    }

    /// What was found; none while the search goes on.
    pub fn route(&self) -> Option<&Route> {
        self.route.as_ref()
    }

    fn ask(&mut self, name: String, rtype: RecordType) {
        self.questions += 1;
        let token = self.token.clone();
        self.out.push_back(Output::Control(ToRelay::Lookup(Lookup { name, rtype, token })));
    }

    fn answered(&mut self, now: Now, answer: Answer) {
        self.told.push(Told { at: now.since(self.began), text: answer_words(&answer) });
        self.answers.push(answer);
        self.out.push_back(Output::Changed);
        if self.answers.len() == 1 {
            self.mx_answered(now);
        } else if self.answers.len() == self.questions {
            self.addresses_answered(now);
        }
    }

    fn mx_answered(&mut self, now: Now) {
        let Some(answer) = self.answers.first() else { return };
        let rcode = answer.rcode;
        let hosts = exchanges(answer);
        match rcode {
            Rcode::NxDomain => {
                let sentence = format!("The domain {} does not exist.", self.domain);
                return self.end(now, RouteVerdict::NoSuchDomain, sentence, &["Check the spelling."], Vec::new());
            }
            Rcode::NoError => {}
            other => {
                let sentence = format!("The DNS could not answer for {} ({}).", self.domain, rcode_words(other));
                let advice = [
                    "Try again; if it stays so, the domain's name servers are out of order or not reachable.",
                    "You can name the mail server itself instead.",
                ];
                return self.end(now, RouteVerdict::Failed, sentence, &advice, Vec::new());
            }
        }
        if hosts.iter().any(|(_, host)| host == ".") {
            let sentence = format!("{} says with a null MX that it takes no mail.", self.domain);
            return self.end(
                now,
                RouteVerdict::NullMx,
                sentence,
                &["Mail to this domain cannot work: senders must not even try."],
                Vec::new(),
            );
        }
        let names: Vec<String> = match hosts.is_empty() {
            true => vec![self.domain.clone()],
            false => hosts.into_iter().take(HOSTS_LOOKED_UP).map(|(_, host)| host).collect(),
        };
        for name in names {
            self.ask(name.clone(), RecordType::A);
            self.ask(name, RecordType::Aaaa);
        }
    }

    fn addresses_answered(&mut self, now: Now) {
        let exchanges = exchanges(&self.answers[0]);
        if exchanges.is_empty() {
            let addresses = self.addresses_of(&self.domain);
            let domain = &self.domain;
            if addresses.is_empty() {
                let sentence = format!("{domain} exists, but has neither an MX nor an address: it cannot take mail.");
                return self.end(
                    now,
                    RouteVerdict::NoMailHost,
                    sentence,
                    &["Check the spelling: the mail may be for another domain."],
                    Vec::new(),
                );
            }
            let sentence = format!("{domain} has no MX; its own address takes the mail.");
            let host = MailHost { host: domain.clone(), preference: None, addresses };
            return self.end(now, RouteVerdict::Implicit, sentence, &[], vec![host]);
        }
        let many = exchanges.len();
        let with_addresses = |(preference, host): (u16, String)| {
            let addresses = self.addresses_of(&host);
            MailHost { host, preference: Some(preference), addresses }
        };
        let hosts: Vec<MailHost> = exchanges.into_iter().map(with_addresses).collect();
        let sentence = match many {
            1 => format!("{} has one mail server.", self.domain),
            _ => format!("{} has {many} mail servers; senders try them in this order.", self.domain),
        };
        self.end(now, RouteVerdict::Mx, sentence, &[], hosts);
    }

    fn addresses_of(&self, name: &str) -> Vec<String> {
        let answers = self.answers.iter().filter(|answer| answer.name.eq_ignore_ascii_case(name));
        let records = answers.flat_map(|answer| &answer.records);
        records
            .filter_map(|record| match record {
                Record::A { address } | Record::Aaaa { address } => Some(address.clone()),
                _ => None,
            })
            .collect()
    }

    fn end(&mut self, now: Now, verdict: RouteVerdict, sentence: String, advice: &[&str], hosts: Vec<MailHost>) {
        self.told.push(Told { at: now.since(self.began), text: sentence.clone() });
        let advice = advice.iter().map(|&text| text.to_owned()).collect();
        self.route = Some(Route { verdict, sentence, advice, hosts, entries: self.told.clone() });
        self.out.push_back(Output::Changed);
        self.out.push_back(Output::Hangup);
    }
}

/// The exchanges of an MX answer, the preferred first (RFC 5321 §5.1).
fn exchanges(answer: &Answer) -> Vec<(u16, String)> {
    let mut out: Vec<(u16, String)> = Vec::new();
    for record in &answer.records {
        if let Record::Mx { preference, exchange } = record {
            let place = out.iter().position(|(other, host)| (other, host) > (preference, exchange));
            out.insert(place.unwrap_or(out.len()), (*preference, exchange.clone()));
        }
    }
    out
}

const fn rcode_words(rcode: Rcode) -> &'static str {
    match rcode {
        Rcode::NoError => "no error",
        Rcode::NxDomain => "no such name",
        Rcode::ServFail => "server failure",
        Rcode::Refused => "refused",
        Rcode::Timeout => "no answer in time",
        Rcode::Other => "an error",
    }
}

fn answer_words(answer: &Answer) -> String {
    let rtype = RecordType::WORDS.iter().find(|(_, rtype)| *rtype == answer.rtype).map_or("", |(word, _)| word);
    let found: Vec<String> = answer
        .records
        .iter()
        .map(|record| match record {
            Record::Mx { preference, exchange } => format!("{preference} {exchange}"),
            Record::A { address } | Record::Aaaa { address } => address.clone(),
            Record::Ptr { name } | Record::Cname { name } => name.clone(),
            Record::Txt { text } => text.clone(),
            Record::Tlsa { usage, selector, matching, data } => format!("{usage} {selector} {matching} {data}"),
            Record::Srv { priority, weight, port, target } => format!("{priority} {weight} {port} {target}"),
        })
        .collect();
    let what = match (answer.rcode, found.is_empty()) {
        (Rcode::NoError, true) => "none".to_owned(),
        (Rcode::NoError, false) => found.join(", "),
        (rcode, _) => rcode_words(rcode).to_owned(),
    };
    let signed = match answer.dnssec {
        Dnssec::Secure => ", signed (DNSSEC)",
        Dnssec::Bogus => ", with a signature that does not hold (DNSSEC bogus)",
        Dnssec::Insecure | Dnssec::Unknown => "",
    };
    format!("{rtype} of {}: {what}{signed} ({} ms)", answer.name, answer.ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(name: &str, rtype: RecordType, rcode: Rcode, records: Vec<Record>) -> FromRelay {
        FromRelay::Answer(Answer {
            name: name.into(),
            rtype,
            rcode,
            records,
            ttl: None,
            dnssec: Dnssec::Unknown,
            ms: 1,
        })
    }

    fn mx(preference: u16, exchange: &str) -> Record {
        Record::Mx { preference, exchange: exchange.into() }
    }

    /// Answers every question from `zone`; what is not in it has no records.
    fn search(rcode: Rcode, zone: &[(&str, RecordType, Vec<Record>)]) -> Route {
        let mut search = Search::new(Now(0), "user@Example.org", None).unwrap();
        search.reached(Now(0));
        for _ in 0..100 {
            match search.poll() {
                Output::Control(ToRelay::Lookup(Lookup { name, rtype, .. })) => {
                    let records =
                        zone.iter().find(|(n, t, _)| *n == name && *t == rtype).map(|(_, _, records)| records.clone());
                    search.relay_says(Now(1), answer(&name, rtype, rcode, records.unwrap_or_default()));
                }
                Output::Idle(_) => break,
                _ => {}
            }
        }
        search.route().cloned().expect("the search has ended")
    }

    #[test]
    fn hosts_are_offered_in_order_of_preference_with_their_addresses() {
        let address = |address: &str| vec![Record::A { address: address.into() }];
        let route = search(
            Rcode::NoError,
            &[
                ("example.org", RecordType::Mx, vec![mx(20, "b.example.org"), mx(10, "a.example.org")]),
                ("a.example.org", RecordType::A, address("192.0.2.1")),
                ("b.example.org", RecordType::A, address("192.0.2.2")),
            ],
        );
        assert_eq!(route.verdict, RouteVerdict::Mx);
        let hosts: Vec<_> = route.hosts.iter().map(|host| (host.host.as_str(), host.addresses.join(","))).collect();
        assert_eq!(hosts, [("a.example.org", "192.0.2.1".to_owned()), ("b.example.org", "192.0.2.2".to_owned())]);
    }

    #[test]
    fn each_way_of_having_no_mx_is_told_apart() {
        assert_eq!(search(Rcode::NxDomain, &[]).verdict, RouteVerdict::NoSuchDomain);
        assert_eq!(search(Rcode::ServFail, &[]).verdict, RouteVerdict::Failed);
        assert_eq!(search(Rcode::NoError, &[]).verdict, RouteVerdict::NoMailHost);
        assert_eq!(
            search(Rcode::NoError, &[("example.org", RecordType::Mx, vec![mx(0, ".")])]).verdict,
            RouteVerdict::NullMx
        );
        let own = vec![Record::A { address: "192.0.2.9".into() }];
        let route = search(Rcode::NoError, &[("example.org", RecordType::A, own)]);
        assert_eq!((route.verdict, route.hosts[0].host.as_str()), (RouteVerdict::Implicit, "example.org"));
    }

    #[test]
    fn what_is_no_domain_is_said_before_anything_is_asked() {
        for text in ["", "@", "192.0.2.1", "a b", "bücher.example", "a..b"] {
            assert!(Search::new(Now(0), text, None).is_err(), "{text}");
        }
    }

    #[test]
    fn a_search_that_nobody_answers_ends() {
        let mut search = Search::new(Now(0), "example.org", None).unwrap();
        search.reached(Now(0));
        search.tick(Now(LIMIT));
        assert_eq!(search.route().unwrap().verdict, RouteVerdict::Failed);
    }
}
