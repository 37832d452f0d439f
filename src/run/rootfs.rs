//! A container's file system, read through the engine's archive API: nothing
//! is executed, and nothing needs to be installed in it.

use crate::diagnosis::{FileFacts, FileShape, Interpreter};
use crate::engine::{Engine, EngineError, FileContent, FileStat, FileType};
use crate::image::ElfHeader;

/// How many links in a row are followed; the kernel's own limit is 40.
const LINKS: usize = 16;

/// How much of a file is read to say what it is: room for the program headers
/// and the loader's name.
const HEAD: usize = 4096;

/// The file system of one container.
#[derive(Clone, Copy)]
pub(super) struct Rootfs<'a> {
    pub(super) engine: &'a dyn Engine,
    pub(super) container: &'a str,
}

/// A path with its links followed.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// As it was asked for: what a multi-call binary knows itself by.
    pub(super) invoked: String,
    /// Where it leads.
    pub(super) path: String,
    pub(super) stat: FileStat,
}

impl Rootfs<'_> {
    /// Where `path` leads, links followed; `None` where it leads to nothing.
    pub(super) async fn follow(&self, path: &str) -> Result<Option<Found>, EngineError> {
        let invoked = path.to_owned();
        let mut path = path.to_owned();
        for _ in 0..LINKS {
            let Some(stat) = self.engine.stat(self.container, &path).await? else {
                return Ok(None);
            };
            match (&stat.kind, &stat.link_target) {
                (FileType::Symlink, Some(target)) => {
                    let next = join(&path, target);
                    if next == path {
                        return Ok(None);
                    }
                    path = next;
                }
                _ => {
                    return Ok(Some(Found {
                        invoked,
                        path,
                        stat,
                    }));
                }
            }
        }
        Ok(None)
    }

    /// The program that a bare name means in these folders.
    pub(super) async fn which(
        &self,
        name: &str,
        folders: &[String],
    ) -> Result<Option<Found>, EngineError> {
        if name.contains('/') {
            return self.follow(name).await;
        }
        let paths: Vec<String> = folders
            .iter()
            .map(|folder| format!("{}/{name}", folder.trim_end_matches('/')))
            .collect();
        let looked = paths.iter().map(|path| self.follow(path));
        for found in futures_util::future::join_all(looked).await {
            if let Some(found) = found?
                && found.stat.kind == FileType::File
                && found.stat.mode & 0o111 != 0
            {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// A file with its links followed, and up to `limit` bytes of it.
    pub(super) async fn read(
        &self,
        path: &str,
        limit: usize,
    ) -> Result<Option<(Found, FileContent)>, EngineError> {
        let Some(found) = self.follow(path).await? else {
            return Ok(None);
        };
        let content = self.engine.read(self.container, &found.path, limit).await?;
        Ok(content.map(|content| (found, content)))
    }

    /// The ELF header of a file; `None` where it is no ELF file.
    pub(super) async fn elf(&self, path: &str) -> Result<Option<ElfHeader>, EngineError> {
        let read = self.read(path, 64).await?;
        Ok(read.and_then(|(_, content)| ElfHeader::parse(&content.bytes)))
    }

    /// What a failure's text names, looked at.
    pub(super) async fn facts(
        &self,
        named: &str,
        folders: &[String],
        workdir: &str,
    ) -> Result<FileFacts, EngineError> {
        let missing = || FileFacts {
            named: named.to_owned(),
            path: named.to_owned(),
            shape: FileShape::Missing,
            is_executable: false,
        };
        let found = if named.starts_with('/') {
            self.follow(named).await?
        } else if named.contains('/') {
            self.follow(&join(&format!("{workdir}/."), named)).await?
        } else {
            self.which(named, folders).await?
        };
        let Some(found) = found else {
            return Ok(missing());
        };
        let shape = if found.stat.kind == FileType::Directory {
            FileShape::Directory
        } else {
            match self.engine.read(self.container, &found.path, HEAD).await? {
                Some(content) => self.with_interpreter(FileShape::of(&content.bytes)).await?,
                None => return Ok(missing()),
            }
        };
        Ok(FileFacts {
            named: named.to_owned(),
            path: found.path,
            shape,
            is_executable: found.stat.mode & 0o111 != 0,
        })
    }

    async fn with_interpreter(&self, shape: FileShape) -> Result<FileShape, EngineError> {
        let look = async |interpreter: Interpreter| -> Result<Interpreter, EngineError> {
            let is_there = self.follow(&interpreter.path).await?.is_some();
            Ok(Interpreter {
                is_there: Some(is_there),
                ..interpreter
            })
        };
        Ok(match shape {
            FileShape::Elf(header, Some(interpreter)) => {
                FileShape::Elf(header, Some(look(interpreter).await?))
            }
            FileShape::Script(interpreter, has_return) => {
                FileShape::Script(look(interpreter).await?, has_return)
            }
            other => other,
        })
    }
}

/// A link's target, seen from the link; `.` and `..` are resolved by name.
fn join(link: &str, target: &str) -> String {
    let whole = if target.starts_with('/') {
        target.to_owned()
    } else {
        let folder = link.rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{folder}/{target}")
    };
    let mut words: Vec<&str> = Vec::new();
    for word in whole.split('/') {
        match word {
            "" | "." => {}
            ".." => {
                words.pop();
            }
            word => words.push(word),
        }
    }
    format!("/{}", words.join("/"))
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn a_link_s_target_is_seen_from_the_link() {
        assert_eq!(
            join("/usr/bin/java", "/etc/alternatives/java"),
            "/etc/alternatives/java"
        );
        assert_eq!(join("/bin/sh", "dash"), "/bin/dash");
        assert_eq!(
            join("/usr/local/bin/node", "../lib/node"),
            "/usr/local/lib/node"
        );
        assert_eq!(join("/a", "../../../etc/passwd"), "/etc/passwd");
    }
}
