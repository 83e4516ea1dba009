//! What is wrong with a class, and what of a workspace its class does not allow. Each is a field, as a JSON pointer, and a
//! reason.

use super::{BACKEND, Class, ClassSpec, Fixed};
use crate::plan::Quantity;
use crate::workspace::Spec;

/// Ten years: more is a mistake in the unit.
const MAX_SECONDS: u64 = 10 * 365 * 24 * 3600;
/// A devfile is no longer.
const MAX_DEVFILE: usize = 256 * 1024;

type Wrong = (String, String);

fn amount(text: &str) -> Option<Quantity> {
    text.parse().ok()
}

/// Whether more is asked for than that. What is no quantity is for others to refuse.
pub(super) fn exceeds(asked: &str, most: &str) -> bool {
    matches!((amount(asked), amount(most)), (Some(asked), Some(most)) if asked > most)
}

impl ClassSpec {
    /// What is wrong with it. Whether its devfile is one is for others to say, as is what a backend makes of its part.
    pub fn check(&self) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        let mut say = |field: &str, reason: String| wrong.push((field.to_owned(), reason));
        for key in self.backend.keys().filter(|key| !BACKEND.contains(&key.as_str())) {
            say(&format!("/{key}"), "a class has no such field".into());
        }
        for (field, text, longest) in [
            ("/description", &self.description, 1000),
            ("/image", &self.image, 512),
            ("/devfile", &self.devfile, MAX_DEVFILE),
        ] {
            if text.as_ref().is_some_and(|text| text.len() > longest) {
                say(field, format!("at most {longest} octets"));
            }
        }
        if self.image.as_ref().is_some_and(|image| image.is_empty() || image.contains(|c: char| c <= ' ')) {
            say("/image", "the name of an image, without spaces".into());
        }
        let (defaults, limits) = (&self.defaults, &self.limits);
        for (name, asked, most) in [
            ("resources/cpu", &defaults.resources.cpu, &limits.cpu),
            ("resources/memory", &defaults.resources.memory, &limits.memory),
            ("resources/gpu", &defaults.resources.gpu, &limits.gpu),
            ("storage/size", &defaults.storage.size, &limits.storage),
        ] {
            let limit = name.trim_start_matches("resources/").replace("storage/size", "storage");
            let fields = [(format!("/defaults/{name}"), asked), (format!("/limits/{limit}"), most)];
            for (field, text) in fields {
                if text.as_deref().is_some_and(|text| amount(text).is_none()) {
                    say(&field, "a quantity: 2, 500m, 1.5, 4Gi, 10G".into());
                }
            }
            if let (Some(asked), Some(most)) = (asked, most)
                && exceeds(asked, most)
            {
                say(&format!("/defaults/{name}"), format!("{asked} is more than the class's own limit, {most}"));
            }
        }
        let lifecycle = &defaults.lifecycle;
        for (field, seconds) in [
            ("/defaults/lifecycle/idleTimeout", lifecycle.idle_timeout),
            ("/defaults/lifecycle/maxLifetime", lifecycle.max_lifetime),
            ("/defaults/lifecycle/deleteAfterStopped", lifecycle.delete_after_stopped),
            ("/limits/idleTimeout", limits.idle_timeout),
            ("/limits/maxLifetime", limits.max_lifetime),
        ] {
            if seconds.is_some_and(|seconds| seconds > MAX_SECONDS) {
                say(field, "seconds, at most ten years".into());
            }
        }
        for (field, seconds) in
            [("/limits/idleTimeout", limits.idle_timeout), ("/limits/maxLifetime", limits.max_lifetime)]
        {
            if seconds == Some(0) {
                say(field, "a limit of 0 would stop workspaces at once; leave it out for none".into());
            }
        }
        let strategy = defaults.storage.strategy.as_deref();
        if strategy.is_some_and(|strategy| !matches!(strategy, "per-workspace" | "common" | "ephemeral")) {
            say("/defaults/storage/strategy", "one of per-workspace, common, ephemeral".into());
        }
        wrong
    }
}

impl Class {
    /// What a record asks for, by its own word, that this class does not allow.
    pub fn refusals(&self, spec: &Spec) -> Vec<Wrong> {
        let (name, limits) = (&self.name, &self.spec.limits);
        let (resources, storage, lifecycle) = (&spec.resources, &spec.storage, &spec.lifecycle);
        let mut wrong = Vec::new();
        for (field, asked, most) in [
            ("/resources/cpu", &resources.cpu, &limits.cpu),
            ("/resources/memory", &resources.memory, &limits.memory),
            ("/resources/gpu", &resources.gpu, &limits.gpu),
            ("/storage/size", &storage.size, &limits.storage),
        ] {
            if let (Some(asked), Some(most)) = (asked, most)
                && exceeds(asked, most)
            {
                wrong.push((field.into(), format!("{asked} is more than the {most} that class '{name}' allows")));
            }
        }
        for (field, asked, most) in [
            ("/lifecycle/idleTimeout", lifecycle.idle_timeout, limits.idle_timeout),
            ("/lifecycle/maxLifetime", lifecycle.max_lifetime, limits.max_lifetime),
        ] {
            if let (Some(asked), Some(most)) = (asked, most)
                && (asked == 0 || asked > most)
            {
                wrong.push((field.into(), format!("class '{name}' allows at most {most} s")));
            }
        }
        let said = |what: Fixed| match what {
            // What a repository says of itself is nobody's wish: it is passed over.
            Fixed::Devfile => false,
            Fixed::Cpu => resources.cpu.is_some() && resources.cpu != self.spec.defaults.resources.cpu,
            Fixed::Memory => resources.memory.is_some() && resources.memory != self.spec.defaults.resources.memory,
            Fixed::Gpu => {
                let own = &self.spec.defaults.resources;
                (resources.gpu.is_some() && resources.gpu != own.gpu)
                    || (resources.accelerator.is_some() && resources.accelerator != own.accelerator)
            }
            Fixed::StorageSize => storage.size.is_some() && storage.size != self.spec.defaults.storage.size,
            Fixed::StorageClass => storage.class.is_some() && storage.class != self.spec.defaults.storage.class,
            Fixed::StorageStrategy => {
                storage.strategy.is_some() && storage.strategy != self.spec.defaults.storage.strategy
            }
            // A devfile may say these, so that whether a person did cannot be told: they are passed over.
            Fixed::IdleTimeout | Fixed::MaxLifetime | Fixed::DeleteAfterStopped | Fixed::KeepAliveWhenBusy => false,
        };
        for what in self.spec.fixed.iter().copied().filter(|what| said(*what)) {
            let field = format!("/{}", what.name().replace('.', "/"));
            wrong.push((field, format!("class '{name}' decides this; leave it out")));
        }
        wrong
    }
}
