//! Measurements of Dormer beside its peers, each as a ratio or a count of one run: absolute numbers of a shared machine
//! mean nothing.

mod instructions;
mod lookup;
mod report;
mod requests;
mod resolve;
mod sockets;
mod ssh;
mod stopped;
mod wake;

/// A measurement and its name.
type Measurement = (&'static str, fn());

const ALL: [Measurement; 9] = [
    ("wake", wake::measure),
    ("requests", requests::measure),
    ("instructions", instructions::measure),
    ("lookup", lookup::measure),
    ("sockets", sockets::idle),
    ("upgrades", sockets::upgrades),
    ("ssh", ssh::measure),
    ("resolve", resolve::measure),
    ("stopped", stopped::measure),
];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = wanted.iter().find(|name| !ALL.iter().any(|(known, _)| known == name)) {
        let known: Vec<&str> = ALL.iter().map(|(name, _)| *name).collect();
        eprintln!("no measurement '{unknown}'; there are {}", known.join(", "));
        std::process::exit(2);
    }
    for (name, measure) in ALL {
        if wanted.is_empty() || wanted.iter().any(|at| at == name) {
            measure();
        }
    }
}
