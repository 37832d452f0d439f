//! What killed runs left in an engine, found again by its labels.

use std::collections::BTreeMap;

use super::containers::{LABEL_LEASE, LABEL_OWNER, LABEL_RUN, now};
use super::owner;
use super::resource::Resource;
use crate::engine::Engine;

/// Removes containers, networks and volumes of runs that are over: their process
/// is gone, or their lease has run out. Returns what was done, a line each.
pub async fn sweep(engine: &dyn Engine) -> Vec<String> {
    let mut done = Vec::new();
    for kind in Resource::ALL {
        let Ok(all) = kind.labelled(engine, LABEL_RUN).await else {
            // The run itself will meet the same fault, and say so better.
            return done;
        };
        for one in all {
            if !is_abandoned(&one.labels, now()) {
                continue;
            }
            let run = one.labels.get(LABEL_RUN).map_or("?", String::as_str);
            done.push(match kind.remove(engine, &one.id).await {
                Ok(()) => format!("removed a {kind} that the run {run} left behind"),
                Err(fault) => format!("a {kind} that the run {run} left behind stays: {fault}"),
            });
        }
    }
    done
}

/// Removes all that a run made, whether it is over or not. Returns what was done,
/// a line each.
pub async fn remove_run(engine: &dyn Engine, run: &str) -> Vec<String> {
    let mut done = Vec::new();
    for kind in Resource::ALL {
        let all = match kind.labelled(engine, LABEL_RUN).await {
            Ok(all) => all,
            Err(fault) => {
                done.push(fault.to_string());
                return done;
            }
        };
        for one in all {
            if one.labels.get(LABEL_RUN).map(String::as_str) == Some(run) {
                done.push(match kind.remove(engine, &one.id).await {
                    Ok(()) => format!("removed the {kind} {}", one.id),
                    Err(fault) => format!("the {kind} {} stays: {fault}", one.id),
                });
            }
        }
    }
    done
}

fn is_abandoned(labels: &BTreeMap<String, String>, now: u64) -> bool {
    let is_expired = labels
        .get(LABEL_LEASE)
        .and_then(|lease| lease.parse::<u64>().ok())
        .is_some_and(|lease| lease < now);
    is_expired
        || labels
            .get(LABEL_OWNER)
            .is_some_and(|label| owner::is_gone(label))
}

#[cfg(test)]
mod tests;
