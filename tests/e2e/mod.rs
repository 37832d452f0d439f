//! The end-to-end tests, by what they are about.

mod engine;
mod lab;
mod loopback;
mod outcome;
mod push;

mod artifacts;
mod audit_command;
mod audit_in_run;
mod audits;
mod bad_input;
mod bare_images;
mod cleanup;
mod contexts;
mod endings;
mod engines;
mod hostile;
mod image_facts;
mod main_job;
mod many_stacks;
mod misbehaving;
mod options;
mod parity;
mod plugin;
mod programs;
mod registries;
mod reports;
mod runtimes;
mod services;
mod signals;
mod stack_faults;
mod stacks;
mod suites;
mod users;
