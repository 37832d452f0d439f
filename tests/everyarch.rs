//! What everyarch promises, tried on the program itself: the real binary, a
//! real container engine, a real registry, real images of several platforms.
//!
//! `ci/test` makes all of these ready and turns the feature `engine-tests` on;
//! without it the tests that need them are ignored, never passed.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `EVERYARCH_REGISTRY` | the registry that `ci/images` pushed to | `127.0.0.1:5055` |
//! | `EVERYARCH_ENGINE` | the engine under test, as `--engine` takes it | what the machine has |
//! | `COMPOSE` | the compose plugin's program, that of `ci/compose` | `docker compose` |
//! | `EVERYARCH_CORPUS_OUT` | where the images of the corpus are left | nowhere |
//! | `EVERYARCH_SECOND_ENGINE` | another engine, for runs on two | none: those tests fail |

// Said again for Clippy, which takes helpers outside such modules for the program itself.
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod e2e;
#[cfg(test)]
#[path = "support/elf/mod.rs"]
mod elf;
#[cfg(test)]
#[path = "support/layout/mod.rs"]
mod layout;
#[cfg(test)]
mod reference;
#[cfg(test)]
#[path = "support/registry/mod.rs"]
mod registry;
#[cfg(test)]
#[path = "support/tls_proxy.rs"]
mod tls_proxy;
#[cfg(test)]
#[path = "support/untrusted_tls.rs"]
mod untrusted_tls;
