//! What all replicas share.

use dormer_kubernetes::keys::{Keys, Make};

use crate::fixture::Place;

pub async fn made_once_by_whoever_is_first(place: Place) {
    let random = || -> Make<'static> { Box::new(|| Ok(rand::random::<[u8; 16]>().to_vec())) };
    let clusters = [place.again().await, place.again().await, place.again().await, place.again().await];
    let opened = clusters.iter().map(|cluster| Keys::open(cluster, vec![("a", random()), ("b", random())]));
    let all: Vec<Keys> = futures::future::join_all(opened).await.into_iter().map(Result::unwrap).collect();
    for keys in &all {
        assert_eq!(keys.get("a").unwrap(), all[0].get("a").unwrap());
        assert_eq!(keys.get("b").unwrap(), all[0].get("b").unwrap());
    }
    // A later version needs one more: those that are there stay.
    let later = Keys::open(&place.cluster, vec![("a", random()), ("c", random())]).await.unwrap();
    assert_eq!(later.get("a").unwrap(), all[0].get("a").unwrap());
    assert_eq!(later.get("c").unwrap().len(), 16);
    let said = format!("{later:?}");
    assert!(said.contains("\"a\"") && later.get("nothing").is_err(), "{said}");
}
