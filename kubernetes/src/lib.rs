//! Kubernetes as a backend: the API server keeps every record, and workspaces run as pods.
//!
//! * [`names`]: what objects, labels and namespaces are called. [`cluster`]: the API server, and where in it we are.
//! * [`resource`]: our custom resources as Rust types, with what the API server refuses of them, and the way between them
//!   and the domain's records.
//! * [`records`]: the domain's `Store` over `Workspace` objects. [`accounts`]: its `Accounts` over `User`, `Project` and
//!   Secrets. There is no other database. [`cache`]: objects kept by a watch.
//! * [`lease`]: which of the gateway's replicas reconciles. [`project`]: projects as namespaces. [`class`]: classes.
//! * [`keys`]: what every replica has to have the same, in one Secret.
//! * [`render`]: a plan as the objects of a pod, pure. [`runtime`]: the domain's `Runtime` over them. [`policy`]: what a class
//!   lets pods do. [`truth`]: what the cluster says of a pod that does not come up, in words for people.
//!
//! kube stops in this crate.

pub mod accounts;
pub mod cache;
pub mod class;
pub mod cluster;
pub mod error;
pub mod keys;
pub mod lease;
pub mod names;
pub mod policy;
pub mod project;
pub mod records;
pub mod render;
pub mod resource;
pub mod runtime;
pub mod truth;

mod calls;
mod hex;
