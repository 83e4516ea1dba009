//! Which addresses are anybody's, and which only those of the gateway's own network. Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is a public one (RFC 6890 and its registries): neither private, nor of this machine or link, nor
/// one of a metadata service, nor reserved.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_unspecified()
        || a == 0
        || ip.is_loopback()
        || ip.is_private()
        || ip.is_link_local()
        || ip.is_broadcast()
        || ip.is_documentation()
        || ip.is_multicast()
        || a >= 240
        // Carriers' own (100.64/10), protocol assignments, 6to4 relays, measurements of devices.
        || (a == 100 && (64..128).contains(&b))
        || (a, b, c) == (192, 0, 0)
        || (a, b, c) == (192, 88, 99)
        || (a == 198 && (18..20).contains(&b))
        // Azure's own: not private by any registry, and its metadata and DNS all the same.
        || ip == Ipv4Addr::new(168, 63, 129, 16);
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    let embedded = |at: usize| {
        let octets = ip.octets();
        octets.get(at..at + 4).and_then(|four| <[u8; 4]>::try_from(four).ok()).map(Ipv4Addr::from)
    };
    if let Some(ip) = ip.to_ipv4_mapped() {
        return is_public_v4(ip);
    }
    // Translated (64:ff9b::/96) and tunnelled (2002::/16) addresses lead where the one inside them leads.
    if first == 0x64 && second == 0xff9b && ip.segments().get(2..6) == Some(&[0, 0, 0, 0]) {
        return embedded(12).is_some_and(is_public_v4);
    }
    if first == 0x2002 {
        return embedded(2).is_some_and(is_public_v4);
    }
    let special = first == 0x3fff || (first == 0x2001 && (second < 0x200 || second == 0xdb8));
    // What is given out at all.
    (first & 0xe000) == 0x2000 && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_and_theirs() {
        let public = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "172.32.0.1", "100.128.0.1", "192.169.0.1", "11.0.0.1"];
        let public6 =
            ["2606:4700::1111", "2a00:1450:4001::8a", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8", "2002:808:808::1"];
        for text in public.into_iter().chain(public6) {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
        #[rustfmt::skip]
        let own = [
            "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
            "169.254.169.254", "169.254.170.2", "100.64.0.1", "100.100.100.200", "192.0.0.1", "192.0.2.1", "192.88.99.1",
            "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "168.63.129.16",
            "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "fe80::1", "fec0::1",
            "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "2001::1", "100::1", "64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1", "2002:7f00:1::1", "2002:a9fe:a9fe::1", "3fff::1", "5f00::1",
        ];
        for text in own {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }
}
