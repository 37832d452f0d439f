//! Which names an object defines for others, and which ones it must find in them.
//!
//! What is defined is kept as hashes, four bytes each: a library has tens of thousands
//! of names. Two names with one hash make a missing one look defined, which is one
//! complaint in many millions that is not made, and never one too many.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The dynamic symbols of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Symbols {
    /// Hashes of what it defines, ascending.
    #[serde(
        serialize_with = "write_ascending",
        deserialize_with = "read_ascending"
    )]
    defined: Vec<u32>,
    /// What must be there when it is loaded: names, a zero byte between them.
    at_load: String,
    /// What must be there when it is first called.
    at_call: String,
    /// Why nothing is known of them.
    unread: Option<String>,
}

/// When a loader looks for a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Binding {
    /// When the object is loaded: without the symbol that fails.
    Load,
    /// When the function is first called, unless whoever loads it asks for all at once.
    Call,
}

impl Symbols {
    /// Of an object that defines what has these hashes, and needs these names.
    pub(super) fn new(mut defined: Vec<u32>, at_load: &[&str], at_call: &[&str]) -> Self {
        defined.sort_unstable();
        defined.dedup();
        defined.shrink_to_fit();
        Self {
            defined,
            at_load: at_load.join("\0"),
            at_call: at_call.join("\0"),
            unread: None,
        }
    }

    /// Why nothing is known of a file that was not read to its end.
    pub(in crate::audit) const NOT_WHOLE: &'static str = "the file is not whole";

    /// Of an object whose symbols are not known.
    pub fn unread(why: impl Into<String>) -> Self {
        Self {
            unread: Some(why.into()),
            ..Self::default()
        }
    }

    /// Why they are not known.
    pub fn why_unread(&self) -> Option<&str> {
        self.unread.as_deref()
    }

    /// Hashes of what it defines, ascending: see [`symbol_hash`].
    pub fn defined(&self) -> &[u32] {
        &self.defined
    }

    /// Whether it defines a name.
    pub fn defines(&self, name: &str) -> bool {
        self.defines_hash(symbol_hash(name.as_bytes()))
    }

    /// Whether it defines a name of which this is the hash.
    pub fn defines_hash(&self, hash: u32) -> bool {
        self.defined.binary_search(&hash).is_ok()
    }

    /// What it must find in others. Symbols that it can do without are left out, and
    /// those with a version of glibc's or libstdc++'s: the version alone tells.
    pub fn needed(&self) -> impl Iterator<Item = (&str, Binding)> {
        let at_load = names(&self.at_load).map(|name| (name, Binding::Load));
        at_load.chain(names(&self.at_call).map(|name| (name, Binding::Call)))
    }

    /// Whether it needs any.
    pub fn needs_some(&self) -> bool {
        !self.at_load.is_empty() || !self.at_call.is_empty()
    }

    /// Bytes of memory, about.
    pub(in crate::audit) fn weight(&self) -> usize {
        size_of_val(self.defined.as_slice())
            .saturating_add(self.at_load.len())
            .saturating_add(self.at_call.len())
    }

    /// Of an object that defines and needs these names.
    #[cfg(test)]
    pub(in crate::audit) fn of(defined: &[&str], at_load: &[&str], at_call: &[&str]) -> Self {
        let defined = defined
            .iter()
            .map(|name| symbol_hash(name.as_bytes()))
            .collect();
        Self::new(defined, at_load, at_call)
    }
}

fn names(list: &str) -> impl Iterator<Item = &str> {
    list.split('\0').filter(|name| !name.is_empty())
}

/// The hash of a name: that of `DT_GNU_HASH`.
pub fn symbol_hash(name: &[u8]) -> u32 {
    name.iter().fold(5381, |hash: u32, byte| {
        hash.wrapping_mul(33).wrapping_add((*byte).into())
    })
}

/// Writes how far each number is from the one before.
fn write_ascending<S: Serializer>(numbers: &[u32], serializer: S) -> Result<S::Ok, S::Error> {
    let mut last = 0_u32;
    serializer.collect_seq(numbers.iter().map(move |number| {
        let step = number.wrapping_sub(last);
        last = *number;
        step
    }))
}

fn read_ascending<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u32>, D::Error> {
    let mut numbers = Vec::<u32>::deserialize(deserializer)?;
    let mut last = 0_u32;
    for number in &mut numbers {
        last = last.wrapping_add(*number);
        *number = last;
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_loader_s_tables() {
        // Of `printf` and `exit` in glibc.
        assert_eq!(symbol_hash(b"printf"), 0x156b_2bb8);
        assert_eq!(symbol_hash(b"exit"), 0x7c96_7e3f);
        assert_eq!(symbol_hash(b""), 5381);
    }

    #[test]
    fn a_name_is_defined_or_needed_and_the_rest_is_neither() {
        let symbols = Symbols::of(&["b", "a"], &["x", "y"], &["z"]);
        assert!(symbols.defines("a") && symbols.defines("b") && !symbols.defines("x"));
        let needed: Vec<_> = symbols.needed().collect();
        assert_eq!(
            needed,
            [
                ("x", Binding::Load),
                ("y", Binding::Load),
                ("z", Binding::Call)
            ]
        );
        let nothing = Symbols::of(&[], &[], &[]);
        assert_eq!(nothing.needed().count(), 0);
        assert!(symbols.needs_some() && !nothing.needs_some());
    }

    #[test]
    fn what_is_kept_on_disk_is_small_and_comes_back() {
        let names: Vec<String> = (0..10_000).map(|n| format!("symbol_{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let symbols = Symbols::of(&names, &["x"], &[]);
        let bytes = postcard::to_stdvec(&symbols).expect("bytes");
        assert!(bytes.len() < 4 * 10_000, "{}", bytes.len());
        assert_eq!(
            postcard::from_bytes::<Symbols>(&bytes).expect("the same"),
            symbols
        );
    }
}
