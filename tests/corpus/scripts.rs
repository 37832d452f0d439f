//! Scripts whose first line leads nowhere. Architecture is no matter here: each is
//! broken on one platform only because the corpus has it so.

use crate::layout::{Image, Layer};

use super::entry::{Entry, Site, on_arm64};
use super::world::{alpine, debian, starting};

const SCRIPT: &str = "/entrypoint.sh";

pub(super) const ENTRIES: &[Entry] = &[
    on_arm64("exec-no-shebang", "docker-library/mysql#228", no_shebang).at(SCRIPT),
    on_arm64("exec-no-shebang", "containers/buildah#475", late_shebang).at(SCRIPT),
    on_arm64(
        "exec-no-shebang",
        "joyent/containerpilot#293",
        byte_order_mark,
    )
    .at(SCRIPT),
    on_arm64(
        "exec-shebang-crlf",
        "elastic/elasticsearch-docker#191",
        crlf,
    )
    .at(SCRIPT),
    on_arm64(
        "exec-shebang-interpreter-missing",
        "allinurl/goaccess#689",
        bash,
    )
    .at(SCRIPT),
    on_arm64(
        "exec-shebang-interpreter-missing",
        "HeyWillow/willow-application-server#88",
        through_env,
    )
    .at(SCRIPT)
    .refused_by_a_loader(),
];

fn script(image: Image, text: &str) -> Image {
    let layer = Layer::new().program(&SCRIPT[1..], text.as_bytes());
    starting(image.layer(layer), &[SCRIPT])
}

fn no_shebang(site: &Site) -> Image {
    let text = site.choose("set -e\nexec app\n", "#!/bin/sh\nset -e\nexec app\n");
    script(debian(site), text)
}

fn late_shebang(site: &Site) -> Image {
    let text = site.choose("\n#!/bin/sh\nexec app\n", "#!/bin/sh\nexec app\n");
    script(debian(site), text)
}

fn byte_order_mark(site: &Site) -> Image {
    let text = site.choose("\u{feff}#!/bin/sh\nexec app\n", "#!/bin/sh\nexec app\n");
    script(debian(site), text)
}

fn crlf(site: &Site) -> Image {
    let text = site.choose("#!/bin/sh\r\nexec app\r\n", "#!/bin/sh\nexec app\n");
    script(debian(site), text)
}

fn bash(site: &Site) -> Image {
    let text = site.choose("#!/bin/bash\nexec app\n", "#!/bin/sh\nexec app\n");
    script(alpine(site), text)
}

fn through_env(site: &Site) -> Image {
    let text = site.choose(
        "#!/usr/bin/env bash\nexec app\n",
        "#!/usr/bin/env sh\nexec app\n",
    );
    script(alpine(site), text)
}

#[test]
fn scripts_are_caught_and_their_twins_are_not() {
    super::trial::try_all(ENTRIES);
}
