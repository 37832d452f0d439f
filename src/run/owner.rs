//! Whose containers are whose: a run is known by its process, so that what a
//! SIGKILL left is told from what a live run still uses.

/// A process, named so that no other one in time or on another machine shares the name:
/// boot id, pid namespace, pid and start time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner(String);

impl Owner {
    /// This process.
    pub(super) fn me() -> Self {
        let pid = std::process::id();
        match (space(), start_time(pid)) {
            (Some(space), Some(start)) => Self(format!("{space}/{pid}/{start}")),
            _ => Self("unknown".to_owned()),
        }
    }

    /// Nobody who could be gone: containers that are kept stay until someone
    /// removes them, or their lease runs out.
    pub(super) fn none() -> Self {
        Self("kept".to_owned())
    }

    /// As a label's value.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether the process that a label names is known to be gone. Only told of
/// processes that would be visible here; of others nothing is known.
pub(super) fn is_gone(label: &str) -> bool {
    let mut words = label.rsplitn(3, '/');
    let (Some(start), Some(pid), Some(their_space)) = (words.next(), words.next(), words.next())
    else {
        return false;
    };
    if space().as_deref() != Some(their_space) {
        return false;
    }
    let Ok(pid) = pid.parse::<u32>() else {
        return false;
    };
    start_time(pid).as_deref() != Some(start)
}

/// Where a pid means something: this boot, this pid namespace.
fn space() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{}/{}", boot.trim(), namespace.to_string_lossy()))
}

/// Field 22 of `/proc/PID/stat`; the second field may hold spaces and brackets.
fn start_time(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(19).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives_and_a_past_one_does_not() {
        let me = Owner::me();
        assert!(!is_gone(me.as_str()));
        let (before, _) = me.as_str().rsplit_once('/').expect("a start time");
        assert!(
            is_gone(&format!("{before}/1")),
            "same pid, other start time"
        );
    }

    #[test]
    fn of_another_machine_nothing_is_known() {
        assert!(!is_gone("other-boot/pid:[1]/1/1"));
        assert!(!is_gone("unknown"));
    }

    #[test]
    fn what_is_kept_has_no_owner_that_could_be_gone() {
        assert!(!is_gone(Owner::none().as_str()));
    }
}
