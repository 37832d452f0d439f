//! Down: in reverse order, each service given its time to end; then nothing is left.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Stack;
use super::member::Member;

/// How long a service has to end where its file does not say: as in compose.
const GRACE: Duration = Duration::from_secs(10);
/// How long the engine may take for the rest.
const REMOVAL: Duration = Duration::from_secs(60);
/// How long the rest of a log is waited for after its container's end.
const LAST_WORDS: Duration = Duration::from_secs(2);

impl Stack {
    /// Takes everything down. Services have until `deadline` to end, the engine a
    /// minute more to remove them; what is left then, the workshop knows of.
    pub async fn down(&mut self, deadline: Instant) {
        if self.workshop.keeps() {
            self.tasks.abort_all();
            self.plugin = None;
            return;
        }
        // Who has ended is removed while those before it are still being stopped.
        let mut removals = JoinSet::new();
        let mut left = self.order.concat();
        let order = self.order.clone();
        for stage in order.iter().rev() {
            join_all(stage.iter().map(|name| self.stop(name, deadline))).await;
            left.retain(|name| match self.members.get(name) {
                Some(member) if stage.contains(name) && member.now().is_over() => {
                    self.remove(member, &mut removals);
                    false
                }
                _ => true,
            });
        }
        // Whoever watches the others would take their removal for an end of their own.
        self.tasks.abort_all();
        for member in left.iter().filter_map(|name| self.members.get(name)) {
            self.remove(member, &mut removals);
        }
        let _ = tokio::time::timeout(REMOVAL, async {
            while removals.join_next().await.is_some() {}
            self.remove_shared().await;
        })
        .await;
    }

    fn remove(&self, member: &Member, removals: &mut JoinSet<()>) {
        if let Some(id) = member.id().map(str::to_owned) {
            let workshop = Arc::clone(&self.workshop);
            removals.spawn(async move { workshop.remove_container(&id).await });
        }
    }

    async fn stop(&self, name: &str, deadline: Instant) {
        let Some(member) = self.members.get(name) else {
            return;
        };
        let (Some(id), state) = (member.id(), member.now()) else {
            return;
        };
        if !state.has_started() || state.is_over() && !state.hangs() {
            return;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let grace = member.outline.stop_grace_period.unwrap_or(GRACE).min(left);
        let engine = self.workshop.engine();
        let stopped = match state.hangs() {
            // It answers no signal any more.
            true => engine.kill(id).await,
            false => engine.stop(id, grace).await,
        };
        if stopped.is_err() {
            let _ = engine.kill(id).await;
        }
        // What it printed on its way is read to its end.
        let mut changes = member.state.subscribe();
        let over = changes.wait_for(super::State::is_over);
        let _ = tokio::time::timeout(LAST_WORDS, over).await;
        self.timeline.add(name, "stopped");
    }

    /// What no container has any more.
    async fn remove_shared(&mut self) {
        let workshop = &self.workshop;
        let networks = std::mem::take(&mut self.networks);
        let volumes = std::mem::take(&mut self.volumes);
        futures_util::future::join(
            join_all(networks.iter().map(|name| workshop.remove_network(name))),
            join_all(volumes.iter().map(|name| workshop.remove_volume(name))),
        )
        .await;
        self.remove_project().await;
    }
}
