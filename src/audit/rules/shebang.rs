//! Scripts whose first line leads nowhere.

use crate::audit::file::FileFacts;
use crate::audit::rootfs::FileRef;
use crate::event::{Finding, Severity};

use super::group::{self, Case};
use super::scene::{Interpreter, Scene};
use super::start::{self, By, Target};

/// `exec-shebang-crlf` and `exec-shebang-interpreter-missing`: of what the config
/// starts an error, of other scripts on `PATH` a warning, and an info where a
/// distribution's packages put them: those bring helpers for interpreters that they
/// do not depend on.
pub(super) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    let mut cases = Vec::new();
    let mut seen = Vec::new();
    for step in scene.steps.iter().filter(|step| step.by != By::Perhaps) {
        if let Target::Program(file) = &step.target {
            seen.push(file.path());
            cases.extend(case(scene, *file, Severity::Error));
        }
    }
    for path in scene.on_path.keys().filter(|path| !seen.contains(path)) {
        if let Ok(file) = scene.image.rootfs.resolve(path) {
            cases.extend(case(scene, file, severity_on_path(&file.path())));
        }
    }
    group::findings(cases, &|case, count| {
        let path = &case.path;
        let more = group::and_more(count);
        match case.code {
            "exec-shebang-crlf" => (
                format!(
                    "the first line of {path}{more} ends in a carriage return: the interpreter of that name does not exist"
                ),
                "store scripts with LF line ends (`*.sh text eol=lf` in .gitattributes); this is no matter of architecture".to_owned(),
            ),
            _ => (
                format!("{path}{more} {} for {}, which is not in the image", if count > 1 { "ask" } else { "asks" }, case.cause),
                "install it in this variant, or use an interpreter that the image has".to_owned(),
            ),
        }
    })
}

fn severity_on_path(path: &str) -> Severity {
    match super::loader::folder(path) {
        "/bin" | "/sbin" | "/usr/bin" | "/usr/sbin" => Severity::Info,
        _ => Severity::Warning,
    }
}

fn case(scene: &Scene<'_>, file: FileRef<'_>, severity: Severity) -> Option<Case> {
    let Some(FileFacts::Script(script)) = file.facts() else {
        return None;
    };
    let line = script.shebang.as_deref()?;
    let path = file.path();
    let case = |code, cause: String, shown: String| Case {
        code,
        severity,
        cause,
        layer: file.layer(),
        path: path.clone(),
        shown,
    };
    let asked = Interpreter::parse(line);
    // With an argument behind the interpreter, the carriage return is the argument's.
    if script.has_carriage_return && (!asked.has_argument || asked.through_env.is_some()) {
        return Some(case(
            "exec-shebang-crlf",
            String::new(),
            format!("{path} begins with `#!{line}\\r`"),
        ));
    }
    if asked.path.is_empty() {
        return None;
    }
    let missing = match start::lookup(scene.image, asked.path) {
        // The kernel does not look on PATH.
        _ if !asked.path.contains('/') => Some(asked.path),
        Target::Nothing(_) | Target::Folder(_) => Some(asked.path),
        _ => asked
            .through_env
            .filter(|program| matches!(start::lookup(scene.image, program), Target::Nothing(_))),
    }?;
    Some(case(
        "exec-shebang-interpreter-missing",
        missing.to_owned(),
        format!("{path} begins with `#!{line}`"),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Image, alpine, codes, debian, script};
    use super::super::programs;
    use crate::audit::file::Script;
    use crate::event::{Finding, Severity};

    fn judge(image: Image) -> Vec<Finding> {
        programs::judge(&image.unpacked())
    }

    #[test]
    fn an_interpreter_that_is_not_there_is_an_error_of_the_entrypoint() {
        // TOomaAh/emby_exporter_go#7 and #!/bin/bash on Alpine.
        let image = |line: &str| {
            alpine("linux/arm64")
                .file("/run.sh", script(line))
                .entrypoint(&["/run.sh"])
        };
        let found = judge(image("/bin/bash"));
        assert_eq!(codes(&found), ["exec-shebang-interpreter-missing"]);
        assert_eq!(found[0].severity, Severity::Error);
        assert!(found[0].message.contains("/bin/bash"));
        assert_eq!(codes(&judge(image("/bin/sh -e"))), [""; 0]);
    }

    #[test]
    fn what_env_is_asked_for_is_looked_up_on_path() {
        let image = |line: &str| {
            debian("linux/arm64")
                .file("/run", script(line))
                .entrypoint(&["/run"])
        };
        for missing in [
            "/usr/bin/env python3",
            "/usr/bin/env -S python3 -u",
            "/usr/bin/env -i A=b python3",
        ] {
            assert_eq!(
                codes(&judge(image(missing))),
                ["exec-shebang-interpreter-missing"],
                "{missing}"
            );
        }
        assert_eq!(codes(&judge(image("/usr/bin/env -S sh -e"))), [""; 0]);
    }

    #[test]
    fn other_scripts_on_path_are_one_warning_for_each_interpreter() {
        let found = judge(
            debian("linux/arm64")
                .file("/usr/local/bin/a", script("/usr/bin/perl"))
                .file("/usr/local/bin/b", script("/usr/bin/perl -w"))
                .plain("/usr/share/doc/c", script("/usr/bin/perl")),
        );
        assert_eq!(codes(&found), ["exec-shebang-interpreter-missing"]);
        assert_eq!(found[0].severity, Severity::Warning);
        assert_eq!(found[0].evidence.len(), 2);
    }

    #[test]
    fn a_distribution_s_helper_for_an_interpreter_that_nobody_installed_is_no_more_than_an_info() {
        // Debian's dpkg brings one for Perl, which its slim images lack.
        let found = judge(
            debian("linux/arm64").file("/usr/sbin/dpkg-fsys-usrunmess", script("/usr/bin/perl")),
        );
        assert_eq!(codes(&found), ["exec-shebang-interpreter-missing"]);
        assert_eq!(found[0].severity, Severity::Info);
    }

    #[test]
    fn a_carriage_return_makes_an_interpreter_of_another_name() {
        // elastic/elasticsearch-docker#191, Kong/docker-kong#157.
        let image = |line: &str, has_carriage_return| {
            let script = Script {
                has_carriage_return,
                ..script(line)
            };
            debian("linux/amd64")
                .file("/run.sh", script)
                .entrypoint(&["/run.sh"])
        };
        assert_eq!(codes(&judge(image("/bin/sh", true))), ["exec-shebang-crlf"]);
        assert_eq!(
            codes(&judge(image("/usr/bin/env sh", true))),
            ["exec-shebang-crlf"]
        );
        assert_eq!(codes(&judge(image("/bin/sh", false))), [""; 0]);
    }
}
