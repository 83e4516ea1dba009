//! Writing a tree through serde, so that every format serde has is one.

use super::{Node, Value};
use serde::ser::{Serialize, SerializeMap, Serializer};

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Number(value) => value.serialize(serializer),
            Value::Text(value) => serializer.serialize_str(value),
            Value::List(items) => serializer.collect_seq(items),
            Value::Map(map) => {
                let mut out = serializer.serialize_map(Some(map.len()))?;
                for (key, entry) in map {
                    out.serialize_entry(&**key, &entry.node)?;
                }
                out.end()
            }
        }
    }
}
