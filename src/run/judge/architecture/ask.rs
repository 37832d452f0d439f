//! How each runtime is asked for its architecture, and what it may answer. A
//! new runtime is one entry here.

use crate::image::Platform;
use crate::suite::Runtime;

/// What a runtime answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// In its own vocabulary.
    pub(super) architecture: String,
    /// The executable that answered, where it says so.
    pub(super) program: Option<String>,
}

/// One question.
pub(super) struct Ask {
    pub(super) runtime: Runtime,
    /// What the program may be called.
    pub(super) programs: &'static [&'static str],
    pub(super) arguments: &'static [&'static str],
    /// Reads the answer from standard output and standard error.
    pub(super) answer: fn(&str, &str) -> Option<Answer>,
    /// Whether an answer is right for a platform.
    pub(super) accepts: fn(&Platform, &str) -> bool,
    /// What the right answer would have been.
    pub(super) expected: fn(&Platform) -> String,
}

pub(super) const ASKS: &[Ask] = &[
    Ask {
        runtime: Runtime::Uname,
        programs: &["uname"],
        arguments: &["-m"],
        answer: |stdout, _| {
            Some(Answer {
                architecture: stdout.lines().next()?.trim().to_owned(),
                program: None,
            })
        },
        accepts: |platform, said| platform.uname().contains(&said),
        expected: |platform| first(platform.uname()),
    },
    Ask {
        runtime: Runtime::Node,
        programs: &["node", "nodejs"],
        arguments: &[
            "-e",
            "console.log(process.arch); console.log(process.execPath)",
        ],
        answer: two_lines,
        accepts: |platform, said| platform.node() == Some(said),
        expected: |platform| platform.node().unwrap_or("?").to_owned(),
    },
    Ask {
        runtime: Runtime::Python,
        programs: &["python3", "python"],
        arguments: &[
            "-c",
            "import os, platform, sys\nprint(platform.machine())\nprint(os.path.realpath(sys.executable or ''))",
        ],
        answer: two_lines,
        accepts: |platform, said| platform.uname().contains(&said),
        expected: |platform| first(platform.uname()),
    },
    Ask {
        runtime: Runtime::Ruby,
        programs: &["ruby"],
        arguments: &[
            "-rrbconfig",
            "-e",
            "puts RbConfig::CONFIG['host_cpu'], RbConfig.ruby",
        ],
        answer: two_lines,
        accepts: |platform, said| platform.ruby().contains(&said),
        expected: |platform| first(platform.ruby()),
    },
    Ask {
        runtime: Runtime::Java,
        programs: &["java"],
        arguments: &["-XshowSettings:properties", "-version"],
        answer: |stdout, stderr| {
            let property = |name: &str| {
                stderr.lines().chain(stdout.lines()).find_map(|line| {
                    let (key, value) = line.split_once(" = ")?;
                    (key.trim() == name).then(|| value.trim().to_owned())
                })
            };
            Some(Answer {
                architecture: property("os.arch")?,
                program: property("java.home").map(|home| format!("{home}/bin/java")),
            })
        },
        accepts: |platform, said| platform.java().contains(&said),
        expected: |platform| first(platform.java()),
    },
    Ask {
        runtime: Runtime::Php,
        programs: &["php"],
        arguments: &["-r", "echo php_uname('m'), \"\\n\", PHP_BINARY, \"\\n\";"],
        answer: two_lines,
        accepts: |platform, said| platform.uname().contains(&said),
        expected: |platform| first(platform.uname()),
    },
    Ask {
        runtime: Runtime::Perl,
        programs: &["perl"],
        arguments: &["-MConfig", "-e", "print \"$Config{archname}\\n$^X\\n\""],
        answer: two_lines,
        accepts: |platform, said| platform.perl().iter().any(|name| said.starts_with(name)),
        expected: |platform| first(platform.perl()),
    },
    Ask {
        runtime: Runtime::Dotnet,
        programs: &["dotnet"],
        arguments: &["--info"],
        answer: |stdout, _| {
            let field = |name: &str| {
                stdout.lines().find_map(|line| {
                    let (key, value) = line.split_once(':')?;
                    (key.trim() == name).then(|| value.trim().to_owned())
                })
            };
            let architecture = field("Architecture").or_else(|| {
                field("RID").and_then(|rid| rid.rsplit('-').next().map(str::to_owned))
            })?;
            Some(Answer {
                architecture,
                program: None,
            })
        },
        accepts: |platform, said| platform.dotnet().contains(&said.to_lowercase().as_str()),
        expected: |platform| first(platform.dotnet()),
    },
    Ask {
        runtime: Runtime::Deno,
        programs: &["deno"],
        arguments: &[
            "eval",
            "console.log(Deno.build.arch); console.log(Deno.execPath())",
        ],
        answer: two_lines,
        accepts: |platform, said| platform.deno().contains(&said),
        expected: |platform| first(platform.deno()),
    },
    Ask {
        runtime: Runtime::Bun,
        programs: &["bun"],
        arguments: &[
            "-e",
            "console.log(process.arch); console.log(process.execPath)",
        ],
        answer: two_lines,
        accepts: |platform, said| platform.node() == Some(said),
        expected: |platform| platform.node().unwrap_or("?").to_owned(),
    },
];

