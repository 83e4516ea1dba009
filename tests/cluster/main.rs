//! The product on a real Kubernetes: the chart is installed, workspaces are pods, and everything that a person does goes
//! through what the chart set up. `scripts/cluster/test.sh` brings a cluster up for these, and runs them inside its
//! network.

mod class;
mod cluster;
mod crowd;
mod devfile;
mod fault;
mod image;
mod install;
mod kubectl;
mod node;
mod people;
mod refuse;
mod replica;
mod roll;
mod sleep;
mod space;
mod ssh;
mod visit;
