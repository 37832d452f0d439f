//! The catalogue: a rule is one file here and one line below.

mod arm;
mod baseline;
mod broken;
pub(super) mod cause;
mod documents;
mod entry;
#[cfg(test)]
pub(super) mod fixture;
mod foreign;
mod foreign_packages;
mod group;
mod identical_layers;
mod installed;
mod interpreter;
mod java;
mod layer_contents;
mod libc;
mod loader;
mod loading;
mod needed;
mod node;
mod packages;
mod page_size;
mod parity;
mod php;
mod process;
mod programs;
mod python;
mod ruby;
mod scene;
mod shebang;
mod standing;
mod start;
mod time64;
mod undefined;
mod userland;
mod words;

use super::tree::Tree;
use super::unpacked::Unpacked;
use crate::event::Finding;

/// What a rule looks at, and what it does.
///
/// A finding of [`Rule::Variant`] gets its platform, and one with a path its layer
/// and history, from whoever calls the rule; one of [`Rule::Across`] names its platform.
#[derive(Clone, Copy)]
pub(super) enum Rule {
    /// The documents.
    Tree(fn(&Tree) -> Vec<Finding>),
    /// One platform's files.
    Variant(fn(&Unpacked) -> Vec<Finding>),
    /// All platforms' files beside one another.
    Across(fn(&[Unpacked]) -> Vec<Finding>),
}

/// All rules.
pub(super) const ALL: &[Rule] = &[
    Rule::Tree(documents::judge),
    Rule::Variant(layer_contents::judge),
    programs::RULE,
    identical_layers::RULE,
    Rule::Variant(node::judge),
    Rule::Variant(python::judge),
    Rule::Variant(ruby::judge),
    Rule::Variant(php::judge),
    Rule::Variant(java::judge),
    Rule::Across(parity::judge),
];
