//! Who may come to a workspace's pods, and where they may go.

use k8s_openapi::api::core::v1::{Service, ServiceSpec};
use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort,
    NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::policy::Egress;
use crate::render::{DOOR_PORT, Subject, name, selector};

/// What is not the internet: private and shared ranges, loopback, link-local (metadata services are there), multicast,
/// what is reserved.
const NOT_INTERNET_4: [&str; 10] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/3",
];
/// The same: unique local and link-local addresses, multicast, and IPv4 in IPv6's clothes.
const NOT_INTERNET_6: [&str; 5] = ["fc00::/7", "fe80::/10", "ff00::/8", "64:ff9b::/96", "::/96"];

fn labelled(labels: impl IntoIterator<Item = (String, String)>) -> LabelSelector {
    LabelSelector { match_labels: Some(labels.into_iter().collect()), ..LabelSelector::default() }
}

fn port(number: u16, protocol: &str) -> NetworkPolicyPort {
    NetworkPolicyPort {
        port: Some(IntOrString::Int(i32::from(number))),
        protocol: Some(protocol.into()),
        end_port: None,
    }
}

fn block(cidr: &str, except: &[&str]) -> NetworkPolicyPeer {
    let except = except.iter().map(|range| (*range).to_owned()).collect::<Vec<_>>();
    let block = IPBlock { cidr: cidr.to_owned(), except: (!except.is_empty()).then_some(except) };
    NetworkPolicyPeer { ip_block: Some(block), ..NetworkPolicyPeer::default() }
}

/// The policy of a workspace: in comes the gateway, to the door; out goes what the class says.
pub fn of(subject: &Subject<'_>) -> NetworkPolicy {
    let own =
        NetworkPolicyPeer { pod_selector: Some(labelled(selector(subject.workspace))), ..NetworkPolicyPeer::default() };
    let gateway = subject.settings.gateway.as_ref().map(|gateway| {
        let namespace = [("kubernetes.io/metadata.name".to_owned(), gateway.namespace.clone())];
        vec![NetworkPolicyPeer {
            namespace_selector: Some(labelled(namespace)),
            pod_selector: Some(labelled(gateway.labels.clone())),
            ip_block: None,
        }]
    });
    // From outside the cluster, addresses tell nothing; the door itself knows who comes.
    let door = NetworkPolicyIngressRule { from: gateway, ports: Some(vec![port(DOOR_PORT, "TCP")]) };
    let among = NetworkPolicyIngressRule { from: Some(vec![own.clone()]), ports: None };
    let policy = &subject.policy.network;
    let names = NetworkPolicyEgressRule { to: None, ports: Some(vec![port(53, "UDP"), port(53, "TCP")]) };
    let mut places = vec![own];
    places.extend(policy.allow.iter().map(|range| block(range, &[])));
    let egress = match policy.egress {
        Egress::All => vec![NetworkPolicyEgressRule::default()],
        Egress::None => vec![names, NetworkPolicyEgressRule { to: Some(places), ports: None }],
        Egress::Internet => {
            places.push(block("0.0.0.0/0", &NOT_INTERNET_4));
            places.push(block("::/0", &NOT_INTERNET_6));
            vec![names, NetworkPolicyEgressRule { to: Some(places), ports: None }]
        }
    };
    NetworkPolicy {
        metadata: subject.metadata(name(subject.workspace)),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(labelled(selector(subject.workspace))),
            policy_types: Some(vec!["Ingress".into(), "Egress".into()]),
            ingress: Some(vec![door, among]),
            egress: Some(egress),
        }),
    }
}

/// Names for the pods of a workspace that has several.
pub fn names(subject: &Subject<'_>) -> Service {
    Service {
        metadata: subject.metadata(name(subject.workspace)),
        spec: Some(ServiceSpec {
            cluster_ip: Some("None".into()),
            publish_not_ready_addresses: Some(true),
            selector: Some(selector(subject.workspace)),
            ..ServiceSpec::default()
        }),
        status: None,
    }
}
