//! Durations, sizes, modes, numbers: one text into one value, as compose takes them.
//! Each error is what is wrong, in words that follow the text.

use std::time::Duration;

/// `1m30s`, `1.5s`, `300ms`, `2h`, `1d`, `1w`, `0`.
pub(super) fn duration(text: &str) -> Result<Duration, &'static str> {
    let mut rest = text;
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err("is empty");
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or("has no unit")?;
        let (number, after) = rest.split_at(digits);
        let number: f64 = number.parse().map_err(|_| "is no duration")?;
        let unit_end = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let seconds = match unit {
            "ns" => number / 1e9,
            "us" | "µs" | "μs" => number / 1e6,
            "ms" => number / 1e3,
            "s" => number,
            "m" => number * 60.0,
            "h" => number * 3600.0,
            "d" => number * 86_400.0,
            "w" => number * 604_800.0,
            _ => return Err("has a unit that is none of ns, us, ms, s, m, h, d, w"),
        };
        let part = Duration::try_from_secs_f64(seconds).map_err(|_| "is out of bounds")?;
        total = total.checked_add(part).ok_or("is out of bounds")?;
        rest = after;
    }
    Ok(total)
}

/// `512`, `64k`, `1.5gb`, `2GiB`: suffixes count by 1024.
pub(super) fn bytes(text: &str) -> Result<u64, &'static str> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.strip_prefix(' ').unwrap_or(unit).to_ascii_lowercase();
    let shift = match unit.as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        "p" | "pb" | "pib" => 50,
        _ => return Err("has a suffix that is none of b, k, m, g, t, p"),
    };
    if let Ok(number) = number.parse::<u64>() {
        return number.checked_mul(1 << shift).ok_or("is out of bounds");
    }
    let number: f64 = number.parse().map_err(|_| "is no size")?;
    #[expect(clippy::cast_precision_loss, reason = "a power of two")]
    let bytes = number * (1_u64 << shift) as f64;
    whole(bytes).ok_or("is out of bounds")
}

/// Processors as billionths: `0.5`, `2`.
pub(super) fn nano_cpus(text: &str) -> Result<u64, &'static str> {
    let number: f64 = text.parse().map_err(|_| "is no number of processors")?;
    whole((number * 1e9).round())
        .filter(|cpus| *cpus > 0)
        .ok_or("is no number of processors")
}

fn whole(number: f64) -> Option<u64> {
    // Beyond this a float has no room for halves, nor any limit a meaning.
    if !(0.0..1e18).contains(&number) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within bounds, and half of one does not matter"
    )]
    Some(number as u64)
}

/// A file's mode in octal: `0440`, `440`, `0o440`.
pub(super) fn mode(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    u32::from_str_radix(digits, 8)
        .ok()
        .filter(|mode| *mode <= 0o7777 && digits.chars().all(|c| c.is_ascii_digit()))
}

/// A plain number as YAML's readers of compose take it, and print it again: `0755` is
/// octal, `1_000` a thousand, `1.10` is `1.1`. `None`: it is none.
pub(super) fn number(text: &str) -> Option<String> {
    let digits = text.replace('_', "");
    let (sign, unsigned) = match digits.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", digits.strip_prefix('+').unwrap_or(&digits)),
    };
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let radix = |digits: &str, radix: u32| {
        let is_plain = digits.chars().all(|c| c.is_digit(radix));
        u64::from_str_radix(digits, radix).ok().filter(|_| is_plain)
    };
    let whole = match unsigned.get(..2) {
        Some("0x" | "0X") => radix(unsigned.get(2..)?, 16),
        Some("0o" | "0O") => radix(unsigned.get(2..)?, 8),
        Some("0b" | "0B") => radix(unsigned.get(2..)?, 2),
        _ if unsigned.len() > 1 && unsigned.starts_with('0') => radix(unsigned, 8),
        _ => radix(unsigned, 10),
    };
    if let Some(whole) = whole {
        let sign = if whole == 0 { "" } else { sign };
        return Some(format!("{sign}{whole}"));
    }
    let is_plain = unsigned
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    let float: f64 = unsigned.parse().ok().filter(|_| is_plain)?;
    float
        .is_finite()
        .then(|| format!("{sign}{}", shortest(float)))
}

