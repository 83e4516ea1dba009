//! Schemas that a Rust type alone does not give.

use dormer_core::class::Fixed;
use schemars::{Schema, SchemaGenerator, json_schema};

/// A moment.
pub fn time(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "date-time" })
}

/// A moment, or none.
pub fn maybe_time(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "date-time", "nullable": true })
}

/// A quantity, as `2`, `500m`, `4Gi`.
pub fn quantity(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "x-kubernetes-int-or-string": true,
        "anyOf": [{ "type": "integer" }, { "type": "string" }],
        "pattern": r"^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei)?$",
        "nullable": true
    })
}

/// What of a class nobody else decides.
pub fn fixed(_: &mut SchemaGenerator) -> Schema {
    let names = Fixed::ALL.map(Fixed::name);
    let item = json_schema!({ "type": "string", "description": "A value that only the class decides.", "enum": names });
    json_schema!({ "type": "array", "maxItems": 20, "items": item })
}

/// Any object, as it is.
pub fn anything(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "nullable": true, "x-kubernetes-preserve-unknown-fields": true })
}
