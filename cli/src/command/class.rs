//! `class`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use dormer_wire::api::{Class as Shown, ClassSays, CreateClass};
use serde_json::Value;

use crate::command::key::remove;
use crate::context::Context;
use crate::error::CliError;
use crate::value::{self, Name};

/// Shown below `--help`.
pub const EXAMPLES: &str = "\
Examples:
  dormer class create small --memory 2Gi --max-memory 4Gi --idle-timeout 30m
  dormer class create gpu -f gpu.yaml            what it says in a file, as `dormer class get gpu -o yaml` prints it
  dormer class update small --max-memory 8Gi     what is not said stays as it is
  dormer create . --class small";

/// Classes: what an administrator decides for workspaces.
#[derive(Debug, Subcommand)]
pub enum Class {
    /// Make a class
    #[command(visible_alias = "add")]
    Create {
        /// The class's name
        name: Name,
        /// What it says
        #[command(flatten)]
        says: Box<Says>,
    },
    /// Change what a class says; workspaces that run have it from their next start
    Update {
        /// The class
        name: Name,
        /// What it says
        #[command(flatten)]
        says: Box<Says>,
    },
    /// List the classes
    #[command(visible_alias = "list")]
    Ls,
    /// Show what classes say
    Get {
        /// Their names
        #[arg(required = true, value_name = "NAME")]
        names: Vec<Name>,
    },
    /// Remove classes that no workspace has
    #[command(visible_alias = "delete")]
    Rm {
        /// Their names
        #[arg(required = true, value_name = "NAME")]
        names: Vec<Name>,
    },
}

/// What a class says.
#[derive(Debug, Default, Args)]
pub struct Says {
    /// A file with what it says, as YAML or JSON
    #[arg(long, short, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// The image of workspaces whose devfile names none
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<String>,
    /// A file with the devfile of workspaces whose repository has none
    #[arg(long, value_name = "FILE")]
    pub devfile: Option<PathBuf>,
    /// Processors of a container that does not say: 2, 500m
    #[arg(long, value_parser = value::quantity)]
    pub cpu: Option<String>,
    /// Memory of a container that does not say: 4Gi
    #[arg(long, value_parser = value::quantity)]
    pub memory: Option<String>,
    /// Size of what a workspace keeps that does not say: 10Gi
    #[arg(long, value_parser = value::quantity)]
    pub storage: Option<String>,
    /// Stop workspaces after so long without activity: 30m, 8h, never
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    pub idle_timeout: Option<u64>,
    /// Stop them so long after their start, whatever happens in them
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    pub max_lifetime: Option<u64>,
    /// Delete them so long after they were stopped
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    pub delete_after_stopped: Option<u64>,
    /// The most processors that a container may have
    #[arg(long, value_parser = value::quantity)]
    pub max_cpu: Option<String>,
    /// The most memory that a container may have
    #[arg(long, value_parser = value::quantity)]
    pub max_memory: Option<String>,
    /// The most accelerators
    #[arg(long, value_parser = value::quantity)]
    pub max_gpu: Option<String>,
    /// The most storage
    #[arg(long, value_parser = value::quantity)]
    pub max_storage: Option<String>,
    /// The longest idle timeout that a workspace may have
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    pub max_idle_timeout: Option<u64>,
    /// What only the class decides: resources.memory, storage.size, lifecycle.idleTimeout, devfile, ...; may be repeated
    #[arg(long, value_name = "FIELD")]
    pub fixed: Vec<String>,
}

impl Class {
    /// Does it.
    pub async fn run(self, context: &mut Context) -> Result<(), CliError> {
        match self {
            Class::Create { name, says } => {
                let body = CreateClass { name: name.as_str().into(), says: says.over(ClassSays::default())? };
                let value = context.client()?.post(&["classes"], &body).await?;
                context.output.one::<Shown>(&value)
            }
            Class::Update { name, says } => {
                let client = context.client()?;
                let path = ["classes", name.as_str()];
                let now: Shown = crate::output::read(&client.get(&path, &[]).await?)?;
                let value = client.put(&path, &says.over(now.says)?).await?;
                context.output.one::<Shown>(&value)
            }
            Class::Ls => {
                let items = context.client()?.list(&["classes"], &[]).await?;
                context.output.list::<Shown>(&items)
            }
            Class::Get { names } => {
                let client = context.client()?;
                for name in &names {
                    let value = client.get(&["classes", name.as_str()], &[]).await?;
                    context.output.one::<Shown>(&value)?;
                }
                Ok(())
            }
            Class::Rm { names } => {
                let names = names.iter().map(|name| name.as_str().to_string()).collect::<Vec<_>>();
                remove(context, "classes", &names).await
            }
        }
    }
}