/// A float as Go prints it.
fn shortest(float: f64) -> String {
    let scientific = format!("{float:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    match exponent.parse::<i32>() {
        Ok(exponent @ -4..=20) => {
            let _ = exponent;
            format!("{float}")
        }
        Ok(exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{mantissa}e{sign}{:02}", exponent.abs())
        }
        Err(_) => scientific,
    }
}

/// Whether YAML's readers of compose take a plain text for a date.
pub(super) fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let mut digits = |lengths: std::ops::RangeInclusive<usize>| {
        parts.next().is_some_and(|part| {
            let end = part
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(part.len());
            lengths.contains(&end)
        })
    };
    digits(4..=4) && digits(1..=2) && digits(1..=2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let ms = |ms| Ok(Duration::from_millis(ms));
        assert_eq!(duration("1m30s"), ms(90_000));
        assert_eq!(duration("1.5s"), ms(1500));
        assert_eq!(duration("300ms"), ms(300));
        assert_eq!(duration("1d"), ms(86_400_000));
        assert_eq!(duration("0"), ms(0));
        assert_eq!(duration("0s"), ms(0));
        assert_eq!(duration("10us"), Ok(Duration::from_micros(10)));
        for text in ["", "10", "s", "-1s", "1x", "1..5s", "1 s", "9e99h"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_and_processors() {
        assert_eq!(bytes("64m"), Ok(64 << 20));
        assert_eq!(bytes("1.5gb"), Ok(3 << 29));
        assert_eq!(bytes("2 GiB"), Ok(2 << 30));
        assert_eq!(bytes("100"), Ok(100));
        assert_eq!(bytes("1tb"), Ok(1 << 40));
        for text in ["", "m", "-1", "1x", "99999999999p", "1..5m"] {
            assert!(bytes(text).is_err(), "{text}");
        }
        assert_eq!(nano_cpus("0.5"), Ok(500_000_000));
        assert_eq!(nano_cpus("2"), Ok(2_000_000_000));
        for text in ["", "x", "-1", "0", "inf", "nan"] {
            assert!(nano_cpus(text).is_err(), "{text}");
        }
    }

    #[test]
    fn modes_are_octal() {
        assert_eq!(mode("0440"), Some(0o440));
        assert_eq!(mode("440"), Some(0o440));
        assert_eq!(mode("0o1777"), Some(0o1777));
        for text in ["", "999", "77777", "rw", "+440"] {
            assert_eq!(mode(text), None, "{text}");
        }
    }

    /// What compose's own reader makes of the same scalars.
    #[test]
    fn plain_numbers_are_what_compose_makes_of_them() {
        for (text, expected) in [
            ("5432", "5432"),
            ("0755", "493"),
            ("1.10", "1.1"),
            ("1.0", "1"),
            ("1e3", "1000"),
            ("1_000", "1000"),
            ("0x1f", "31"),
            ("0o17", "15"),
            ("0b11", "3"),
            ("-07", "-7"),
            ("1e30", "1e+30"),
            ("12345678901234567890", "12345678901234567890"),
            ("0", "0"),
            (".5", "0.5"),
            ("0.00001", "1e-05"),
        ] {
            assert_eq!(number(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["yes", "1:30", "1.2.3", "x1", "", "-", "inf", "1e999"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn dates_are_told_from_other_texts() {
        assert!(is_date("2027-01-31") && is_date("2027-1-3T10:00:00Z"));
        assert!(!is_date("2027-01") && !is_date("1-2-3") && !is_date("a-b-c"));
    }
}
