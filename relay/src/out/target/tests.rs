//! What may be named, and what may be reached.

use super::*;

fn policy() -> Policy {
    Policy {
        ports: vec![25, 587],
        addresses: AddressPolicy::Any,
        allow_networks: Vec::new(),
        deny_networks: Vec::new(),
        literals: true,
        explains: true,
        proxy_headers: true,
        implicit_tls: Some(vec![465, 2465]),
        own: vec!["127.0.0.1:2525".parse().unwrap()],
        named: BTreeMap::from([
            ("practice".to_owned(), named("127.0.0.1", 40000, false)),
            ("exchange".to_owned(), named("mail.corp.example", 25, true)),
        ]),
    }
}

fn named(host: &str, port: u16, allow_proxy_header: bool) -> NamedTarget {
    NamedTarget { host: host.to_owned(), port, implicit_tls: false, allow_proxy_header }
}

fn host(host: &str, port: u16) -> Connect {
    Connect { host: Some(host.to_owned()), port: Some(port), ..Connect::default() }
}

fn code(connect: &Connect) -> Code {
    policy().target(connect).unwrap_err().code
}

#[test]
fn a_host_and_a_port_or_a_target_and_never_both() {
    assert_eq!(code(&Connect::default()), Code::BadRequest);
    assert_eq!(code(&Connect { port: None, ..host("mx.example", 25) }), Code::BadRequest);
    assert_eq!(code(&Connect { target: Some("practice".into()), ..host("mx.example", 25) }), Code::BadRequest);
    let named = Connect { target: Some("practice".into()), ..Connect::default() };
    assert!(matches!(policy().target(&named), Ok(Target::Named { .. })));
    let other = Connect { target: Some("other".into()), ..Connect::default() };
    assert_eq!(code(&other), Code::Forbidden);
}

#[test]
fn a_proxy_header_goes_to_a_named_target_only_where_its_operator_says_so() {
    let strict = Policy { proxy_headers: false, ..policy() };
    for (name, allowed) in [("exchange", true), ("practice", false)] {
        let target = strict.target(&Connect { target: Some(name.into()), ..Connect::default() }).unwrap();
        assert_eq!(strict.proxy_header(&target).is_ok(), allowed, "{name}");
    }
    assert!(strict.proxy_header(&strict.target(&host("mx.example", 25)).unwrap()).is_err());
}

#[test]
fn of_networks_only_the_allowed_are_reached_and_a_denied_one_never() {
    let networks = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpNet>>();
    let policy = Policy {
        addresses: AddressPolicy::Networks,
        allow_networks: networks(&["192.0.2.0/24", "2001:db8::/32"]),
        deny_networks: networks(&["192.0.2.128/25"]),
        explains: false,
        ..policy()
    };
    for good in ["192.0.2.1:25", "[::ffff:192.0.2.1]:25", "[2001:db8::1]:25"] {
        assert_eq!(policy.address(good.parse().unwrap()), Ok(()), "{good}");
    }
    for bad in ["192.0.2.129:25", "[::ffff:192.0.2.129]:25", "198.51.100.1:25", "127.0.0.1:25", "[2001:db9::1]:25"] {
        let deny = policy.address(bad.parse().unwrap()).unwrap_err();
        assert_eq!((deny.code, deny.message.as_str()), (Code::Forbidden, NOT_ALLOWED), "{bad}");
    }
}

#[test]
fn where_only_names_are_taken_an_address_is_refused_as_all_else_is() {
    let policy = Policy { literals: false, explains: false, ..policy() };
    for bad in ["192.0.2.1", "2001:db8::1"] {
        assert_eq!(policy.target(&host(bad, 25)).unwrap_err().message, NOT_ALLOWED);
    }
    assert!(policy.target(&host("mx.example", 25)).is_ok());
}

#[test]
fn only_the_listed_ports_are_reached_and_the_refusal_says_how_to_add_one() {
    let deny = policy().target(&host("mx.example", 80)).unwrap_err();
    assert_eq!(deny.code, Code::Forbidden);
    assert!(deny.message.contains("--allow-port 80"), "{}", deny.message);
    let closed = Policy { explains: false, ..policy() };
    assert!(!closed.target(&host("mx.example", 80)).unwrap_err().message.contains("80"));
}

#[test]
fn a_host_is_a_name_or_an_address_without_zone_and_brackets() {
    for good in ["mx.example", "mx.example.", "mx", "_dmarc.example", "xn--bcher-kva.example"] {
        assert!(matches!(policy().target(&host(good, 25)), Ok(Target::Host { .. })), "{good}");
    }
    for good in ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"] {
        assert!(matches!(policy().target(&host(good, 25)), Ok(Target::Address(_))), "{good}");
    }
    let long = "a.".repeat(128);
    for bad in ["", ".", "a..b", "bücher.example", "mx example", "[::1]", "fe80::1%eth0", "a/b", "a\0b", &long] {
        assert_eq!(code(&host(bad, 25)), Code::BadRequest, "{bad:?}");
    }
}

#[test]
fn the_relay_never_connects_to_itself_however_it_is_written() {
    for own in ["127.0.0.1:2525", "0.0.0.0:2525", "[::ffff:127.0.0.1]:2525"] {
        assert_eq!(policy().address(own.parse().unwrap()).unwrap_err().code, Code::Forbidden, "{own}");
    }
    for other in ["127.0.0.1:2526", "127.0.0.2:2525", "10.0.0.1:25", "[::1]:2525"] {
        assert_eq!(policy().address(other.parse().unwrap()), Ok(()), "{other}");
    }
}

#[test]
fn an_address_in_a_spelling_that_only_some_programs_know_is_neither_an_address_nor_a_name() {
    for text in [
        "127.1",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "2130706433",
        "0x7f000001",
        "127.0.0.1.",
        "127.0.0.0x1",
        "127.0.0.01",
        "1.2.3",
    ] {
        assert_eq!(code(&host(text, 25)), Code::BadRequest, "{text}");
    }
    for name in ["1.mx.example", "mx1", "0xmx.example", "1and1.example"] {
        assert!(matches!(policy().target(&host(name, 25)), Ok(Target::Host { .. })), "{name}");
    }
}

#[test]
fn the_relay_does_not_meet_itself_by_way_of_nat64() {
    let policy = Policy { own: vec!["192.0.2.5:2525".parse().unwrap()], ..policy() };
    for own in ["192.0.2.5:2525", "[64:ff9b::c000:205]:2525", "[::ffff:192.0.2.5]:2525"] {
        assert!(policy.address(own.parse().unwrap()).is_err(), "{own}");
    }
}
