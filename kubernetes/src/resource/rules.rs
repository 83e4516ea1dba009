//! Rules in CEL that a schema's own words do not give. `dormer_core::name` says the same; a test compares them.

use dormer_core::name::WorkspaceName;

/// What a name of a workspace is.
pub const LABEL: &str = "self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')";
/// Why one is refused.
pub const LABEL_WHY: &str =
    "a name is a DNS label: lower-case letters, digits and '-', beginning and ending with a letter or digit";
/// How long it may be.
pub const LENGTH: &str = "size(self.metadata.name) <= 46";
/// Why one is refused.
pub const LENGTH_WHY: &str = "a name has at most 46 characters: '65535--<name>' must still be a label of a host name";
/// `--` is ours.
pub const DASHES: &str = "!self.metadata.name.contains('--')";
/// Why one is refused.
pub const DASHES_WHY: &str = "a name must not contain '--', which divides a port from a workspace in host names";
/// All digits would be a port.
pub const LETTER: &str = "self.metadata.name.matches('[a-z]')";
/// Why one is refused.
pub const LETTER_WHY: &str = "a name must contain a letter: all digits would be taken for a port";
/// Why one is refused.
pub const RESERVED_WHY: &str =
    "this name is reserved: it is a host of the gateway, or one that browsers and mail treat apart";

/// No reserved name.
pub fn reserved() -> String {
    let quoted: Vec<String> = WorkspaceName::reserved().iter().map(|name| format!("'{name}'")).collect();
    format!("!(self.metadata.name in [{}])", quoted.join(", "))
}
