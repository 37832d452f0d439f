use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::*;
use crate::engine::{ContainerSpec, Engine, VolumeSpec};

/// An engine with addresses for so many networks.
struct Small {
    room: usize,
    there: Mutex<BTreeSet<String>>,
    most: Mutex<usize>,
}

impl Small {
    fn with_room_for(room: usize) -> Self {
        Self {
            room,
            there: Mutex::default(),
            most: Mutex::default(),
        }
    }

    fn left(&self) -> usize {
        self.there.lock().expect("the networks").len()
    }
}

#[async_trait]
impl Workshop for Small {
    async fn network(&self, spec: NetworkSpec) -> Result<String, EngineError> {
        // So that others have their turn in between, as with an engine.
        tokio::task::yield_now().await;
        let mut there = self.there.lock().expect("the networks");
        if there.len() >= self.room {
            return Err(EngineError::NoAddresses {
                step: format!("creating network {}", spec.name),
                message: "could not find an available, non-overlapping IPv4 address pool"
                    .to_owned(),
            });
        }
        there.insert(spec.name.clone());
        let mut most = self.most.lock().expect("a number");
        *most = there.len().max(*most);
        Ok(spec.name)
    }

    async fn remove_network(&self, name: &str) {
        self.there.lock().expect("the networks").remove(name);
    }

    fn engine(&self) -> &Arc<dyn Engine> {
        unreachable!("networks are made by the workshop")
    }

    async fn container(&self, _: ContainerSpec) -> Result<String, EngineError> {
        unreachable!("no container is asked for")
    }

    async fn volume(&self, _: VolumeSpec) -> Result<String, EngineError> {
        unreachable!("no volume is asked for")
    }

    fn labels(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    fn project_name(&self) -> String {
        unreachable!("nobody else makes a project")
    }

    fn adopt(&self, _: &str) {}

    fn outlive(&self, _: BoxFuture<'static, ()>) {}

    fn keeps(&self) -> bool {
        false
    }

    async fn remove_container(&self, _: &str) {}

    async fn remove_volume(&self, _: &str) {}
}

fn two_of(stack: usize) -> [NetworkSpec; 2] {
    ["front", "back"].map(|name| NetworkSpec {
        name: format!("{stack}-{name}"),
        ..NetworkSpec::default()
    })
}

#[tokio::test]
async fn stacks_that_do_not_fit_at_once_come_up_one_after_the_other() {
    let engine = Small::with_room_for(3);
    let stacks = (0..4).map(|stack| {
        let engine = &engine;
        async move {
            let made = make(engine, &two_of(stack), Duration::from_secs(60)).await;
            for name in made.expect("its turn comes") {
                engine.remove_network(&name).await;
            }
        }
    });
    futures_util::future::join_all(stacks).await;
    assert_eq!(engine.left(), 0);
    assert!(*engine.most.lock().expect("a number") <= 3);
}

#[tokio::test]
async fn a_stack_that_never_fits_says_what_to_do_and_holds_nothing() {
    let engine = Small::with_room_for(1);
    let fault = make(&engine, &two_of(0), Duration::ZERO)
        .await
        .expect_err("there is room for one");
    let said = fault.to_string();
    assert!(said.contains("network 0-back"), "{said}");
    assert!(said.contains("default-address-pools"), "{said}");
    assert_eq!(engine.left(), 0);
}
