//! Who has something and who has not.

use crate::audit::Unpacked;
use crate::event::Finding;

use super::super::packages::listed;

/// The platforms that are compared.
pub(super) struct Panel<'a> {
    variants: Vec<&'a Unpacked>,
}

/// Some of the platforms: a bit for each place in the panel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Sides(u64);

impl Sides {
    pub(super) fn add(&mut self, place: usize) {
        self.0 |= bit(place);
    }

    pub(super) fn has(self, place: usize) -> bool {
        self.0 & bit(place) != 0
    }

    /// Whether `place` is the first of them.
    pub(super) fn is_first(self, place: usize) -> bool {
        self.0.trailing_zeros() as usize == place
    }

    /// Those that are in both.
    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    fn count(self) -> u32 {
        self.0.count_ones()
    }
}

fn bit(place: usize) -> u64 {
    u32::try_from(place)
        .ok()
        .and_then(|place| 1_u64.checked_shl(place))
        .unwrap_or(0)
}

impl<'a> Panel<'a> {
    /// As many as there are bits.
    pub(super) const MOST: usize = 64;

    pub(super) fn new(variants: Vec<&'a Unpacked>) -> Self {
        Self { variants }
    }

    /// Each with its place.
    pub(super) fn variants(&self) -> impl Iterator<Item = (usize, &'a Unpacked)> {
        self.variants.iter().copied().enumerate()
    }

    pub(super) fn all(&self) -> Sides {
        let mut all = Sides::default();
        for (place, _) in self.variants() {
            all.add(place);
        }
        all
    }

    fn others(&self, sides: Sides) -> Sides {
        Sides(self.all().0 & !sides.0)
    }

    /// `linux/amd64, linux/arm64`
    pub(super) fn names(&self, sides: Sides) -> String {
        let names: Vec<String> = self
            .variants()
            .filter(|(place, _)| sides.has(*place))
            .map(|(_, variant)| variant.platform.to_string())
            .collect();
        listed(&names, 8)
    }

    /// The finding of a difference, on the platform that is odd where one is. The
    /// majority decides; of two, the one that lacks the thing is named.
    pub(super) fn on(&self, finding: Finding, with: Sides) -> Finding {
        let without = self.others(with);
        let odd = match with.count() < without.count() {
            true => with,
            false => without,
        };
        let mut odd = self.variants().filter(|(place, _)| odd.has(*place));
        match (odd.next(), odd.next()) {
            (Some((_, variant)), None) => finding.on(&variant.platform),
            _ => finding,
        }
    }

    /// `in linux/amd64 only`, `missing in linux/arm64`, `in linux/amd64 and not in linux/arm64`
    pub(super) fn place(&self, with: Sides) -> String {
        let without = self.others(with);
        match with.count().cmp(&without.count()) {
            std::cmp::Ordering::Less => format!("in {} only", self.names(with)),
            std::cmp::Ordering::Greater => format!("missing in {}", self.names(without)),
            std::cmp::Ordering::Equal => {
                format!("in {} and not in {}", self.names(with), self.names(without))
            }
        }
    }

    /// Of values that differ: the sides that have each, the commonest first.
    pub(super) fn divided<T: Ord>(&self, values: Vec<(usize, T)>) -> Vec<(T, Sides)> {
        let mut by_value = std::collections::BTreeMap::<T, Sides>::new();
        for (place, value) in values {
            by_value.entry(value).or_default().add(place);
        }
        let mut divided: Vec<(T, Sides)> = by_value.into_iter().collect();
        divided.sort_by_key(|(_, sides)| (std::cmp::Reverse(sides.count()), *sides));
        divided
    }

    /// Those that do not have the commonest value; `None` where no value is commonest.
    pub(super) fn odd<T>(&self, divided: &[(T, Sides)]) -> Option<Sides> {
        let (_, first) = divided.first()?;
        let (_, second) = divided.get(1)?;
        (first.count() > second.count()).then(|| self.others(*first))
    }
}