impl Says {
    /// What was said before, or the file in its place, with what is typed over it.
    fn over(self, before: ClassSays) -> Result<ClassSays, CliError> {
        let mut says = match &self.file {
            Some(path) => read(path)?,
            None => before,
        };
        fn put<T>(place: &mut Option<T>, value: Option<T>) {
            if value.is_some() {
                *place = value;
            }
        }
        put(&mut says.description, self.description);
        put(&mut says.image, self.image);
        put(&mut says.devfile, self.devfile.as_deref().map(crate::source::text_of).transpose()?);
        let mut defaults = says.defaults.take().unwrap_or_default();
        put(&mut defaults.resources.cpu, self.cpu);
        put(&mut defaults.resources.memory, self.memory);
        put(&mut defaults.storage.size, self.storage);
        put(&mut defaults.lifecycle.idle_timeout, self.idle_timeout);
        put(&mut defaults.lifecycle.max_lifetime, self.max_lifetime);
        put(&mut defaults.lifecycle.delete_after_stopped, self.delete_after_stopped);
        says.defaults = Some(defaults);
        let mut limits = says.limits.take().unwrap_or_default();
        put(&mut limits.cpu, self.max_cpu);
        put(&mut limits.memory, self.max_memory);
        put(&mut limits.gpu, self.max_gpu);
        put(&mut limits.storage, self.max_storage);
        put(&mut limits.idle_timeout, self.max_idle_timeout);
        says.limits = Some(limits);
        says.fixed.extend(self.fixed);
        says.fixed.sort();
        says.fixed.dedup();
        Ok(says)
    }
}

/// A file with what a class says. As in what `get` prints, its name and age may stand there, and a `WorkspaceClass`
/// object is as good as what it says.
fn read(path: &Path) -> Result<ClassSays, CliError> {
    let wrong = |why: String| CliError::Usage(format!("{}: {why}", path.display()));
    let text = crate::source::text_of(path)?;
    let options = serde_saphyr::options! { strict_booleans: true };
    let mut value: Value =
        serde_saphyr::from_str_with_options(&text, options).map_err(|error| wrong(error.to_string()))?;
    if value.get("kind").and_then(Value::as_str) == Some("WorkspaceClass") {
        value = value.get("spec").cloned().unwrap_or_default();
    }
    if let Some(map) = value.as_object_mut() {
        for field in ["name", "default", "createdAt"] {
            map.remove(field);
        }
    }
    // `cpu: 2` is meant as it is read.
    for place in ["/defaults/resources", "/defaults/storage", "/limits"] {
        for name in ["cpu", "memory", "gpu", "size", "storage"] {
            if let Some(amount) = value.pointer_mut(place).and_then(|map| map.get_mut(name))
                && amount.is_number()
            {
                *amount = Value::String(amount.to_string());
            }
        }
    }
    serde_json::from_value(value).map_err(|error| wrong(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Result<ClassSays, CliError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("class.yaml");
        std::fs::write(&path, text).unwrap();
        Says { file: Some(path), memory: Some("2Gi".into()), ..Says::default() }.over(ClassSays::default())
    }

    #[test]
    fn a_file_and_what_is_typed() {
        for text in [
            "name: small\ndescription: d\ndefaults: {resources: {cpu: 2, memory: 1Gi}}\nfixed: [storage.size]\npod: {nodeSelector: {a: b}}\n",
            "apiVersion: dormer.dev/v1alpha1\nkind: WorkspaceClass\nmetadata: {name: small}\nspec: {description: d, defaults: {resources: {cpu: 2}}, fixed: [storage.size], pod: {nodeSelector: {a: b}}}\n",
        ] {
            let says = file(text).unwrap();
            let resources = &says.defaults.as_ref().unwrap().resources;
            assert_eq!((resources.cpu.as_deref(), resources.memory.as_deref()), (Some("2"), Some("2Gi")), "{text}");
            assert_eq!(
                (says.fixed.as_slice(), says.pod.unwrap()["nodeSelector"]["a"].as_str()),
                (&["storage.size".to_string()][..], Some("b"))
            );
        }
        let wrong = file("limts: {}\n").unwrap_err().to_string();
        assert!(wrong.contains("limts") && wrong.contains("class.yaml"), "{wrong}");
    }

    #[test]
    fn what_is_not_typed_stays() {
        let before = ClassSays { image: Some("i".into()), fixed: vec!["devfile".into()], ..ClassSays::default() };
        let says = Says { max_memory: Some("8Gi".into()), fixed: vec!["devfile".into()], ..Says::default() };
        let says = says.over(before).unwrap();
        assert_eq!((says.image.as_deref(), says.fixed.len()), (Some("i"), 1));
        assert_eq!(says.limits.unwrap().memory.as_deref(), Some("8Gi"));
    }
}
