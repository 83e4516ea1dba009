//! What each version of the specification lets a devfile say.
//!
//! One set of tables holds every field with the versions that know it. The check, the JSON schemas for editors and
//! "did you mean" all read these tables, so they can't disagree.

mod check;
mod devcontainer;
mod edition;
pub(crate) mod export;
mod form;
mod hint;
mod tables;
mod workspace;

pub(crate) use check::check;
pub use edition::{Dialect, Edition, UnknownEdition};
pub use export::{devcontainer_schema, json_schema, workspace_schema};
pub(crate) use tables::content;

use edition::Edition as E;

/// Where in a document a value stands: overrides may leave out what the overridden element has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Main,
    ParentOverride,
    PluginOverride,
}

/// What a value must look like.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    Text,
    Bool,
    Port,
    /// A text of a certain form.
    Form(form::Form),
    /// One of some words.
    Choice(&'static [(&'static str, E)]),
    /// Any mapping.
    Free,
    /// A mapping of texts.
    Texts,
    /// Anything.
    Any,
    /// A whole number, not negative.
    Count,
    /// One of several, told apart by the kind of value; with what they are in words.
    Either(&'static [Shape], &'static str),
    /// A mapping whose values have one shape.
    MapOf(&'static Shape),
    List(&'static Shape),
    /// A list without repetition.
    Set(&'static Shape),
    /// A function, since the tables refer to each other in circles.
    Object(fn() -> &'static Object),
}

/// A mapping with known fields.
#[derive(Debug)]
pub(crate) struct Object {
    /// What it is, for messages: "a container".
    pub(crate) name: &'static str,
    pub(crate) fields: &'static [Field],
    /// Exactly one of these is there.
    pub(crate) one_of: &'static [&'static str],
    /// The same in overrides.
    pub(crate) one_of_override: &'static [&'static str],
    /// Whether other fields are allowed.
    pub(crate) open: bool,
}

/// A field of a mapping, and who knows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) need: Need,
    from: E,
    until: E,
    in_devfile: bool,
    in_template: bool,
    modes: &'static [Mode],
    enters: Option<Mode>,
}

/// Must the field be there?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Optional,
    /// In the main body, not in overrides.
    Required,
    /// Everywhere: it is what the element is known by.
    Key,
}

impl Field {
    pub(crate) fn known_to(&self, dialect: Dialect, mode: Mode) -> bool {
        let somewhere = match dialect {
            Dialect::Devfile(edition) => self.in_devfile && self.from <= edition && edition <= self.until,
            Dialect::WorkspaceFile | Dialect::Devcontainer => true,
            Dialect::Template | Dialect::ParentOverrides | Dialect::PluginOverrides => self.in_template,
        };
        somewhere && self.modes.contains(&mode)
    }

    /// The published versions that know the field.
    pub(crate) fn editions(&self) -> Option<(E, E)> {
        self.in_devfile.then_some((self.from, self.until))
    }

    /// Where its content stands.
    pub(crate) fn mode(&self, outer: Mode) -> Mode {
        self.enters.unwrap_or(outer)
    }

    pub(crate) fn required_in(&self, mode: Mode) -> bool {
        match self.need {
            Need::Optional => false,
            Need::Required => mode == Mode::Main,
            Need::Key => true,
        }
    }
}

impl Object {
    pub(crate) fn one_of(&self, mode: Mode) -> &'static [&'static str] {
        if mode == Mode::Main { self.one_of } else { self.one_of_override }
    }

    pub(crate) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}