/// The architecture on the first line, the executable on the second.
fn two_lines(stdout: &str, _: &str) -> Option<Answer> {
    let mut lines = stdout
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    Some(Answer {
        architecture: lines.next()?.to_owned(),
        program: lines.next().map(str::to_owned),
    })
}

fn first(names: &[&str]) -> String {
    names
        .first()
        .map_or_else(|| "?".to_owned(), |name| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(runtime: Runtime) -> &'static Ask {
        ASKS.iter()
            .find(|ask| ask.runtime == runtime)
            .expect("every runtime is asked")
    }

    fn platform(text: &str) -> Platform {
        text.parse().expect("a platform")
    }

    #[test]
    fn every_runtime_of_the_suite_is_asked() {
        for runtime in Runtime::ALL {
            ask(runtime);
        }
    }

    #[test]
    fn each_is_judged_in_its_own_words() {
        let arm64 = platform("linux/arm64");
        for (runtime, right, wrong) in [
            (Runtime::Uname, "aarch64", "x86_64"),
            (Runtime::Node, "arm64", "x64"),
            (Runtime::Python, "aarch64", "arm64"),
            (Runtime::Ruby, "aarch64", "x86_64"),
            (Runtime::Java, "aarch64", "amd64"),
            (Runtime::Php, "aarch64", "x86_64"),
            (
                Runtime::Perl,
                "aarch64-linux-gnu-thread-multi",
                "x86_64-linux-gnu-thread-multi",
            ),
            (Runtime::Dotnet, "Arm64", "X64"),
            (Runtime::Deno, "aarch64", "x86_64"),
            (Runtime::Bun, "arm64", "x64"),
        ] {
            assert!((ask(runtime).accepts)(&arm64, right), "{runtime:?} {right}");
            assert!(
                !(ask(runtime).accepts)(&arm64, wrong),
                "{runtime:?} {wrong}"
            );
        }
    }

    #[test]
    fn a_32_bit_arm_userland_on_a_64_bit_kernel_is_right() {
        let arm = platform("linux/arm/v7");
        assert!((ask(Runtime::Uname).accepts)(&arm, "armv7l"));
        assert!((ask(Runtime::Uname).accepts)(&arm, "aarch64"));
        assert!(!(ask(Runtime::Uname).accepts)(&arm, "x86_64"));
    }

    #[test]
    fn java_answers_on_standard_error() {
        let stderr = "Property settings:\n    java.home = /usr/lib/jvm/j\n    os.arch = aarch64\n";
        assert_eq!(
            (ask(Runtime::Java).answer)("", stderr),
            Some(Answer {
                architecture: "aarch64".to_owned(),
                program: Some("/usr/lib/jvm/j/bin/java".to_owned())
            })
        );
    }

    #[test]
    fn dotnet_tells_its_architecture_or_its_runtime_identifier() {
        let old = "Runtime Environment:\n RID:         debian.12-arm64\n";
        let new = "Host:\n  Version:      8.0.4\n  Architecture: arm64\n";
        for text in [old, new] {
            assert_eq!(
                (ask(Runtime::Dotnet).answer)(text, "").map(|a| a.architecture),
                Some("arm64".to_owned())
            );
        }
    }
}
