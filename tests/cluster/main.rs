//! The product on a real Kubernetes: the chart is installed, workspaces are pods, and everything that a person does goes
//! through what the chart set up. `scripts/cluster/test.sh` brings a cluster up for these, and runs them inside its
//! network.

mod class;
mod cluster;
mod devfile;
mod image;
mod install;
mod kubectl;
mod people;
mod refuse;
mod replica;
mod sleep;
mod space;
mod ssh;
mod visit;
