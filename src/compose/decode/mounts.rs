//! `volumes` and `tmpfs` of a service.

use std::ops::Range;

use super::super::model::{Bind, Mount, MountKind, Propagation, Selinux, Tmpfs};
use super::super::units;
use super::fields::Fields;
use super::{Decoder, outside};
use crate::diagnostic::{Diagnostic, code};
use crate::yaml::{Kind, Node};

/// A mount and where it is written.
pub(in crate::compose) struct WrittenMount {
    pub(in crate::compose) mount: Mount,
    pub(in crate::compose) span: Range<usize>,
}

const PROPAGATIONS: [(&str, Propagation); 6] = [
    ("private", Propagation::Private),
    ("rprivate", Propagation::RPrivate),
    ("shared", Propagation::Shared),
    ("rshared", Propagation::RShared),
    ("slave", Propagation::Slave),
    ("rslave", Propagation::RSlave),
];

const SELINUX: [(&str, Selinux); 2] = [("z", Selinux::Shared), ("Z", Selinux::Private)];

#[derive(Clone, Copy)]
enum LongKind {
    Bind,
    Volume,
    Tmpfs,
}

impl Decoder<'_> {
    /// The mounts of a service: those of `volumes`, where the last one at a target
    /// counts, and those of `tmpfs`.
    pub(super) fn mounts(
        &mut self,
        volumes: Option<&Node>,
        tmpfs: Option<&Node>,
    ) -> Vec<WrittenMount> {
        let mut mounts = self.mounts_of(volumes, |decoder, item| match &item.kind {
            Kind::Map(_) => decoder.long_mount(item),
            _ => decoder.short_mount(item),
        });
        for written in self.mounts_of(tmpfs, Self::short_tmpfs) {
            let target = &written.mount.target;
            match mounts.iter().find(|m| m.mount.target == *target) {
                Some(taken) => {
                    let diagnostic = Diagnostic::new(
                        code::COMPOSE_TAKEN,
                        written.span.clone(),
                        format!("something is mounted at `{target}` already"),
                        "and this too",
                    )
                    .also(taken.span.clone(), "mounted here");
                    self.report(diagnostic);
                }
                None => mounts.push(written),
            }
        }
        mounts
    }

    fn mounts_of(
        &mut self,
        list: Option<&Node>,
        mut read: impl FnMut(&mut Self, &Node) -> Option<Mount>,
    ) -> Vec<WrittenMount> {
        let all = list.and_then(|list| {
            self.list(list, |decoder, item| {
                let mount = read(decoder, item)?;
                let span = item.span.clone();
                Some(WrittenMount { mount, span })
            })
        });
        let mut unique: Vec<WrittenMount> = Vec::new();
        for written in all.unwrap_or_default() {
            let target = &written.mount.target;
            match unique.iter_mut().find(|m| m.mount.target == *target) {
                Some(known) => *known = written,
                None => unique.push(written),
            }
        }
        unique
    }

    /// `/run:size=64m,mode=1777`
    fn short_tmpfs(&mut self, node: &Node) -> Option<Mount> {
        let text = self.text(node)?;
        let (target, options) = text.split_once(':').unwrap_or((&text, ""));
        let target = self.absolute(&node.span, target)?;
        let mut tmpfs = Tmpfs::default();
        let mut read_only = false;
        for option in options.split(',').filter(|option| !option.is_empty()) {
            match option.split_once('=') {
                Some(("size", size)) => match units::bytes(size) {
                    Ok(size) => tmpfs.size = Some(size),
                    // A share of the memory is left to the kernel.
                    Err(_) => tmpfs.options.push(option.to_owned()),
                },
                Some(("mode", mode)) if units::mode(mode).is_some() => {
                    tmpfs.mode = units::mode(mode);
                }
                None if option == "ro" => read_only = true,
                None if option == "rw" => read_only = false,
                _ => tmpfs.options.push(option.to_owned()),
            }
        }
        Some(Mount {
            target,
            read_only,
            kind: MountKind::Tmpfs(tmpfs),
        })
    }

    /// `source:target:options`, `source:target` or `target`.
    fn short_mount(&mut self, node: &Node) -> Option<Mount> {
        let text = self.text(node)?;
        let parts: Vec<&str> = text.split(':').collect();
        let (source, target, options) = match parts.as_slice() {
            [target] => (None, *target, ""),
            [source, target] => (Some(*source), *target, ""),
            [source, target, options] => (Some(*source), *target, *options),
            _ => {
                self.value_mistake(
                    &node.span,
                    format!("the volume `{text}` has too many colons"),
                    "write it as in `data:/var/lib/data:ro`, or in the long form",
                );
                return None;
            }
        };
        let target = self.absolute(&node.span, target)?;
        let is_path = |source: &str| source.starts_with(['.', '/', '~']);
        let mut bind = None;
        let mut no_copy = false;
        let mut read_only = false;
        if let Some(source) = source.filter(|source| is_path(source)) {
            bind = Some(Bind {
                source: self.loader.path(&node.span, source),
                create: true,
                propagation: None,
                selinux: None,
            });
        }
        for option in options.split(',').filter(|option| !option.is_empty()) {
            let propagation = PROPAGATIONS.iter().find(|(name, _)| *name == option);
            let selinux = SELINUX.iter().find(|(name, _)| *name == option);
            match (option, propagation, selinux, &mut bind) {
                ("ro", ..) => read_only = true,
                ("rw", ..) => read_only = false,
                ("nocopy", _, _, None) => no_copy = true,
                // How a virtual machine keeps files the same: nothing on Linux.
                ("cached" | "delegated" | "consistent", ..) => {}
                (_, Some((_, propagation)), _, Some(bind)) => {
                    bind.propagation = Some(*propagation);
                }
                (_, _, Some((_, selinux)), Some(bind)) => bind.selinux = Some(*selinux),
                // Labels of a volume are the engine's own affair.
                (_, _, Some(_), None) => {}
                _ => {
                    self.value_mistake(
                        &node.span,
                        format!("a volume has no option `{option}`"),
                        "its options are `ro`, `rw`, `nocopy`, `z`, `Z` and those of propagation",
                    );
                    return None;
                }
            }
        }
        let kind = match (bind, source) {
            (Some(bind), _) => MountKind::Bind(bind),
            (None, source) => MountKind::Volume {
                name: match source {
                    Some(name) => Some(self.volume_name(&node.span, name)?),
                    None => None,
                },
                no_copy,
                subpath: None,
            },
        };
        Some(Mount {
            target,
            read_only,
            kind,
        })
    }

    fn volume_name(&mut self, span: &Range<usize>, name: &str) -> Option<String> {
        let is_name = name.len() > 1
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
        if is_name {
            return Some(name.to_owned());
        }
        self.value_mistake(
            span,
            format!("`{name}` is neither the name of a volume nor a path"),
            "a path begins with `.`, `/` or `~`; a name has two characters at least",
        );
        None
    }

    fn long_mount(&mut self, node: &Node) -> Option<Mount> {
        let mut fields = Fields::of(self, node, "a volume", outside::MOUNT)?;
        let kind = fields.require(self, "type");
        let source = fields.take("source");
        let target = fields.require(self, "target");
        let read_only = fields.take("read_only");
        let bind = fields.take("bind");
        let volume = fields.take("volume");
        let tmpfs = fields.take("tmpfs");
        fields.take("consistency");
        fields.finish(self);
        let read_only = read_only.is_some_and(|node| self.boolean(node) == Some(true));
        let kind = self.word(
            kind?,
            &[
                ("bind", LongKind::Bind),
                ("volume", LongKind::Volume),
                ("tmpfs", LongKind::Tmpfs),
            ],
        );
        let target = target.and_then(|node| {
            let target = self.text(node)?;
            self.absolute(&node.span, &target)
        });
        let kind = match kind? {
            LongKind::Bind => MountKind::Bind(self.long_bind(node, source, bind)?),
            LongKind::Volume => self.long_volume(source, volume)?,
            LongKind::Tmpfs => MountKind::Tmpfs(self.long_tmpfs(tmpfs)?),
        };
        Some(Mount {
            target: target?,
            read_only,
            kind,
        })
    }

    fn long_bind(
        &mut self,
        node: &Node,
        source: Option<&Node>,
        bind: Option<&Node>,
    ) -> Option<Bind> {
        let Some(source) = source else {
            self.mistake(
                code::MISSING_KEY,
                &node.span,
                "a bind mount needs `source`",
                "`source` is missing",
                None,
            );
            return None;
        };
        let written = self.filled_text(source)?;
        let mut found = Bind {
            source: self.loader.path(&source.span, &written),
            create: true,
            propagation: None,
            selinux: None,
        };
        if let Some(bind) = bind {
            let mut fields = Fields::of(self, bind, "`bind`", outside::MOUNT_BIND)?;
            if let Some(create) = fields.take("create_host_path") {
                found.create = self.boolean(create)?;
            }
            if let Some(propagation) = fields.take("propagation") {
                found.propagation = Some(self.word(propagation, &PROPAGATIONS)?);
            }
            if let Some(selinux) = fields.take("selinux") {
                found.selinux = Some(self.word(selinux, &SELINUX)?);
            }
            fields.finish(self);
        }
        Some(found)
    }

    fn long_volume(&mut self, source: Option<&Node>, volume: Option<&Node>) -> Option<MountKind> {
        let name = match source {
            Some(node) => {
                let name = self.filled_text(node)?;
                Some(self.volume_name(&node.span, &name)?)
            }
            None => None,
        };
        let (mut no_copy, mut subpath) = (false, None);
        if let Some(volume) = volume {
            let mut fields = Fields::of(self, volume, "`volume`", outside::MOUNT_VOLUME)?;
            if let Some(node) = fields.take("nocopy") {
                no_copy = self.boolean(node)?;
            }
            if let Some(node) = fields.take("subpath") {
                subpath = Some(self.filled_text(node)?);
            }
            fields.finish(self);
        }
        Some(MountKind::Volume {
            name,
            no_copy,
            subpath,
        })
    }

    fn long_tmpfs(&mut self, tmpfs: Option<&Node>) -> Option<Tmpfs> {
        let mut found = Tmpfs::default();
        if let Some(tmpfs) = tmpfs {
            let mut fields = Fields::of(self, tmpfs, "`tmpfs`", &[])?;
            if let Some(size) = fields.take("size") {
                found.size = Some(self.bytes(size)?);
            }
            if let Some(mode) = fields.take("mode") {
                found.mode = Some(self.mode(mode)?);
            }
            fields.finish(self);
        }
        Some(found)
    }
}
