//! All objects as last seen, and which of them hold their names: a name is one host, and objects of one name may exist in
//! many namespaces. Pure.

mod kept;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use dormer_core::name::ProjectName;
use dormer_core::ports::store::Change;
use dormer_core::workspace::Workspace;

pub use kept::Kept;

use super::refusal::Refusal;
use crate::names::Prefix;

/// All objects as last seen.
#[derive(Debug)]
pub struct Index {
    prefix: Prefix,
    /// Projects of namespaces that say so by a label.
    labelled: BTreeMap<String, ProjectName>,
    /// Namespaces that a gateway made: those that are not ours by their names are another gateway's.
    made: BTreeSet<String>,
    objects: HashMap<String, Vec<Arc<Kept>>>,
}

impl Index {
    /// An empty one.
    pub fn new(prefix: Prefix) -> Index {
        Index { prefix, labelled: BTreeMap::new(), made: BTreeSet::new(), objects: HashMap::new() }
    }

    /// One that knows the same projects, and no objects.
    pub fn clone_empty(&self) -> Index {
        let (prefix, labelled, made) = (self.prefix.clone(), self.labelled.clone(), self.made.clone());
        Index { prefix, labelled, made, objects: HashMap::new() }
    }

    /// The project of a namespace.
    pub fn project(&self, namespace: &str) -> Option<ProjectName> {
        self.labelled.get(namespace).cloned().or_else(|| self.prefix.project(namespace))
    }

    /// The namespace of a project: one that says so, or else the one that is called so.
    pub fn namespace(&self, project: &ProjectName) -> String {
        let own = self.prefix.namespace(project);
        let labelled = self.labelled.iter().find(|(namespace, of)| *of == project && **namespace != own);
        labelled.map_or(own, |(namespace, _)| namespace.clone())
    }

    /// Takes in what namespaces say. True: objects have to be read anew, since some are another project's now.
    pub fn label(&mut self, (labelled, made): (BTreeMap<String, ProjectName>, BTreeSet<String>)) -> bool {
        self.made = made;
        let says = |labels: &BTreeMap<String, ProjectName>, prefix: &Prefix| -> BTreeMap<String, ProjectName> {
            // What the name says already is no news.
            labels
                .iter()
                .filter(|(namespace, project)| prefix.project(namespace).as_ref() != Some(project))
                .map(|(namespace, project)| (namespace.clone(), project.clone()))
                .collect()
        };
        let changed = says(&self.labelled, &self.prefix) != says(&labelled, &self.prefix);
        self.labelled = labelled;
        changed
    }

    /// The object that holds a name.
    pub fn holder(&self, name: &str) -> Option<Arc<Kept>> {
        self.objects.get(name).and_then(|objects| first(objects)).cloned()
    }

    /// All objects of a name that could hold it.
    pub fn candidates(&self, name: &str) -> Vec<Arc<Kept>> {
        let objects = self.objects.get(name).map(Vec::as_slice).unwrap_or_default();
        objects.iter().filter(|kept| kept.is_able()).cloned().collect()
    }

    /// Every record that holds its name.
    pub fn holders(&self) -> Vec<Arc<Workspace>> {
        self.objects.values().filter_map(|objects| first(objects)?.record().cloned()).collect()
    }

    /// Takes in an object. What follows from it, if anything.
    pub fn put(&mut self, kept: Kept) -> Option<Change> {
        let name = kept.name.clone();
        self.change(&name, |objects| match objects.iter_mut().find(|other| other.namespace == kept.namespace) {
            Some(other) => *other = Arc::new(kept),
            None => objects.push(Arc::new(kept)),
        })
    }

    /// An object is gone.
    pub fn remove(&mut self, namespace: &str, name: &str) -> Option<Change> {
        self.change(name, |objects| objects.retain(|other| other.namespace != namespace))
    }

    fn change(&mut self, name: &str, change: impl FnOnce(&mut Vec<Arc<Kept>>)) -> Option<Change> {
        let objects = self.objects.entry(name.to_string()).or_default();
        let before = first(objects).cloned();
        change(objects);
        let after = first(objects).cloned();
        if objects.is_empty() {
            self.objects.remove(name);
        }
        match (before, after.as_ref().and_then(|kept| kept.record())) {
            (Some(before), Some(after)) if before.is(after) => None,
            (_, Some(after)) => Some(Change::Put(Arc::clone(after))),
            (Some(before), None) => before.record().map(|record| Change::Gone(record.name.clone())),
            (None, None) => None,
        }
    }

    /// Takes in all objects at once.
    pub fn replace(&mut self, all: Vec<Kept>) -> Change {
        self.objects.clear();
        for kept in all {
            self.objects.entry(kept.name.clone()).or_default().push(Arc::new(kept));
        }
        Change::All(self.holders())
    }

    /// Objects that are not accepted, with why.
    pub fn refused(&self) -> Vec<(Arc<Kept>, Refusal)> {
        let mut all = Vec::new();
        for objects in self.objects.values() {
            let holder = first(objects);
            // Of what is another gateway's we say nothing.
            let ours = |kept: &Kept| !self.made.contains(&kept.namespace) || self.project(&kept.namespace).is_some();
            for kept in objects.iter().filter(|kept| !kept.is_leaving() && ours(kept)) {
                let why = match (&kept.read, holder) {
                    (Err(refusal), _) => refusal.clone(),
                    (Ok(_), Some(holder)) if holder.uid != kept.uid => {
                        Refusal::NameTaken { namespace: holder.namespace.clone() }
                    }
                    _ => continue,
                };
                all.push((Arc::clone(kept), why));
            }
        }
        all
    }
}

/// The one that holds the name: the oldest of those that can. Times are told by the second: of one second it is the one
/// that was accepted already.
fn first(objects: &[Arc<Kept>]) -> Option<&Arc<Kept>> {
    fn age(kept: &Kept) -> (jiff::Timestamp, bool, &str) {
        (kept.created_at, !kept.is_held(), &kept.uid)
    }
    let able = objects.iter().filter(|kept| kept.is_able());
    able.min_by(|a, b| age(a).cmp(&age(b)))
}
