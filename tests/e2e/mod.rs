//! The end-to-end tests, by what they are about.

mod engine;
mod lab;
mod loopback;
mod outcome;
mod push;

mod bad_input;
mod image_facts;
mod main_job;
mod programs;
mod reports;
mod runtimes;
mod services;
mod suites;
