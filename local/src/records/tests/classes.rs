use jiff::Timestamp;
use serde_json::json;

use dormer_core::class::Class;
use dormer_core::ports::classes::{ClassError, Classes as _};

use crate::records::open;

fn class(name: &str, spec: serde_json::Value) -> Class {
    let created_at = Some(Timestamp::from_second(7).unwrap());
    Class { name: name.into(), created_at, spec: serde_json::from_value(spec).unwrap() }
}

#[tokio::test]
async fn classes_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await.unwrap();
    assert_eq!(*store.get("default").unwrap(), Class::built_in(), "it needs no record");
    assert_eq!((store.all().len(), store.get("small")), (1, None));

    let small =
        class("small", json!({ "limits": { "memory": "2Gi" }, "fixed": ["storage.size"], "pod": { "a": [1] } }));
    store.add(small.clone()).await.unwrap();
    assert!(matches!(store.add(small.clone()).await, Err(ClassError::Taken(_))));
    assert!(matches!(store.put(class("other", json!({}))).await, Err(ClassError::NotFound(_))));
    let default = class("default", json!({ "description": "ours" }));
    store.put(default.clone()).await.unwrap();
    store.close().await;
    assert!(store.put(small.clone()).await.is_err(), "the records are closed");

    let store = open(folder.path()).await.unwrap();
    assert_eq!((&*store.get("small").unwrap(), &*store.get("default").unwrap()), (&small, &default));
    let changed = class("small", json!({ "limits": { "memory": "3Gi" } }));
    store.put(changed.clone()).await.unwrap();
    assert_eq!(*store.get("small").unwrap(), changed);
    store.remove("small").await.unwrap();
    assert!(matches!(store.remove("small").await, Err(ClassError::NotFound(_))));
    store.remove("default").await.unwrap();
    assert_eq!(*store.get("default").unwrap(), Class::built_in());
    store.close().await;
    let store = open(folder.path()).await.unwrap();
    assert_eq!(store.all().len(), 1);
}
