//! Durations, sizes, file modes, owners, signals: one text into one value.
//! Each error is what is wrong, in words that follow the text.

use std::time::Duration;

/// Longer than any job may run.
const MAX_DURATION: Duration = Duration::from_secs(24 * 60 * 60);

/// `30s`, `1m30s`, `500ms`, `2h`.
pub(super) fn duration(text: &str) -> Result<Duration, &'static str> {
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return Err("is empty");
    }
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or("has no unit")?;
        let (number, after) = rest.split_at(digits);
        let number: f64 = number.parse().map_err(|_| "is no duration")?;
        let unit_end = after
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let seconds = match unit {
            "ms" => number / 1000.0,
            "s" => number,
            "m" | "min" => number * 60.0,
            "h" => number * 3600.0,
            _ => return Err("has a unit that is none of ms, s, m, h"),
        };
        let part = Duration::try_from_secs_f64(seconds).map_err(|_| "is out of bounds")?;
        total = total.checked_add(part).ok_or("is out of bounds")?;
        rest = after.trim_start();
    }
    if total.is_zero() {
        Err("is no time at all")
    } else if total > MAX_DURATION {
        Err("is longer than a day")
    } else {
        Ok(total)
    }
}

/// `512`, `10K`, `1.5M`, `2GiB`: suffixes count by 1024.
pub(super) fn size(text: &str) -> Result<u64, &'static str> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit.trim() {
        "" | "B" => 0,
        "K" | "k" | "KB" | "KiB" | "kB" => 10,
        "M" | "MB" | "MiB" => 20,
        "G" | "GB" | "GiB" => 30,
        _ => return Err("has a suffix that is none of K, M, G"),
    };
    if let Ok(number) = number.parse::<u64>() {
        return number
            .checked_mul(1 << shift)
            .ok_or("is more than any file holds");
    }
    let number: f64 = number.parse().map_err(|_| "is no size")?;
    let bytes = number * f64::from(1u32 << shift);
    if shift == 0 || !(0.0..1e18).contains(&bytes) {
        return Err("is no whole number of bytes");
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bounded above, and half a byte does not matter"
    )]
    Ok(bytes as u64)
}

/// `0755`, `755`, `0o755`, `4755`.
pub(super) fn mode(text: &str) -> Result<u32, &'static str> {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    if !(3..=5).contains(&digits.len()) || !digits.chars().all(|c| ('0'..='7').contains(&c)) {
        return Err("is no file mode");
    }
    match u32::from_str_radix(digits, 8) {
        Ok(mode) if mode <= 0o7777 => Ok(mode),
        _ => Err("is no file mode"),
    }
}

/// `1000` or `1000:1000`.
pub(super) fn owner(text: &str) -> Option<(u64, Option<u64>)> {
    let id = |text: &str| {
        text.chars()
            .all(|c| c.is_ascii_digit())
            .then(|| text.parse::<u32>().ok().map(u64::from))
            .flatten()
    };
    match text.split_once(':') {
        Some((user, group)) => Some((id(user)?, Some(id(group)?))),
        None => Some((id(text)?, None)),
    }
}

/// 64 hexadecimal digits, in lower case; `sha256:` before them is fine.
pub(super) fn sha256(text: &str) -> Option<String> {
    let digits = text.strip_prefix("sha256:").unwrap_or(text);
    let is_digest = digits.len() == 64 && digits.chars().all(|c| c.is_ascii_hexdigit());
    is_digest.then(|| digits.to_ascii_lowercase())
}

/// Linux's signals by their numbers on every architecture but MIPS and Alpha.
pub(crate) const SIGNALS: [(&str, i32); 31] = [
    ("SIGHUP", 1),
    ("SIGINT", 2),
    ("SIGQUIT", 3),
    ("SIGILL", 4),
    ("SIGTRAP", 5),
    ("SIGABRT", 6),
    ("SIGBUS", 7),
    ("SIGFPE", 8),
    ("SIGKILL", 9),
    ("SIGUSR1", 10),
    ("SIGSEGV", 11),
    ("SIGUSR2", 12),
    ("SIGPIPE", 13),
    ("SIGALRM", 14),
    ("SIGTERM", 15),
    ("SIGSTKFLT", 16),
    ("SIGCHLD", 17),
    ("SIGCONT", 18),
    ("SIGSTOP", 19),
    ("SIGTSTP", 20),
    ("SIGTTIN", 21),
    ("SIGTTOU", 22),
    ("SIGURG", 23),
    ("SIGXCPU", 24),
    ("SIGXFSZ", 25),
    ("SIGVTALRM", 26),
    ("SIGPROF", 27),
    ("SIGWINCH", 28),
    ("SIGIO", 29),
    ("SIGPWR", 30),
    ("SIGSYS", 31),
];

/// `SIGSEGV`, `SEGV`, `segv`, `11`.
pub(super) fn signal(text: &str) -> Option<i32> {
    if let Ok(number) = text.parse::<i32>() {
        return (1..=64).contains(&number).then_some(number);
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    SIGNALS
        .iter()
        .find(|(known, _)| known.strip_prefix("SIG") == Some(name))
        .map(|(_, number)| *number)
}

/// `SIGSEGV` of 11; `signal 40` where it has no name.
pub(crate) fn signal_name(number: i32) -> String {
    SIGNALS
        .iter()
        .find(|(_, known)| *known == number)
        .map_or_else(
            || format!("signal {number}"),
            |(name, _)| (*name).to_owned(),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        for text in [
            "",
            "30",
            "s",
            "30x",
            "-1s",
            "0s",
            "25h",
            "1..5s",
            "9999999999999999999999h",
            "s30",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(size("512"), Ok(512));
        assert_eq!(size("10K"), Ok(10 << 10));
        assert_eq!(size("1.5M"), Ok(3 << 19));
        for text in [
            "",
            "K",
            "1.5",
            "1T",
            "-1",
            "99999999999999999999G",
            "18446744073709551615K",
        ] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn modes_owners_digests_signals() {
        assert_eq!(mode("0755"), Ok(0o755));
        assert_eq!(mode("4755"), Ok(0o4755));
        assert_eq!(mode("0o644"), Ok(0o644));
        assert!(mode("888").is_err() && mode("rwx").is_err() && mode("77777").is_err());
        assert_eq!(owner("1000:50"), Some((1000, Some(50))));
        assert_eq!(owner("0"), Some((0, None)));
        assert!(owner("root").is_none() && owner("1:").is_none() && owner("").is_none());
        assert_eq!(
            sha256(&format!("sha256:{}", "A".repeat(64))),
            Some("a".repeat(64))
        );
        assert!(sha256("abc").is_none());
        assert_eq!(signal("segv"), Some(11));
        assert_eq!(signal("SIGABRT"), Some(6));
        assert_eq!(signal("9"), Some(9));
        assert!(signal("SIGNOPE").is_none() && signal("0").is_none());
        assert_eq!(signal_name(11), "SIGSEGV");
        assert_eq!(signal_name(40), "signal 40");
    }
}
