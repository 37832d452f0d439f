//! Maps of texts, `environment` with its files, `extra_hosts`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use super::super::dotenv::{self, EnvFormat};
use super::super::model::HostAddress;
use super::Decoder;
use super::fields::Fields;
use crate::diagnostic::{Diagnostic, code};
use crate::yaml::{Entry, Node};

type Environment = BTreeMap<String, Option<String>>;

impl Decoder<'_> {
    /// A map of texts, in which nothing is the empty text.
    pub(super) fn map_of_texts(&mut self, node: &Node) -> Option<BTreeMap<String, String>> {
        let texts = self.map_of_values(node)?;
        Some(
            texts
                .into_iter()
                .map(|(name, value)| (name, value.unwrap_or_default()))
                .collect(),
        )
    }

    /// A map of texts or of nothing, without those that could not be read.
    fn map_of_values(&mut self, node: &Node) -> Option<Environment> {
        if node.is_null() {
            return Some(Environment::new());
        }
        let Some(entries) = node.map() else {
            self.wrong_type(node, "a map, or a list of `NAME=value`");
            return None;
        };
        let mut values = Environment::new();
        for Entry { key, value } in entries {
            if key.text.is_empty() {
                self.value_mistake(&key.span, "a name is empty", None);
            }
            let value = match value.is_null() {
                true => None,
                false => self.told(value, Self::printed),
            };
            values.insert(key.text.clone(), value);
        }
        Some(values)
    }

    /// The variables of a service: those of its files, and over them its own. One
    /// without a value takes that of outside.
    pub(super) fn environment(&mut self, own: Option<&Node>, files: Option<&Node>) -> Environment {
        let mut environment = Environment::new();
        if let Some(own) = own {
            environment = self.told(own, Self::map_of_values).unwrap_or_default();
            for Entry { key, .. } in own.map().unwrap_or_default() {
                if let Some(value @ None) = environment.get_mut(&key.text) {
                    let origin = self.loader.origin(&key.span);
                    *value = origin.and_then(|origin| origin.environment.get(&key.text));
                }
            }
        }
        let of_files = files.map_or_else(dotenv::Values::new, |node| {
            self.env_files(node, &environment)
        });
        let mut all: Environment = of_files
            .into_iter()
            .map(|(name, value)| (name, Some(value)))
            .collect();
        all.extend(environment);
        all
    }

    fn env_files(&mut self, node: &Node, own: &Environment) -> dotenv::Values {
        let mut values = dotenv::Values::new();
        let files = self.list(node, |decoder, item| {
            let mut fields = Fields::of(decoder, item, "an entry of `env_file`", &[])?;
            let path = fields.require(decoder, "path");
            let required = fields.take("required");
            let format = fields.take("format");
            fields.finish(decoder);
            let is_required = required.is_none_or(|node| decoder.boolean(node) != Some(false));
            let format = match format {
                Some(node) => decoder.word(node, &[("raw", EnvFormat::Raw)])?,
                None => EnvFormat::Quoted,
            };
            let written = decoder.filled_text(path?)?;
            Some((written, path?.span.clone(), is_required, format))
        });
        // The last time that a file is named counts.
        let mut unique: Vec<(String, Range<usize>, bool, EnvFormat)> = Vec::new();
        for file in files.unwrap_or_default() {
            match unique.iter_mut().find(|known| known.0 == file.0) {
                Some(known) => *known = file,
                None => unique.push(file),
            }
        }
        for (written, span, is_required, format) in unique {
            let path = self.loader.path(&span, &written);
            if !is_required && !self.loader.surroundings.files.is_there(&path) {
                continue;
            }
            let Some(origin) = self.loader.origin(&span).cloned() else {
                continue;
            };
            let Some((text, base)) = self.loader.text(&path, Some(&span), &origin) else {
                continue;
            };
            let outside = Rc::clone(&origin.environment);
            let lookup = |name: &str| {
                outside
                    .get(name)
                    .or_else(|| own.get(name).cloned().flatten())
            };
            let errors = dotenv::parse(&text, format, &lookup, &mut values);
            self.loader.env_errors(errors, base);
        }
        values
    }

    /// `host=address` or `host:address`.
    pub(super) fn extra_hosts(
        &mut self,
        node: &Node,
    ) -> Option<BTreeMap<String, Vec<HostAddress>>> {
        let mut hosts: BTreeMap<String, Vec<HostAddress>> = BTreeMap::new();
        let lines = self.list(node, |decoder, item| {
            let text = decoder.text(item)?;
            let Some((host, addresses)) = text.split_once('=').or_else(|| text.split_once(':'))
            else {
                let message = format!("`{text}` is no host with its address");
                decoder.value_mistake(&item.span, message, "write it as in `db=10.0.0.5`");
                return None;
            };
            let addresses = addresses
                .split(',')
                .map(|written| decoder.host_address(&item.span, written));
            let addresses = addresses.collect::<Option<Vec<_>>>()?;
            if host.is_empty() || host.contains([':', '=']) {
                decoder.value_mistake(&item.span, format!("`{host}` is no host's name"), None);
                return None;
            }
            Some((host.to_owned(), addresses))
        })?;
        for (host, addresses) in lines {
            let known = hosts.entry(host).or_default();
            for address in addresses {
                if !known.contains(&address) {
                    known.push(address);
                }
            }
        }
        Some(hosts)
    }

    fn host_address(&mut self, span: &Range<usize>, written: &str) -> Option<HostAddress> {
        if written == "host-gateway" {
            return Some(HostAddress::Gateway);
        }
        let bare = written
            .strip_prefix('[')
            .and_then(|ip| ip.strip_suffix(']'))
            .unwrap_or(written);
        let address = bare.parse().ok().map(HostAddress::Ip);
        if address.is_none() {
            self.report(
                Diagnostic::new(
                    code::COMPOSE_VALUE,
                    span.clone(),
                    format!("`{written}` is no IP address"),
                    "this value",
                )
                .hint("`host-gateway` stands for the engine's host"),
            );
        }
        address
    }
}
